{# The table of a stream, or none if it does not exist or is disabled. #}
{% macro stream_relation(stream) %}
  {% if not execute or stream in var('pipedrive_disabled_streams') %}
    {{ return(none) }}
  {% endif %}
  {% set place = source('pipedrive', stream) %}
  {% if not var('pipedrive_introspect') %}
    {{ return(place) }}
  {% endif %}
  {{ return(adapter.get_relation(place.database, place.schema, place.identifier)) }}
{% endmacro %}

{# The columns of a table by lowercase name. Without a connection: none, which means all. #}
{% macro columns_by_name(relation) %}
  {% if relation is none or not var('pipedrive_introspect') %}
    {{ return({}) }}
  {% endif %}
  {% set found = {} %}
  {% for column in adapter.get_columns_in_relation(relation) %}
    {% do found.update({column.name | lower: column}) %}
  {% endfor %}
  {{ return(found) }}
{% endmacro %}

{# The quoted names of the custom columns of a stream, which the account's fields decide. #}
{% macro custom_columns(stream) %}
  {% set names = [] %}
  {% for name, column in pipedrive.columns_by_name(pipedrive.stream_relation(stream)).items() %}
    {% if name.startswith('custom_') and name != 'custom_fields' %}
      {% do names.append(adapter.quote(column.name)) %}
    {% endif %}
  {% endfor %}
  {{ return(names) }}
{% endmacro %}

{#
  The current rows of a stream: the latest row per key, without deleted ones, with typed columns.

  key: the names of the key among the columns here.
  columns: name here -> type, or [type, name in the stream]. A missing column is null.
  merged: name here -> stream; ids of merged records are replaced by those of the survivors.
  keep_deleted: true if deleted rows are part of the model.
  A stream that is not synced has no rows.
#}
{% macro stage(stream, key, columns, merged={}, keep_deleted=false, custom=false) %}
  {%- set relation = pipedrive.stream_relation(stream) -%}
  {%- set found = pipedrive.columns_by_name(relation) -%}
  {%- set customs = pipedrive.custom_columns(stream) if custom else [] -%}
  {%- set typed, selected, keys, order = [], [], [], [] -%}
  {%- for name, declared in columns.items() -%}
    {%- set type, origin = (declared, name) if declared is string else declared -%}
    {%- set is_there = relation is not none and (not found or origin in found) -%}
    {%- set column = pipedrive.source_column(found, origin) -%}
    {%- if is_there -%}
      {%- set dtype = found[origin].dtype | lower if found else '' -%}
      {%- do typed.append(pipedrive.typed(column, type, dtype) ~ ' as ' ~ name) -%}
    {%- else -%}
      {%- do typed.append('cast(null as ' ~ pipedrive.type_of(type) ~ ') as ' ~ name) -%}
    {%- endif -%}
    {%- if name in key -%}
      {%- do keys.append(column) -%}
    {%- endif -%}
    {%- if name in merged -%}
      {%- do selected.append('coalesce(merged_' ~ name ~ '.survivor_id, typed.' ~ name ~ ') as ' ~ name) -%}
    {%- else -%}
      {%- do selected.append('typed.' ~ name) -%}
    {%- endif -%}
  {%- endfor -%}
  {%- for name in ['_airbyte_extracted_at', 'update_time'] if not found or name in found -%}
    {%- do order.append(pipedrive.source_column(found, name) ~ ' desc nulls last') -%}
  {%- endfor -%}
  {%- set drop_deleted = not keep_deleted and not var('pipedrive_include_deleted') -%}
with typed as (
    select
        {{ (typed + customs) | join(',\n        ') }},
        {%- if relation is none %}
        1 as _row
    from (select 1 as one) as nothing
    where 1 = 0
        {%- else %}
        row_number() over (
            partition by {{ keys | join(', ') }} order by {{ (order or keys) | join(', ') }}
        ) as _row
    from {{ relation }}
    where {{ keys | join(' is not null and ') }} is not null
        {%- endif %}
)

select
    {{ (selected + customs) | join(',\n    ') }}
from typed
{%- for name, object in merged.items() %}
left join {{ ref('stg_pipedrive__merges') }} as merged_{{ name }}
    on merged_{{ name }}.object = '{{ object }}' and merged_{{ name }}.merged_id = typed.{{ name }}
{%- endfor %}
where typed._row = 1
{%- if drop_deleted and 'is_deleted' in columns %} and not coalesce(typed.is_deleted, false){% endif %}
{% endmacro %}

{# The quoted name of a column of a stream, in the case that the warehouse gave it. #}
{% macro source_column(found, name) %}
  {%- if name in found -%}
    {{ return(adapter.quote(found[name].name)) }}
  {%- endif -%}
  {{ return(adapter.quote(name | upper if target.type == 'snowflake' else name)) }}
{% endmacro %}
