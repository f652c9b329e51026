{% set customs = custom_columns('leads') %}
{# Pipedrive removes a converted lead from its lists; the deal keeps the lead's id #}
with conversions as (
    select source_lead_id as lead_id, min(deal_id) as deal_id
    from {{ ref('stg_pipedrive__deals') }}
    where source_lead_id is not null
    group by source_lead_id
),

ids as (
    select lead_id from {{ ref('stg_pipedrive__leads') }}
    {{ union_distinct() }}
    select lead_id from conversions
)

select
    ids.lead_id,
    coalesce(leads.title, deals.title) as title,
    case
        when deals.deal_id is not null then 'converted'
        when coalesce(leads.is_archived, false) then 'archived'
        else 'open'
    end as status,
    coalesce(leads.owner_id, deals.owner_id) as owner_id,
    owners.name as owner_name,
    coalesce(leads.person_id, deals.person_id) as person_id,
    persons.name as person_name,
    coalesce(leads.organization_id, deals.organization_id) as organization_id,
    organizations.name as organization_name,
    leads.source_name,
    leads.origin,
    cast({{ json_value('leads.value', ['amount']) }} as {{ type_of('number') }}) as value,
    {{ json_value('leads.value', ['currency']) }} as currency,
    leads.expected_close_date,
    leads.was_seen,
    leads.labels,
    leads.add_time,
    leads.update_time,
    leads.archive_time,
    deals.add_time as converted_at,
    case when leads.add_time is not null and deals.add_time is not null then {{ days_between('leads.add_time', 'deals.add_time') }} end as days_to_conversion,
    deals.deal_id,
    deals.status as deal_status,
    deals.value as deal_value,
    deals.currency as deal_currency{{ ',' if customs }}
    {% for name in customs %}leads.{{ name }}{{ ',\n    ' if not loop.last }}{% endfor %}
from ids
left join {{ ref('stg_pipedrive__leads') }} as leads on ids.lead_id = leads.lead_id
left join conversions on ids.lead_id = conversions.lead_id
left join {{ ref('stg_pipedrive__deals') }} as deals on conversions.deal_id = deals.deal_id
left join {{ ref('stg_pipedrive__users') }} as owners on coalesce(leads.owner_id, deals.owner_id) = owners.user_id
left join {{ ref('stg_pipedrive__persons') }} as persons on coalesce(leads.person_id, deals.person_id) = persons.person_id
left join {{ ref('stg_pipedrive__organizations') }} as organizations on coalesce(leads.organization_id, deals.organization_id) = organizations.organization_id
