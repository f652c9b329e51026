{{ stage(
    'deal_installments',
    key=['deal_installment_id'],
    columns={
        'deal_installment_id': ['integer', 'id'],
        'deal_id': 'integer',
        'amount': 'number',
        'billing_date': 'date',
        'description': 'text',
        'is_deleted': 'boolean',
    },
    merged={'deal_id': 'deals'},
) }}
