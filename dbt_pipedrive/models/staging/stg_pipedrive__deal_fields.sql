{{ stage(
    'deal_fields',
    key=['field_code'],
    columns={
        'field_code': 'text',
        'field_name': 'text',
        'field_type': 'text',
        'is_custom_field': 'boolean',
        'options': 'json',
    },
) }}
