{% set counted = [
    'activities_added', 'activities_done', 'activities_due', 'notes_added', 'leads_added', 'deals_added',
    'deals_moved', 'deals_won', 'deals_lost',
] %}
with happened as (
    select owner_id as user_id, add_time as happened_at, 'activities_added' as what from {{ ref('int_pipedrive__activities') }}
    union all
    select owner_id as user_id, done_at as happened_at, 'activities_done' as what from {{ ref('int_pipedrive__activities') }}
    union all
    select owner_id as user_id, due_at as happened_at, 'activities_due' as what from {{ ref('int_pipedrive__activities') }}
    union all
    select user_id, add_time as happened_at, 'notes_added' as what from {{ ref('stg_pipedrive__notes') }}
    union all
    select creator_user_id as user_id, add_time as happened_at, 'leads_added' as what from {{ ref('stg_pipedrive__leads') }}
    union all
    select creator_user_id as user_id, add_time as happened_at, 'deals_added' as what from {{ ref('stg_pipedrive__deals') }}
    union all
    select user_id, changed_at as happened_at, 'deals_moved' as what from {{ ref('int_pipedrive__deal_edits') }} where field = 'stage_id'
    union all
    select owner_id as user_id, won_time as happened_at, 'deals_won' as what from {{ ref('stg_pipedrive__deals') }} where status = 'won'
    union all
    select owner_id as user_id, lost_time as happened_at, 'deals_lost' as what from {{ ref('stg_pipedrive__deals') }} where status = 'lost'
),

by_day as (
    select
        {{ first_day('day', 'happened_at') }} as day,
        user_id,
        {%- for what in counted %}
        {{ count_if("what = '" ~ what ~ "'") }} as {{ what }}{{ ',' if not loop.last }}
        {%- endfor %}
    from happened
    where happened_at is not null
    group by 1, 2
)

select
    {{ key_of(['by_day.day', 'by_day.user_id']) }} as daily_activity_key,
    by_day.day,
    by_day.user_id,
    users.name as user_name,
    {%- for what in counted %}
    by_day.{{ what }}{{ ',' if not loop.last }}
    {%- endfor %}
from by_day
left join {{ ref('stg_pipedrive__users') }} as users on by_day.user_id = users.user_id
