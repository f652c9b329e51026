with edits as (
    select
        edits.*,
        row_number() over (partition by deal_id, field order by changed_at) as position
    from {{ ref('int_pipedrive__deal_edits') }} as edits
),

states as (
    select
        edits.deal_id,
        edits.field,
        0 as position,
        edits.old_value as value,
        deals.add_time as valid_from,
        edits.changed_at as valid_to,
        deals.creator_user_id as user_id,
        edits.source
    from edits
    inner join {{ ref('stg_pipedrive__deals') }} as deals on edits.deal_id = deals.deal_id
    where edits.position = 1

    union all

    select
        deal_id,
        field,
        position,
        new_value as value,
        changed_at as valid_from,
        lead(changed_at) over (partition by deal_id, field order by changed_at) as valid_to,
        user_id,
        source
    from edits
)

select
    {{ key_of(['states.deal_id', 'states.field', 'states.position']) }} as deal_history_key,
    states.deal_id,
    states.field,
    coalesce(fields.field_name, states.field) as field_name,
    states.position,
    states.value,
    states.valid_from,
    states.valid_to,
    states.valid_to is null as is_current,
    states.user_id,
    users.name as user_name,
    states.source
from states
left join {{ ref('stg_pipedrive__deal_fields') }} as fields on states.field = fields.field_code
left join {{ ref('stg_pipedrive__users') }} as users on states.user_id = users.user_id
