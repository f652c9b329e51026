with lines as (
    select
        lines.product_id,
        {# the product of a line may have been deleted for good #}
        coalesce(products.name, lines.name) as product_name,
        products.code as product_code,
        lines.currency,
        lines.deal_id,
        lines.quantity,
        lines.sum,
        deals.status,
        deals.won_time
    from {{ ref('stg_pipedrive__deal_products') }} as lines
    inner join {{ ref('stg_pipedrive__deals') }} as deals on lines.deal_id = deals.deal_id
    left join {{ ref('stg_pipedrive__products') }} as products on lines.product_id = products.product_id
    where coalesce(lines.is_enabled, true)
),

by_product as (
    select
        product_id,
        case when product_id is null then product_name end as name_without_id,
        currency,
        max(product_name) as product_name,
        max(product_code) as product_code,
        {% for status in ['won', 'open', 'lost'] -%}
        count(distinct case when status = '{{ status }}' then deal_id end) as deals_{{ status }},
        coalesce(sum(case when status = '{{ status }}' then quantity end), 0) as quantity_{{ status }},
        coalesce(sum(case when status = '{{ status }}' then sum end), 0) as value_{{ status }},
        {% endfor -%}
        min(case when status = 'won' then won_time end) as first_won_at,
        max(case when status = 'won' then won_time end) as last_won_at
    from lines
    group by 1, 2, 3
)

select
    {{ key_of(['product_id', 'name_without_id', 'currency']) }} as products_sold_key,
    product_id,
    product_name,
    product_code,
    currency,
    {% for status in ['won', 'open', 'lost'] -%}
    deals_{{ status }},
    quantity_{{ status }},
    value_{{ status }},
    {% endfor -%}
    first_won_at,
    last_won_at
from by_product
