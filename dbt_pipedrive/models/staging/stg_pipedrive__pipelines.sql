{{ stage(
    'pipelines',
    key=['pipeline_id'],
    columns={
        'pipeline_id': ['integer', 'id'],
        'name': 'text',
        'order_nr': 'integer',
        'is_deleted': 'boolean',
        'is_deal_probability_enabled': 'boolean',
        'add_time': 'time',
    },
    keep_deleted=true,
) }}
