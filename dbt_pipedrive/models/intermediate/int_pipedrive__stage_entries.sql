{#
  One row per deal and stage of a pipeline that the deal was in: when it entered the stage first,
  and when it first entered a later stage of the pipeline after that, or was won.
#}
with entered as (
    select
        deal_id, pipeline_id, stage_id, stage_name, stage_order_nr,
        min(entered_at) as entered_at
    from {{ ref('pipedrive__deal_stages') }}
    where pipeline_id is not null
    group by 1, 2, 3, 4, 5
),

advanced as (
    select
        entered.deal_id,
        entered.stage_id,
        min(later.entered_at) as advanced_at
    from entered
    inner join {{ ref('pipedrive__deal_stages') }} as later
        on entered.deal_id = later.deal_id
        and entered.pipeline_id = later.pipeline_id
        and entered.stage_order_nr < later.stage_order_nr
        and entered.entered_at <= later.entered_at
    group by 1, 2
),

outcomes as (
    select
        entered.*,
        deals.owner_id,
        deals.status,
        coalesce(advanced.advanced_at, case when deals.status = 'won' then deals.won_time end) as advanced_at,
        advanced.advanced_at is not null or deals.status = 'won' as has_advanced
    from entered
    inner join {{ ref('stg_pipedrive__deals') }} as deals on entered.deal_id = deals.deal_id
    left join advanced on entered.deal_id = advanced.deal_id and entered.stage_id = advanced.stage_id
)

select
    {{ key_of(['deal_id', 'stage_id']) }} as stage_entry_key,
    deal_id,
    owner_id,
    status,
    pipeline_id,
    stage_id,
    stage_name,
    stage_order_nr,
    entered_at,
    {{ first_day('month', 'entered_at') }} as entry_month,
    advanced_at,
    has_advanced,
    case when has_advanced then {{ days_between('entered_at', 'advanced_at') }} end as days_to_advance
from outcomes
