{{ stage(
    'organizations',
    key=['organization_id'],
    columns={
        'organization_id': ['integer', 'id'],
        'name': 'text',
        'owner_id': 'integer',
        'website': 'text',
        'industry': 'integer',
        'annual_revenue': 'number',
        'employee_count': 'integer',
        'add_time': 'time',
        'update_time': 'time',
        'is_deleted': 'boolean',
        'labels': 'json',
    },
    custom=true,
) }}
