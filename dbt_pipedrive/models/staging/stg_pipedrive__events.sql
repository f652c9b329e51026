{{ stage(
    'events',
    key=['event_id'],
    columns={
        'event_id': ['text', 'id'],
        'object': 'text',
        'object_id': 'text',
        'action': 'text',
        'changed_at': 'time',
        'user_id': 'integer',
        'change_source': 'text',
        'changes': 'json',
        'merged_into_id': 'text',
        'merged_from_id': 'text',
    },
) }}
