with by_currency as (
    select
        owner_id,
        period,
        period_start,
        currency,
        {{ count_if("fact = 'won'") }} as deals_won,
        {{ count_if("fact = 'lost'") }} as deals_lost,
        {{ count_if("fact = 'open'") }} as deals_open,
        coalesce(sum(case when fact = 'won' then value end), 0) as won_value,
        coalesce(sum(case when fact = 'lost' then value end), 0) as lost_value,
        coalesce(sum(case when fact = 'open' then value end), 0) as open_value,
        coalesce(sum(case when fact = 'open' then weighted_value end), 0) as forecast_value
    from {{ ref('int_pipedrive__owner_periods') }}
    where fact in ('won', 'lost', 'open') and currency is not null
    group by 1, 2, 3, 4
)

select
    {{ key_of(['by_currency.owner_id', 'by_currency.period', 'by_currency.period_start', 'by_currency.currency']) }} as owner_amounts_key,
    by_currency.owner_id,
    users.name as owner_name,
    by_currency.period,
    by_currency.period_start,
    by_currency.currency,
    by_currency.deals_won,
    by_currency.deals_lost,
    by_currency.deals_open,
    by_currency.won_value,
    by_currency.lost_value,
    by_currency.open_value,
    by_currency.forecast_value
from by_currency
left join {{ ref('stg_pipedrive__users') }} as users on by_currency.owner_id = users.user_id
