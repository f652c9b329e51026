{{ stage(
    'lead_labels',
    key=['lead_label_id'],
    columns={
        'lead_label_id': ['text', 'id'],
        'name': 'text',
        'color': 'text',
    },
) }}
