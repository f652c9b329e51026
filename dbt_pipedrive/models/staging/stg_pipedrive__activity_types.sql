{{ stage(
    'activity_types',
    key=['activity_type_id'],
    columns={
        'activity_type_id': ['integer', 'id'],
        'name': 'text',
        'key_string': 'text',
        'active_flag': 'boolean',
        'is_custom_flag': 'boolean',
    },
) }}
