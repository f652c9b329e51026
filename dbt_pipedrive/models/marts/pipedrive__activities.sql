select
    activities.activity_id,
    activities.subject,
    activities.type,
    coalesce(types.name, activities.type) as type_name,
    activities.owner_id,
    owners.name as owner_name,
    activities.creator_user_id,
    activities.deal_id,
    deals.title as deal_title,
    deals.pipeline_id,
    pipelines.name as pipeline_name,
    activities.lead_id,
    activities.person_id,
    persons.name as person_name,
    activities.organization_id,
    organizations.name as organization_name,
    activities.add_time,
    activities.update_time,
    activities.due_at,
    coalesce(activities.done, false) as is_done,
    activities.done_at,
    not coalesce(activities.done, false) and coalesce(activities.due_at < {{ now() }}, false) as is_overdue,
    case when activities.done_at is not null then {{ days_between('activities.due_at', 'activities.done_at') }} end as days_late
from {{ ref('int_pipedrive__activities') }} as activities
left join (
    {# a type may have been deleted and created again under its old key #}
    select key_string, max(name) as name
    from {{ ref('stg_pipedrive__activity_types') }}
    group by key_string
) as types on activities.type = types.key_string
left join {{ ref('stg_pipedrive__users') }} as owners on activities.owner_id = owners.user_id
left join {{ ref('stg_pipedrive__deals') }} as deals on activities.deal_id = deals.deal_id
left join {{ ref('stg_pipedrive__pipelines') }} as pipelines on deals.pipeline_id = pipelines.pipeline_id
left join {{ ref('stg_pipedrive__persons') }} as persons on activities.person_id = persons.person_id
left join {{ ref('stg_pipedrive__organizations') }} as organizations on activities.organization_id = organizations.organization_id
