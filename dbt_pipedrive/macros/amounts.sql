{# An amount in the reporting currency; null if the currency has no rate. #}
{% macro converted(amount, rate) -%}
  cast({{ amount }} as {{ pipedrive.type_of('float') }}) * {{ rate }}
{%- endmacro %}

{# The sum of converted amounts; null if one of them could not be converted. #}
{% macro sum_of_converted(condition, amount, converted) -%}
  case
      when count(case when {{ condition }} and {{ amount }} is not null and {{ converted }} is null then 1 end) = 0
          then coalesce(sum(case when {{ condition }} then {{ converted }} end), 0)
  end
{%- endmacro %}

{# The number of rows that satisfy a condition. #}
{% macro count_if(condition) -%}
  count(case when {{ condition }} then 1 end)
{%- endmacro %}

{# The share of two numbers; null if there is nothing to divide by. #}
{% macro share(part, whole) -%}
  cast({{ part }} as {{ pipedrive.type_of('float') }}) / nullif({{ whole }}, 0)
{%- endmacro %}

{# A text key of several columns, any of which may be null. #}
{% macro key_of(columns) -%}
  {%- for column in columns -%}
  coalesce(cast({{ column }} as {{ dbt.type_string() }}), '-')
  {{- " || '/' || " if not loop.last }}
  {%- endfor -%}
{%- endmacro %}

{# UNION without repeated rows. #}
{% macro union_distinct() %}{{ adapter.dispatch('union_distinct', 'pipedrive')() }}{% endmacro %}

{% macro default__union_distinct() %}union{% endmacro %}

{% macro bigquery__union_distinct() %}union distinct{% endmacro %}

{# The different values of a column in one text, in alphabetical order. #}
{% macro aggregated_names(column) %}
  {{- adapter.dispatch('aggregated_names', 'pipedrive')(column) -}}
{% endmacro %}

{% macro default__aggregated_names(column) -%}
  string_agg(distinct {{ column }}, ', ' order by {{ column }})
{%- endmacro %}

{% macro snowflake__aggregated_names(column) -%}
  listagg(distinct {{ column }}, ', ') within group (order by {{ column }})
{%- endmacro %}
