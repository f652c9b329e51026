{# One row per stream that the models read: whether it was synced, and when last. #}
{% set sources = graph.sources.values() | selectattr('source_name', 'equalto', 'pipedrive') if execute else [] %}
{% for stream in sources | map(attribute='name') | sort -%}
{%- set relation = stream_relation(stream) -%}
{%- set found = columns_by_name(relation) -%}
select
    '{{ stream }}' as stream,
    {{ relation is not none }} as is_synced,
    {% if '_airbyte_extracted_at' in found -%}
    (
        select max({{ typed(source_column(found, '_airbyte_extracted_at'), 'time', found['_airbyte_extracted_at'].dtype | lower) }})
        from {{ relation }}
    )
    {%- else -%}
    cast(null as {{ type_of('time') }})
    {%- endif %} as last_extracted_at,
    {{ now() }} as built_at
{{ 'union all' if not loop.last }}
{% endfor %}
