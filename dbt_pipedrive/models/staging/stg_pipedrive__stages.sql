{{ stage(
    'stages',
    key=['stage_id'],
    columns={
        'stage_id': ['integer', 'id'],
        'pipeline_id': 'integer',
        'name': 'text',
        'order_nr': 'integer',
        'deal_probability': 'number',
        'is_deal_rot_enabled': 'boolean',
        'days_to_rotten': 'integer',
        'is_deleted': 'boolean',
        'add_time': 'time',
    },
    keep_deleted=true,
) }}
