{{ stage(
    'goals',
    key=['goal_id'],
    columns={
        'goal_id': ['text', 'id'],
        'owner_id': 'integer',
        'title': 'text',
        'type': 'json',
        'assignee': 'json',
        'interval_length': ['text', 'interval'],
        'duration': 'json',
        'expected_outcome': 'json',
        'is_active': 'boolean',
    },
) }}
