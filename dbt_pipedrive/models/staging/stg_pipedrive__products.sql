{{ stage(
    'products',
    key=['product_id'],
    columns={
        'product_id': ['integer', 'id'],
        'name': 'text',
        'code': 'text',
        'unit': 'text',
        'category': 'text',
        'owner_id': 'integer',
        'billing_frequency': 'text',
        'add_time': 'time',
        'update_time': 'time',
        'is_deleted': 'boolean',
    },
    custom=true,
) }}
