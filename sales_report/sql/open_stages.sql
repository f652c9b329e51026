{# Open deals that are not archived, by their stage. #}
SELECT
    pipeline_id,
    stage_id,
    owner_id,
    unit,
    count(*) AS deals,
    count(CASE WHEN is_rotten THEN 1 END) AS rotten,
    sum(amount) AS value,
    sum(weighted) AS weighted,
    sum(CASE WHEN is_rotten THEN amount ELSE 0 END) AS rotten_value
FROM ({% include "amounts.sql" %}) AS deals
WHERE status = 'open' AND NOT coalesce(is_archived, FALSE)
GROUP BY 1, 2, 3, 4
