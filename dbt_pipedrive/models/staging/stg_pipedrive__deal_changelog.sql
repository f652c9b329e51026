{{ stage(
    'deal_changelog',
    key=['change_id'],
    columns={
        'change_id': ['text', 'id'],
        'deal_id': 'integer',
        'field_key': 'text',
        'old_value': 'text',
        'new_value': 'text',
        'actor_user_id': 'integer',
        'changed_at': ['time', 'time'],
        'change_source': 'text',
        'is_bulk_update_flag': 'boolean',
    },
) }}
