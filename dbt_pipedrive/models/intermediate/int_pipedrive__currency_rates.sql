{# One row per currency: what one unit is worth in the reporting currency, if that is known. #}
with deals_by_currency as (
    select currency, count(*) as deals
    from {{ ref('stg_pipedrive__deals') }}
    where currency is not null
    group by currency
),

reporting as (
    {% if var('pipedrive_reporting_currency') -%}
    select '{{ var("pipedrive_reporting_currency") }}' as currency
    {%- else -%}
    select min(currency) as currency
    from deals_by_currency
    where deals = (select max(deals) from deals_by_currency)
    {%- endif %}
),

known as (
    select currency from deals_by_currency
    {{ union_distinct() }}
    select code as currency from {{ ref('stg_pipedrive__currencies') }} where code is not null
    {{ union_distinct() }}
    select currency from reporting where currency is not null
),

given as (
    {%- if var('pipedrive_rates') %}
    {%- for currency, rate in var('pipedrive_rates').items() %}
    select '{{ currency }}' as currency, cast({{ rate }} as {{ type_of('float') }}) as rate
    {{- ' union all' if not loop.last }}
    {%- endfor %}
    {%- else %}
    select currency, max(cast(rate as {{ type_of('float') }})) as rate
    from {{ ref('pipedrive_currency_rates') }}
    group by currency
    {%- endif %}
)

select
    known.currency,
    reporting.currency as reporting_currency,
    case when known.currency = reporting.currency then 1.0 else given.rate end as rate
from known
cross join reporting
left join given on known.currency = given.currency
