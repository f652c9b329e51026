{# How many days each won deal took, by the month in which it was won. Medians cannot be added up. #}
SELECT
    pipeline_id,
    owner_id,
    {{ month_of("coalesce(won_time, close_time, update_time, add_time)") }} AS month,
    cast(round(days_to_win) AS integer) AS days
FROM {{ schema }}.pipedrive__deals
WHERE status = 'won' AND days_to_win IS NOT NULL
