{{ stage(
    'currencies',
    key=['currency_id'],
    columns={
        'currency_id': ['integer', 'id'],
        'code': 'text',
        'name': 'text',
        'decimal_points': 'integer',
        'symbol': 'text',
        'active_flag': 'boolean',
        'is_custom_flag': 'boolean',
    },
) }}
