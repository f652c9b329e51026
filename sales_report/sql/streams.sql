{# Which streams the models could read, when last, and when the models were built. #}
SELECT
    stream,
    is_synced,
    last_extracted_at,
    built_at,
    (SELECT min(reporting_currency) FROM {{ schema }}.int_pipedrive__currency_rates) AS reporting_currency
FROM {{ schema }}.int_pipedrive__streams
ORDER BY stream
