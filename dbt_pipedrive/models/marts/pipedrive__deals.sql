{% set customs = custom_columns('deals') %}
with products as (
    select
        deal_id,
        count(*) as product_lines,
        {{ aggregated_names('name') }} as product_names
    from {{ ref('stg_pipedrive__deal_products') }}
    where coalesce(is_enabled, true)
    group by deal_id
),

moves as (
    select
        deal_id,
        count(*) - 1 as stage_moves,
        max(case when is_last then entered_at end) as stage_entered_at
    from {{ ref('pipedrive__deal_stages') }}
    group by deal_id
),

reopenings as (
    select deal_id, count(*) as times_reopened
    from {{ ref('int_pipedrive__deal_edits') }}
    where field = 'status' and new_value = 'open'
    group by deal_id
),

joined as (
    select
        deals.*,
        owners.name as owner_name,
        owners.email as owner_email,
        pipelines.name as pipeline_name,
        stages.name as stage_name,
        stages.order_nr as stage_order_nr,
        stages.is_deal_rot_enabled,
        stages.days_to_rotten,
        persons.name as person_name,
        organizations.name as organization_name,
        rates.reporting_currency,
        {{ converted('deals.value', 'rates.rate') }} as value_converted,
        case
            when deals.status = 'won' then 100
            when deals.status = 'lost' then 0
            else coalesce(
                deals.probability,
                case when coalesce(pipelines.is_deal_probability_enabled, false) then stages.deal_probability end,
                100
            )
        end as effective_probability,
        coalesce(moves.stage_moves, 0) as stage_moves,
        coalesce(moves.stage_entered_at, deals.stage_change_time, deals.add_time) as stage_entered_at,
        coalesce(reopenings.times_reopened, 0) as times_reopened,
        coalesce(activities.activities, 0) as activities,
        coalesce(activities.activities_done, 0) as activities_done,
        activities.last_activity_id,
        activities.last_activity_at,
        activities.last_activity_subject,
        activities.next_activity_id,
        activities.next_activity_at,
        activities.next_activity_subject,
        coalesce(products.product_lines, 0) as product_lines,
        products.product_names,
        {{ latest(['deals.update_time', 'deals.add_time', 'activities.last_activity_at', 'moves.stage_entered_at']) }} as last_touched_at
    from {{ ref('stg_pipedrive__deals') }} as deals
    left join {{ ref('stg_pipedrive__users') }} as owners on deals.owner_id = owners.user_id
    left join {{ ref('stg_pipedrive__pipelines') }} as pipelines on deals.pipeline_id = pipelines.pipeline_id
    left join {{ ref('stg_pipedrive__stages') }} as stages on deals.stage_id = stages.stage_id
    left join {{ ref('stg_pipedrive__persons') }} as persons on deals.person_id = persons.person_id
    left join {{ ref('stg_pipedrive__organizations') }} as organizations on deals.organization_id = organizations.organization_id
    left join {{ ref('int_pipedrive__currency_rates') }} as rates on deals.currency = rates.currency
    left join {{ ref('int_pipedrive__deal_activities') }} as activities on deals.deal_id = activities.deal_id
    left join products on deals.deal_id = products.deal_id
    left join moves on deals.deal_id = moves.deal_id
    left join reopenings on deals.deal_id = reopenings.deal_id
)

select
    deal_id,
    title,
    status,
    owner_id,
    owner_name,
    owner_email,
    creator_user_id,
    pipeline_id,
    pipeline_name,
    stage_id,
    stage_name,
    stage_order_nr,
    person_id,
    person_name,
    organization_id,
    organization_name,
    value,
    currency,
    value_converted,
    reporting_currency,
    effective_probability as probability,
    cast(value as {{ type_of('float') }}) * cast(effective_probability as {{ type_of('float') }}) / 100 as weighted_value,
    value_converted * cast(effective_probability as {{ type_of('float') }}) / 100 as weighted_value_converted,
    arr,
    mrr,
    acv,
    add_time,
    update_time,
    close_time,
    won_time,
    lost_time,
    first_won_time,
    expected_close_date,
    lost_reason,
    is_archived,
    archive_time,
    is_deleted,
    origin,
    source_lead_id,
    labels,
    {{ days_between('add_time', 'case when status = \'open\' then ' ~ now() ~ ' else coalesce(close_time, update_time, add_time) end') }} as age_days,
    case when status = 'won' then {{ days_between('add_time', 'won_time') }} end as days_to_win,
    stage_entered_at,
    stage_moves,
    times_reopened,
    case when status = 'open' then {{ days_between('stage_entered_at', now()) }} end as days_in_stage,
    case when status = 'open' then {{ days_between('last_touched_at', now()) }} end as days_idle,
    status = 'open'
        and not coalesce(is_archived, false)
        and coalesce(is_deal_rot_enabled, false)
        and coalesce({{ days_between('last_touched_at', now()) }} > days_to_rotten, false) as is_rotten,
    last_touched_at,
    activities,
    activities_done,
    last_activity_id,
    last_activity_at,
    last_activity_subject,
    next_activity_id,
    next_activity_at,
    next_activity_subject,
    product_lines,
    product_names{{ ',' if customs }}
    {{ customs | join(',\n    ') }}
from joined
