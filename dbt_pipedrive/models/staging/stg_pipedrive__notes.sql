{{ stage(
    'notes',
    key=['note_id'],
    columns={
        'note_id': ['integer', 'id'],
        'user_id': 'integer',
        'deal_id': 'integer',
        'lead_id': 'text',
        'person_id': 'integer',
        'organization_id': ['integer', 'org_id'],
        'content': 'text',
        'add_time': 'time',
        'update_time': 'time',
        'is_deleted': 'boolean',
    },
    merged={'deal_id': 'deals', 'person_id': 'persons', 'organization_id': 'organizations'},
) }}
