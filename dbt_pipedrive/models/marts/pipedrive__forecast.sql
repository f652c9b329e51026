with open_deals as (
    select
        deals.*,
        {{ first_day('month', 'deals.expected_close_date') }} as expected_close_month,
        cast(deals.value as {{ type_of('float') }}) * coalesce(rates.win_rate, 0) as historic_value,
        deals.value_converted * coalesce(rates.win_rate, 0) as historic_value_converted
    from {{ ref('pipedrive__deals') }} as deals
    left join {{ ref('int_pipedrive__stage_win_rates') }} as rates on deals.stage_id = rates.stage_id
    where deals.status = 'open' and not coalesce(deals.is_archived, false)
),

by_month as (
    select
        expected_close_month,
        pipeline_id,
        pipeline_name,
        currency,
        reporting_currency,
        count(*) as deals,
        sum(value) as value,
        sum(weighted_value) as weighted_value,
        sum(historic_value) as historic_value,
        {{ sum_of_converted('true', 'value', 'value_converted') }} as value_converted,
        {{ sum_of_converted('true', 'weighted_value', 'weighted_value_converted') }} as weighted_value_converted,
        {{ sum_of_converted('true', 'historic_value', 'historic_value_converted') }} as historic_value_converted
    from open_deals
    group by 1, 2, 3, 4, 5
)

select
    {{ key_of(['expected_close_month', 'pipeline_id', 'currency']) }} as forecast_key,
    expected_close_month,
    coalesce(expected_close_month < {{ first_day('month', now()) }}, false) as is_overdue,
    pipeline_id,
    pipeline_name,
    currency,
    deals,
    value,
    weighted_value,
    historic_value,
    reporting_currency,
    value_converted,
    weighted_value_converted,
    historic_value_converted
from by_month
