{# Activities that are done, by the month in which they were done. #}
SELECT
    CASE WHEN deal_id IS NULL THEN -1 ELSE pipeline_id END AS pipeline_id,
    owner_id,
    {{ month_of("done_at") }} AS month,
    count(*) AS activities
FROM {{ schema }}.pipedrive__activities
WHERE is_done AND done_at IS NOT NULL
GROUP BY 1, 2, 3
