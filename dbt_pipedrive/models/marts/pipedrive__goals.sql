with goals as (
    select
        goal_id,
        title,
        owner_id,
        {{ json_value('type', ['name']) }} as goal_type,
        ',' || replace(replace(replace(coalesce({{ json_value('type', ['params', 'pipeline_id']) }}, ''), '[', ''), ']', ''), ' ', '') || ',' as pipeline_ids,
        ',' || replace(replace(replace(coalesce({{ json_value('type', ['params', 'activity_type_id']) }}, ''), '[', ''), ']', ''), ' ', '') || ',' as activity_type_ids,
        cast({{ json_value('type', ['params', 'stage_id']) }} as {{ type_of('integer') }}) as stage_id,
        {{ json_value('assignee', ['type']) }} as assignee_type,
        cast({{ json_value('assignee', ['id']) }} as {{ type_of('integer') }}) as assignee_id,
        interval_length,
        cast({{ json_value('duration', ['start']) }} as date) as goal_start,
        cast({{ json_value('duration', ['end']) }} as date) as goal_end,
        cast({{ json_value('expected_outcome', ['target']) }} as {{ type_of('number') }}) as target,
        {{ json_value('expected_outcome', ['tracking_metric']) }} as tracking_metric,
        cast({{ json_value('expected_outcome', ['currency_id']) }} as {{ type_of('integer') }}) as currency_id,
        is_active
    from {{ ref('stg_pipedrive__goals') }}
),

starts as (
    select
        goals.*,
        numbers.number,
        case interval_length
            when 'weekly' then {{ later('goal_start', '7 * numbers.number', 'day') }}
            when 'quarterly' then {{ later('goal_start', '3 * numbers.number', 'month') }}
            when 'yearly' then {{ later('goal_start', '12 * numbers.number', 'month') }}
            else {{ later('goal_start', 'numbers.number', 'month') }}
        end as period_start,
        case interval_length
            when 'weekly' then {{ later('goal_start', '7 * numbers.number + 7', 'day') }}
            when 'quarterly' then {{ later('goal_start', '3 * numbers.number + 3', 'month') }}
            when 'yearly' then {{ later('goal_start', '12 * numbers.number + 12', 'month') }}
            else {{ later('goal_start', 'numbers.number + 1', 'month') }}
        end as next_start
    from goals
    cross join {{ ref('int_pipedrive__numbers') }} as numbers
    where goal_start is not null
),

periods as (
    select starts.*, currencies.code as currency
    from starts
    left join {{ ref('stg_pipedrive__currencies') }} as currencies on starts.currency_id = currencies.currency_id
    where period_start <= {{ first_day('day', now()) }} and period_start <= coalesce(goal_end, period_start)
),

facts as (
    select
        'deals_started' as goal_type, {{ first_day('day', 'add_time') }} as day, owner_id, pipeline_id,
        cast(null as {{ type_of('integer') }}) as stage_id, cast(null as {{ type_of('integer') }}) as activity_type_id, value, currency
    from {{ ref('stg_pipedrive__deals') }}
    union all
    select
        'deals_won' as goal_type, {{ first_day('day', 'won_time') }} as day, owner_id, pipeline_id,
        cast(null as {{ type_of('integer') }}) as stage_id, cast(null as {{ type_of('integer') }}) as activity_type_id, value, currency
    from {{ ref('stg_pipedrive__deals') }}
    where status = 'won'
    union all
    select
        'deals_progressed' as goal_type, {{ first_day('day', 'stages.entered_at') }} as day, deals.owner_id, stages.pipeline_id,
        stages.stage_id, cast(null as {{ type_of('integer') }}) as activity_type_id, deals.value, deals.currency
    from {{ ref('pipedrive__deal_stages') }} as stages
    inner join {{ ref('stg_pipedrive__deals') }} as deals on stages.deal_id = deals.deal_id
    where stages.position > 1
    union all
    {% for goal_type, moment in {'activities_added': 'add_time', 'activities_completed': 'done_at'}.items() -%}
    select
        '{{ goal_type }}' as goal_type, {{ first_day('day', 'activities.' ~ moment) }} as day, activities.owner_id,
        cast(null as {{ type_of('integer') }}) as pipeline_id, cast(null as {{ type_of('integer') }}) as stage_id,
        types.activity_type_id,
        cast(null as {{ type_of('number') }}) as value, cast(null as {{ type_of('text') }}) as currency
    from {{ ref('int_pipedrive__activities') }} as activities
    left join {{ ref('stg_pipedrive__activity_types') }} as types on activities.type = types.key_string
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

results as (
    select
        periods.goal_id,
        periods.number,
        count(facts.goal_type) as quantity,
        coalesce(sum(case when facts.currency = periods.currency then facts.value end), 0) as value
    from periods
    left join facts
        on periods.goal_type = facts.goal_type
        and periods.period_start <= facts.day
        and facts.day < periods.next_start
        and facts.day <= coalesce(periods.goal_end, facts.day)
        and (
            periods.pipeline_ids = ',,' or facts.pipeline_id is null
            or periods.pipeline_ids like '%,' || cast(facts.pipeline_id as {{ type_of('text') }}) || ',%'
        )
        and (
            periods.activity_type_ids = ',,' or facts.goal_type like 'deals%'
            or periods.activity_type_ids like '%,' || cast(facts.activity_type_id as {{ type_of('text') }}) || ',%'
        )
        and (periods.stage_id is null or periods.stage_id = facts.stage_id)
        and (coalesce(periods.assignee_type, 'company') != 'person' or periods.assignee_id = facts.owner_id)
    group by 1, 2
)

select
    {{ key_of(['periods.goal_id', 'periods.number']) }} as goal_period_key,
    periods.goal_id,
    periods.title,
    periods.goal_type,
    periods.assignee_type,
    periods.assignee_id,
    case when periods.assignee_type = 'person' then users.name end as assignee_name,
    periods.interval_length,
    periods.period_start,
    {{ later('periods.next_start', -1, 'day') }} as period_end,
    periods.is_active,
    periods.tracking_metric,
    periods.currency,
    periods.target,
    {# members of teams are not known #}
    case
        when periods.assignee_type = 'team' then null
        when periods.tracking_metric = 'sum' then results.value
        else results.quantity
    end as result,
    case
        when periods.assignee_type = 'team' then null
        when periods.tracking_metric = 'sum' then {{ share('results.value', 'periods.target') }}
        else {{ share('results.quantity', 'periods.target') }}
    end as share_of_target
from periods
inner join results on periods.goal_id = results.goal_id and periods.number = results.number
left join {{ ref('stg_pipedrive__users') }} as users on periods.assignee_id = users.user_id
