{#
  One row per merged record: a chain of merges leads to the last survivor. Only webhooks report
  merges, so without them there are none.
#}
with recursive merges as (
    {%- for stream in ['deals', 'persons', 'organizations'] %}
    {%- set relation = stream_relation(stream) %}
    {%- set found = columns_by_name(relation) %}
    {{ 'union all' if not loop.first }}
    select
        '{{ stream }}' as object,
        {%- if relation is not none and (not found or 'merged_into_id' in found) %}
        cast({{ source_column(found, 'id') }} as {{ type_of('integer') }}) as merged_id,
        cast(max({{ source_column(found, 'merged_into_id') }}) as {{ type_of('integer') }}) as survivor_id
    from {{ relation }}
    where {{ source_column(found, 'merged_into_id') }} is not null
    group by 1, 2
        {%- else %}
        cast(null as {{ type_of('integer') }}) as merged_id,
        cast(null as {{ type_of('integer') }}) as survivor_id
    from (select 1 as one) as nothing
    where 1 = 0
        {%- endif %}
    {%- endfor %}
),

chains as (
    select object, merged_id, survivor_id, 1 as depth
    from merges
    union all
    select chains.object, chains.merged_id, merges.survivor_id, chains.depth + 1 as depth
    from chains
    inner join merges
        on chains.object = merges.object and chains.survivor_id = merges.merged_id
    where chains.depth < 20
)

select object, merged_id, survivor_id
from (
    select
        object,
        merged_id,
        survivor_id,
        row_number() over (partition by object, merged_id order by depth desc) as position
    from chains
) as ranked
where position = 1
