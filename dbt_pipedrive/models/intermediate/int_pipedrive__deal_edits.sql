{#
  One row per deal, field, and second in which the field was edited: its values before and after.

  The edits come from `deal_changelog`, from `events`, or from both. An event that the changelog
  contains as well is dropped: same deal, field, and new value within a minute.
  Neither source orders edits within one second, so they are combined into one.
#}
{% set fields = [
    'stage_id', 'pipeline_id', 'status', 'value', 'currency', 'title', 'owner_id', 'person_id',
    'org_id', 'expected_close_date', 'lost_reason', 'probability', 'is_archived',
] %}
with changelog as (
    select deal_id, field_key as field, changed_at, old_value, new_value, actor_user_id as user_id
    from {{ ref('stg_pipedrive__deal_changelog') }}
    where changed_at is not null and field_key is not null
),

deal_events as (
    select cast(object_id as {{ type_of('integer') }}) as deal_id, changed_at, changes, user_id
    from {{ ref('stg_pipedrive__events') }}
    where object = 'deal' and action = 'change' and changes is not null
),

event_edits as (
    {% for field in fields -%}
    select
        deal_id,
        '{{ field }}' as field,
        changed_at,
        {{ json_value('changes', [field, 'old']) }} as old_value,
        {{ json_value('changes', [field, 'new']) }} as new_value,
        user_id
    from deal_events
    where {{ json_value('changes', [field]) }} is not null
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

edits as (
    select deal_id, field, changed_at, old_value, new_value, user_id, 'changelog' as source
    from changelog
    union all
    select
        event_edits.deal_id,
        event_edits.field,
        event_edits.changed_at,
        event_edits.old_value,
        event_edits.new_value,
        event_edits.user_id,
        'events' as source
    from event_edits
    left join changelog
        on event_edits.deal_id = changelog.deal_id
        and event_edits.field = changelog.field
        and coalesce(event_edits.new_value, '') = coalesce(changelog.new_value, '')
        and abs({{ seconds_between('changelog.changed_at', 'event_edits.changed_at') }}) <= 60
    where changelog.deal_id is null
),

named as (
    select
        edits.deal_id,
        {# API v1 calls the owner `user_id` #}
        case when edits.field = 'user_id' then 'owner_id' else edits.field end as field,
        edits.changed_at,
        edits.old_value,
        edits.new_value,
        edits.user_id,
        edits.source
    from edits
    inner join {{ ref('stg_pipedrive__deals') }} as deals on edits.deal_id = deals.deal_id
    where coalesce(edits.old_value, '') != coalesce(edits.new_value, '')
),

{# of a chain a -> b -> c, only `a` is once more before an edit than after one #}
balanced as (
    select deal_id, field, changed_at, value, sum(weight) as balance
    from (
        select deal_id, field, changed_at, old_value as value, 1 as weight from named
        union all
        select deal_id, field, changed_at, new_value as value, -1 as weight from named
    ) as sides
    group by deal_id, field, changed_at, value
),

combined as (
    select
        deal_id,
        field,
        changed_at,
        max(case when balance > 0 then value end) as old_value,
        max(case when balance < 0 then value end) as new_value
    from balanced
    where balance != 0
    group by deal_id, field, changed_at
),

authors as (
    select deal_id, field, changed_at, max(user_id) as user_id, min(source) as source
    from named
    group by deal_id, field, changed_at
)

select
    combined.deal_id,
    combined.field,
    combined.changed_at,
    combined.old_value,
    combined.new_value,
    authors.user_id,
    authors.source
from combined
inner join authors
    on combined.deal_id = authors.deal_id
    and combined.field = authors.field
    and combined.changed_at = authors.changed_at
