{% set customs = custom_columns('persons') %}
with deals as (
    {{- deals_by_contact('person_id') }}
),

activities as (
    {{- activities_by_contact('person_id') }}
)

select
    contacts.person_id,
    contacts.name,
    contacts.owner_id,
    owners.name as owner_name,
    contacts.organization_id,
    organizations.name as organization_name,
    contacts.job_title,
    {{ json_value('contacts.emails', [0, 'value']) }} as email,
    {{ json_value('contacts.phones', [0, 'value']) }} as phone,
    contacts.labels,
    contacts.add_time,
    contacts.update_time,
    contacts.is_deleted,
    coalesce(deals.deals, 0) as deals,
    coalesce(deals.deals_open, 0) as deals_open,
    coalesce(deals.deals_won, 0) as deals_won,
    coalesce(deals.deals_lost, 0) as deals_lost,
    {{ share('deals.deals_won', 'deals.deals_won + deals.deals_lost') }} as win_rate,
    (select min(reporting_currency) from {{ ref('int_pipedrive__currency_rates') }}) as reporting_currency,
    case when deals.person_id is null then 0 else deals.won_value_converted end as won_value_converted,
    case when deals.person_id is null then 0 else deals.open_value_converted end as open_value_converted,
    deals.last_won_at,
    coalesce(activities.activities_done, 0) as activities_done,
    coalesce(activities.activities_planned, 0) as activities_planned,
    activities.last_activity_at,
    activities.next_activity_at,
    {{ latest(['contacts.update_time', 'contacts.add_time', 'activities.last_activity_at']) }} as last_touched_at{{ ',' if customs }}
    {% for name in customs %}contacts.{{ name }}{{ ',\n    ' if not loop.last }}{% endfor %}
from {{ ref('stg_pipedrive__persons') }} as contacts
left join {{ ref('stg_pipedrive__users') }} as owners on contacts.owner_id = owners.user_id
left join {{ ref('stg_pipedrive__organizations') }} as organizations on contacts.organization_id = organizations.organization_id
left join deals on contacts.person_id = deals.person_id
left join activities on contacts.person_id = activities.person_id
