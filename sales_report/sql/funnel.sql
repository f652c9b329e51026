{# Deals that entered a stage, by the month of their first entry. #}
SELECT
    pipeline_id,
    stage_id,
    owner_id,
    {{ month_of("entered_at") }} AS month,
    count(*) AS entered,
    count(CASE WHEN has_advanced THEN 1 END) AS advanced,
    count(CASE WHEN NOT has_advanced AND status = 'lost' THEN 1 END) AS lost,
    count(CASE WHEN NOT has_advanced AND status = 'open' THEN 1 END) AS still_open,
    count(CASE WHEN status = 'won' THEN 1 END) AS won,
    count(days_to_advance) AS advances,
    coalesce(sum(days_to_advance), 0) AS advance_days
FROM {{ schema }}.int_pipedrive__stage_entries
GROUP BY 1, 2, 3, 4
