{# The type of a column in the warehouse. #}
{% macro type_of(kind) %}
  {%- if kind in ('text', 'json') -%}{{ dbt.type_string() }}
  {%- elif kind == 'integer' -%}{{ dbt.type_bigint() }}
  {%- elif kind == 'number' -%}{{ dbt.type_numeric() }}
  {%- elif kind == 'float' -%}{{ adapter.dispatch('type_of_float', 'pipedrive')() }}
  {%- elif kind == 'boolean' -%}{{ dbt.type_boolean() }}
  {%- elif kind == 'time' -%}{{ dbt.type_timestamp() }}
  {%- elif kind == 'date' -%}date
  {%- else -%}{{ exceptions.raise_compiler_error('There is no type ' ~ kind) }}
  {%- endif -%}
{% endmacro %}

{# A float of 64 bits: that of dbt has 32 in DuckDB. #}
{% macro default__type_of_float() %}double precision{% endmacro %}

{% macro bigquery__type_of_float() %}float64{% endmacro %}

{# A column of a stream in a type of `type_of`; moments are in UTC. `dtype` may be unknown: ''. #}
{% macro typed(column, kind, dtype) %}
  {%- if kind == 'time' -%}
    {{ pipedrive.utc(column, dtype) }}
  {%- elif kind == 'json' and not pipedrive.is_text(dtype) or kind == 'text' and 'json' in dtype -%}
    {{ pipedrive.json_as_text(column) }}
  {%- else -%}
    cast({{ column }} as {{ pipedrive.type_of(kind) }})
  {%- endif -%}
{% endmacro %}

{# Whether a type of the warehouse is text. #}
{% macro is_text(dtype) %}
  {{ return('char' in dtype or 'text' in dtype or 'string' in dtype) }}
{% endmacro %}

{# A moment as a timestamp in UTC: text and types with a zone are converted first. #}
{% macro utc(column, dtype) %}
  {{- adapter.dispatch('utc', 'pipedrive')(column, dtype) -}}
{% endmacro %}

{% macro default__utc(column, dtype) %}
  {%- if 'zone' in dtype or 'tz' in dtype or pipedrive.is_text(dtype) -%}
    cast(cast({{ column }} as timestamp with time zone) at time zone 'UTC' as timestamp)
  {%- else -%}
    cast({{ column }} as timestamp)
  {%- endif -%}
{% endmacro %}

{% macro bigquery__utc(column, dtype) %}cast({{ column }} as timestamp){% endmacro %}

{% macro snowflake__utc(column, dtype) -%}
  convert_timezone('UTC', cast({{ column }} as timestamp_tz))::timestamp_ntz
{%- endmacro %}

{# JSON as text. #}
{% macro json_as_text(column) %}
  {{- adapter.dispatch('json_as_text', 'pipedrive')(column) -}}
{% endmacro %}

{% macro default__json_as_text(column) %}cast({{ column }} as {{ dbt.type_string() }}){% endmacro %}

{% macro bigquery__json_as_text(column) %}to_json_string({{ column }}){% endmacro %}

{% macro snowflake__json_as_text(column) %}to_json({{ column }}){% endmacro %}

{# The value at a path in JSON text, as text: `path` is a list of keys and positions. #}
{% macro json_value(column, path) %}
  {{- adapter.dispatch('json_value', 'pipedrive')(column, path) -}}
{% endmacro %}

{% macro default__json_value(column, path) -%}
  json_extract_string({{ column }}, '{{ pipedrive.json_path(path) }}')
{%- endmacro %}

{% macro postgres__json_value(column, path) -%}
  (cast({{ column }} as jsonb) #>> '{ {{- path | join(',') -}} }')
{%- endmacro %}

{% macro bigquery__json_value(column, path) -%}
  coalesce(
      json_value({{ column }}, '{{ pipedrive.json_path(path) }}'),
      json_query({{ column }}, '{{ pipedrive.json_path(path) }}')
  )
{%- endmacro %}

{% macro snowflake__json_value(column, path) -%}
  cast(get_path(parse_json({{ column }}), '{{ pipedrive.json_path(path)[2:] if path[0] is string else pipedrive.json_path(path)[1:] }}') as varchar)
{%- endmacro %}

{% macro json_path(path) %}
  {%- set steps = ['$'] -%}
  {%- for step in path -%}
    {%- do steps.append('[' ~ step ~ ']' if step is number else '.' ~ step) -%}
  {%- endfor -%}
  {{ return(steps | join('')) }}
{% endmacro %}
