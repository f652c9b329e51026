{# Each fact once per period that it belongs to: its month, its quarter, and the total. #}
{% for period in ['month', 'quarter', 'total'] -%}
select
    '{{ period }}' as period,
    {% if period == 'total' -%}
    cast(null as date) as period_start,
    {%- else -%}
    {{ first_day(period, 'day') }} as period_start,
    {%- endif %}
    facts.*
from {{ ref('int_pipedrive__owner_facts') }} as facts
{% if period != 'total' -%}
where day is not null
{% endif -%}
{{ 'union all' if not loop.last }}
{% endfor %}
