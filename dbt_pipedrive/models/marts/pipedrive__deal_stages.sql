with edits as (
    select
        deal_id,
        changed_at,
        cast(old_value as {{ type_of('integer') }}) as old_stage_id,
        cast(new_value as {{ type_of('integer') }}) as new_stage_id,
        source
    from {{ ref('int_pipedrive__deal_edits') }}
    where field = 'stage_id'
),

numbered as (
    select
        edits.*,
        row_number() over (partition by deal_id order by changed_at) as position,
        row_number() over (partition by deal_id order by changed_at desc) as position_from_end
    from edits
),

entries as (
    select deals.deal_id, numbered.old_stage_id as stage_id, deals.add_time as entered_at, numbered.source, 0 as part
    from {{ ref('stg_pipedrive__deals') }} as deals
    inner join numbered on deals.deal_id = numbered.deal_id and numbered.position = 1
    where numbered.old_stage_id is not null

    union all

    select deal_id, new_stage_id as stage_id, changed_at as entered_at, source, 1 as part
    from numbered
    where new_stage_id is not null

    union all

    {# what the edits do not explain: no history, or one that ends before the current stage #}
    select
        deals.deal_id,
        deals.stage_id,
        case
            when last_edit.deal_id is null then coalesce(deals.stage_change_time, deals.add_time)
            else {{ latest(['coalesce(deals.stage_change_time, deals.update_time)', 'last_edit.changed_at']) }}
        end as entered_at,
        'deals' as source,
        2 as part
    from {{ ref('stg_pipedrive__deals') }} as deals
    left join numbered as last_edit
        on deals.deal_id = last_edit.deal_id and last_edit.position_from_end = 1
    where deals.stage_id is not null
        and (last_edit.deal_id is null or last_edit.new_stage_id != deals.stage_id)
),

intervals as (
    select
        entries.deal_id,
        entries.stage_id,
        entries.entered_at,
        entries.source,
        lead(entries.entered_at) over (partition by entries.deal_id order by entries.entered_at, entries.part) as next_entered_at,
        lag(entries.stage_id) over (partition by entries.deal_id order by entries.entered_at, entries.part) as previous_stage_id,
        row_number() over (partition by entries.deal_id order by entries.entered_at, entries.part) as position
    from entries
),

ended as (
    select
        intervals.*,
        deals.status,
        case
            when intervals.next_entered_at is not null then intervals.next_entered_at
            when deals.status in ('won', 'lost') then
                {{ latest(['deals.close_time', 'intervals.entered_at']) }}
        end as left_at
    from intervals
    inner join {{ ref('stg_pipedrive__deals') }} as deals on intervals.deal_id = deals.deal_id
)

select
    {{ key_of(['ended.deal_id', 'ended.position']) }} as deal_stage_key,
    ended.deal_id,
    ended.position,
    ended.stage_id,
    stages.name as stage_name,
    stages.order_nr as stage_order_nr,
    stages.pipeline_id,
    pipelines.name as pipeline_name,
    ended.entered_at,
    ended.left_at,
    {{ days_between('ended.entered_at', 'coalesce(ended.left_at, ' ~ now() ~ ')') }} as days,
    case
        when ended.next_entered_at is not null then 'moved'
        when ended.status in ('won', 'lost') then ended.status
        else 'current'
    end as outcome,
    ended.next_entered_at is null as is_last,
    coalesce(previous_stages.pipeline_id = stages.pipeline_id and previous_stages.order_nr > stages.order_nr, false) as is_step_back,
    ended.source
from ended
left join {{ ref('stg_pipedrive__stages') }} as stages on ended.stage_id = stages.stage_id
left join {{ ref('stg_pipedrive__stages') }} as previous_stages on ended.previous_stage_id = previous_stages.stage_id
left join {{ ref('stg_pipedrive__pipelines') }} as pipelines on stages.pipeline_id = pipelines.pipeline_id
