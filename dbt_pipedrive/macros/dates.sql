{# The moment that counts as now, in UTC. #}
{% macro now() %}
  {%- if var('pipedrive_now') -%}
    cast('{{ var("pipedrive_now") }}' as {{ dbt.type_timestamp() }})
  {%- else -%}
    {{ adapter.dispatch('now', 'pipedrive')() }}
  {%- endif -%}
{% endmacro %}

{% macro default__now() %}cast(current_timestamp at time zone 'UTC' as timestamp){% endmacro %}

{% macro bigquery__now() %}current_timestamp(){% endmacro %}

{% macro snowflake__now() -%}
  convert_timezone('UTC', current_timestamp())::timestamp_ntz
{%- endmacro %}

{# Seconds from one moment to another. #}
{% macro seconds_between(first, last) %}
  {{- adapter.dispatch('seconds_between', 'pipedrive')(first, last) -}}
{% endmacro %}

{% macro default__seconds_between(first, last) -%}
  date_diff('second', {{ first }}, {{ last }})
{%- endmacro %}

{% macro postgres__seconds_between(first, last) -%}
  cast(floor(extract(epoch from date_trunc('second', {{ last }}) - date_trunc('second', {{ first }}))) as bigint)
{%- endmacro %}

{% macro bigquery__seconds_between(first, last) -%}
  timestamp_diff({{ last }}, {{ first }}, second)
{%- endmacro %}

{% macro snowflake__seconds_between(first, last) -%}
  datediff('second', {{ first }}, {{ last }})
{%- endmacro %}

{# Days from one moment to another, with a fraction. #}
{% macro days_between(first, last) -%}
  cast({{ pipedrive.seconds_between(first, last) }} as {{ pipedrive.type_of('float') }}) / 86400.0
{%- endmacro %}

{# The first day of the `unit` (day, month, quarter) in which a moment or a date is. #}
{% macro first_day(unit, moment) %}
  {{- adapter.dispatch('first_day', 'pipedrive')(unit, moment) -}}
{% endmacro %}

{% macro default__first_day(unit, moment) -%}
  cast(date_trunc('{{ unit }}', {{ moment }}) as date)
{%- endmacro %}

{#
  Not date_trunc: from its statistics, the optimizer of DuckDB 1.4 concludes that there are no
  nulls, and groups them as a day in the year -5,877,641. Delete this when DuckDB no longer does.
#}
{% macro duckdb__first_day(unit, moment) -%}
  {%- if unit == 'day' -%}
  cast({{ moment }} as date)
  {%- elif unit == 'month' -%}
  make_date(year({{ moment }}), month({{ moment }}), 1)
  {%- else -%}
  make_date(year({{ moment }}), 3 * quarter({{ moment }}) - 2, 1)
  {%- endif -%}
{%- endmacro %}

{% macro bigquery__first_day(unit, moment) -%}
  date_trunc(cast({{ moment }} as date), {{ unit }})
{%- endmacro %}

{# A date `number` units (day, month) later. #}
{% macro later(day, number, unit) %}
  {{- adapter.dispatch('later', 'pipedrive')(day, number, unit) -}}
{% endmacro %}

{% macro default__later(day, number, unit) -%}
  cast({{ day }} + ({{ number }}) * interval '1 {{ unit }}' as date)
{%- endmacro %}

{% macro bigquery__later(day, number, unit) -%}
  date_add({{ day }}, interval ({{ number }}) {{ unit }})
{%- endmacro %}

{% macro snowflake__later(day, number, unit) -%}
  cast(dateadd({{ unit }}, {{ number }}, {{ day }}) as date)
{%- endmacro %}

{# A date and the time of day of a text such as 09:30:00 as a moment. #}
{% macro at_time(day, time) -%}
  cast(cast({{ day }} as {{ dbt.type_string() }}) || ' ' || {{ time }} as {{ dbt.type_timestamp() }})
{%- endmacro %}

{# The later of several moments, without regard to nulls. #}
{% macro latest(moments) -%}
  nullif(
      greatest(
          {%- for moment in moments %}
          coalesce({{ moment }}, cast('1900-01-01' as {{ dbt.type_timestamp() }}))
          {{- ',' if not loop.last }}
          {%- endfor %}
      ),
      cast('1900-01-01' as {{ dbt.type_timestamp() }})
  )
{%- endmacro %}
