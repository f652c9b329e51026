{# Won and lost deals, by the month in which they were closed. #}
SELECT
    pipeline_id,
    owner_id,
    unit,
    {{ month_of(
        "coalesce(CASE WHEN status = 'won' THEN won_time ELSE lost_time END, close_time, update_time, add_time)"
    ) }} AS month,
    count(CASE WHEN status = 'won' THEN 1 END) AS won,
    count(CASE WHEN status = 'lost' THEN 1 END) AS lost,
    sum(CASE WHEN status = 'won' THEN amount ELSE 0 END) AS won_value,
    sum(CASE WHEN status = 'lost' THEN amount ELSE 0 END) AS lost_value
FROM ({% include "amounts.sql" %}) AS deals
WHERE status IN ('won', 'lost')
GROUP BY 1, 2, 3, 4
