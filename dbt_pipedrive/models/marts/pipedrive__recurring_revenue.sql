{# won deals count in the month in which they were won, installments in that of their billing #}
with amounts as (
    select
        {{ first_day('month', 'won_time') }} as month, pipeline_id, currency, deal_id,
        mrr, arr, cast(null as {{ type_of('number') }}) as installment
    from {{ ref('stg_pipedrive__deals') }}
    where status = 'won' and won_time is not null

    union all

    select
        {{ first_day('month', 'installments.billing_date') }} as month, deals.pipeline_id, deals.currency,
        cast(null as {{ type_of('integer') }}) as deal_id,
        cast(null as {{ type_of('number') }}) as mrr,
        cast(null as {{ type_of('number') }}) as arr,
        installments.amount as installment
    from {{ ref('stg_pipedrive__deal_installments') }} as installments
    inner join {{ ref('stg_pipedrive__deals') }} as deals on installments.deal_id = deals.deal_id
    where deals.status = 'won' and installments.billing_date is not null
),

by_month as (
    select
        month,
        pipeline_id,
        currency,
        count(deal_id) as deals_won,
        coalesce(sum(mrr), 0) as new_mrr,
        coalesce(sum(arr), 0) as new_arr,
        coalesce(sum(installment), 0) as installments
    from amounts
    group by 1, 2, 3
)

select
    {{ key_of(['by_month.month', 'by_month.pipeline_id', 'by_month.currency']) }} as recurring_revenue_key,
    by_month.month,
    by_month.pipeline_id,
    pipelines.name as pipeline_name,
    by_month.currency,
    by_month.deals_won,
    by_month.new_mrr,
    by_month.new_arr,
    by_month.installments,
    sum(by_month.new_mrr) over (
        partition by by_month.pipeline_id, by_month.currency order by by_month.month
        rows between unbounded preceding and current row
    ) as total_mrr,
    sum(by_month.new_arr) over (
        partition by by_month.pipeline_id, by_month.currency order by by_month.month
        rows between unbounded preceding and current row
    ) as total_arr
from by_month
left join {{ ref('stg_pipedrive__pipelines') }} as pipelines on by_month.pipeline_id = pipelines.pipeline_id
