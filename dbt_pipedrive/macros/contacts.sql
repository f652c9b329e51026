{# The sums of the deals of each contact: `key` is the column of deals that names the contact. #}
{% macro deals_by_contact(key) %}
    select
        {{ key }},
        count(*) as deals,
        {{ pipedrive.count_if("status = 'open'") }} as deals_open,
        {{ pipedrive.count_if("status = 'won'") }} as deals_won,
        {{ pipedrive.count_if("status = 'lost'") }} as deals_lost,
        {{ pipedrive.sum_of_converted("status = 'won'", 'value', 'value_converted') }} as won_value_converted,
        {{ pipedrive.sum_of_converted("status = 'open'", 'value', 'value_converted') }} as open_value_converted,
        max(won_time) as last_won_at
    from {{ ref('pipedrive__deals') }}
    where {{ key }} is not null
    group by {{ key }}
{% endmacro %}

{# What was done for each contact, and when the last time. #}
{% macro activities_by_contact(key) %}
    select
        {{ key }},
        {{ pipedrive.count_if('is_done') }} as activities_done,
        {{ pipedrive.count_if('not is_done') }} as activities_planned,
        max(done_at) as last_activity_at,
        min(case when not is_done then due_at end) as next_activity_at
    from {{ ref('pipedrive__activities') }}
    where {{ key }} is not null
    group by {{ key }}
{% endmacro %}
