{{ stage(
    'users',
    key=['user_id'],
    columns={
        'user_id': ['integer', 'id'],
        'name': 'text',
        'email': 'text',
        'default_currency': 'text',
        'active_flag': 'boolean',
        'is_deleted': 'boolean',
        'created': 'time',
    },
    keep_deleted=true,
) }}
