{# the first time that a deal entered a stage #}
with entered as (
    select
        deal_id, pipeline_id, stage_id, stage_name, stage_order_nr,
        min(entered_at) as entered_at
    from {{ ref('pipedrive__deal_stages') }}
    where pipeline_id is not null
    group by 1, 2, 3, 4, 5
),

{# the first time after that at which it entered a later stage of the pipeline, or was won #}
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
        deals.status,
        coalesce(advanced.advanced_at, case when deals.status = 'won' then deals.won_time end) as advanced_at,
        advanced.advanced_at is not null or deals.status = 'won' as has_advanced
    from entered
    inner join {{ ref('stg_pipedrive__deals') }} as deals on entered.deal_id = deals.deal_id
    left join advanced on entered.deal_id = advanced.deal_id and entered.stage_id = advanced.stage_id
),

by_month as (
    select
        pipeline_id,
        stage_id,
        stage_name,
        stage_order_nr,
        {{ first_day('month', 'entered_at') }} as entry_month,
        count(*) as deals_entered,
        {{ count_if('has_advanced') }} as deals_advanced,
        {{ count_if("not has_advanced and status = 'lost'") }} as deals_lost,
        {{ count_if("not has_advanced and status = 'open'") }} as deals_open,
        {{ count_if("status = 'won'") }} as deals_won,
        avg(case when has_advanced then {{ days_between('entered_at', 'advanced_at') }} end) as avg_days_to_advance
    from outcomes
    group by 1, 2, 3, 4, 5
)

select
    {{ key_of(['by_month.stage_id', 'by_month.entry_month']) }} as funnel_key,
    by_month.pipeline_id,
    pipelines.name as pipeline_name,
    by_month.stage_id,
    by_month.stage_name,
    by_month.stage_order_nr,
    by_month.entry_month,
    by_month.deals_entered,
    by_month.deals_advanced,
    by_month.deals_lost,
    by_month.deals_open,
    by_month.deals_won,
    {{ share('by_month.deals_advanced', 'by_month.deals_entered') }} as conversion_rate,
    {{ share('by_month.deals_won', 'by_month.deals_entered') }} as win_rate,
    by_month.avg_days_to_advance
from by_month
left join {{ ref('stg_pipedrive__pipelines') }} as pipelines on by_month.pipeline_id = pipelines.pipeline_id
