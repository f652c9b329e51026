{{ stage(
    'project_changelog',
    key=['change_id'],
    columns={
        'change_id': ['text', 'id'],
        'project_id': 'integer',
        'old_values': 'json',
        'new_values': 'json',
        'actor_user_id': 'integer',
        'changed_at': ['time', 'time'],
        'change_source': 'text',
    },
) }}
