{# Open deals that are not archived, by the month in which they are expected to close. #}
SELECT
    deals.pipeline_id,
    deals.owner_id,
    deals.unit,
    {{ month_of("deals.expected_close_date") }} AS month,
    count(*) AS deals,
    sum(deals.amount) AS value,
    sum(deals.weighted) AS weighted,
    sum(deals.amount * coalesce(rates.win_rate, 0)) AS historic
FROM ({% include "amounts.sql" %}) AS deals
LEFT JOIN {{ schema }}.int_pipedrive__stage_win_rates AS rates ON deals.stage_id = rates.stage_id
WHERE deals.status = 'open' AND NOT coalesce(deals.is_archived, FALSE)
GROUP BY 1, 2, 3, 4
