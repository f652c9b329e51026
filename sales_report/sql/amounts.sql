{# The deals, with amounts in one unit each: the reporting currency, or their own without a rate. #}
SELECT
    deals.*,
    CASE
        WHEN deals.value IS NULL OR deals.value_converted IS NOT NULL THEN coalesce(reporting.currency, '')
        ELSE coalesce(deals.currency, '')
    END AS unit,
    coalesce(deals.value_converted, deals.value, 0) AS amount,
    CASE
        WHEN deals.value_converted IS NOT NULL THEN deals.weighted_value_converted
        ELSE coalesce(deals.weighted_value, 0)
    END AS weighted
FROM {{ schema }}.pipedrive__deals AS deals
CROSS JOIN (
    SELECT min(reporting_currency) AS currency FROM {{ schema }}.int_pipedrive__currency_rates
) AS reporting
