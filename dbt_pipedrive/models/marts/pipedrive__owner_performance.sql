with by_period as (
    select
        owner_id,
        period,
        period_start,
        {{ count_if("fact = 'created'") }} as deals_created,
        {{ count_if("fact = 'won'") }} as deals_won,
        {{ count_if("fact = 'lost'") }} as deals_lost,
        {{ count_if("fact = 'open'") }} as deals_open,
        {{ count_if("fact = 'activity'") }} as activities_done,
        avg(case when fact = 'won' then cycle_days end) as avg_days_to_win,
        {{ sum_of_converted("fact = 'won'", 'value', 'value_converted') }} as won_value_converted,
        {{ sum_of_converted("fact = 'lost'", 'value', 'value_converted') }} as lost_value_converted,
        {{ sum_of_converted("fact = 'open'", 'value', 'value_converted') }} as open_value_converted,
        {{ sum_of_converted("fact = 'open'", 'weighted_value', 'weighted_value_converted') }} as forecast_value_converted
    from {{ ref('int_pipedrive__owner_periods') }}
    group by 1, 2, 3
)

select
    {{ key_of(['by_period.owner_id', 'by_period.period', 'by_period.period_start']) }} as owner_performance_key,
    by_period.owner_id,
    users.name as owner_name,
    by_period.period,
    by_period.period_start,
    by_period.deals_created,
    by_period.deals_won,
    by_period.deals_lost,
    by_period.deals_open,
    {{ share('by_period.deals_won', 'by_period.deals_won + by_period.deals_lost') }} as win_rate,
    by_period.avg_days_to_win,
    by_period.activities_done,
    (select min(reporting_currency) from {{ ref('int_pipedrive__currency_rates') }}) as reporting_currency,
    by_period.won_value_converted,
    by_period.lost_value_converted,
    by_period.open_value_converted,
    by_period.forecast_value_converted
from by_period
left join {{ ref('stg_pipedrive__users') }} as users on by_period.owner_id = users.user_id
