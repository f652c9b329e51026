{{ stage(
    'files',
    key=['file_id'],
    columns={
        'file_id': ['integer', 'id'],
        'user_id': 'integer',
        'deal_id': 'integer',
        'lead_id': 'text',
        'person_id': 'integer',
        'organization_id': ['integer', 'org_id'],
        'product_id': 'integer',
        'name': 'text',
        'file_type': 'text',
        'file_size': 'integer',
        'add_time': 'time',
        'update_time': 'time',
    },
    merged={'deal_id': 'deals', 'person_id': 'persons', 'organization_id': 'organizations'},
) }}
