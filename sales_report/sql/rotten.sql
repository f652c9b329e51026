{# The most valuable rotten deals of each owner in each pipeline. #}
SELECT *
FROM (
    SELECT
        pipeline_id,
        owner_id,
        stage_id,
        title,
        organization_name AS organization,
        currency,
        value,
        value_converted,
        days_in_stage,
        days_idle,
        next_activity_subject AS next_activity,
        cast(cast(next_activity_at AS date) AS varchar) AS next_activity_day,
        row_number() OVER (
            PARTITION BY pipeline_id, owner_id
            ORDER BY value_converted DESC NULLS LAST, value DESC NULLS LAST, deal_id
        ) AS position
    FROM {{ schema }}.pipedrive__deals
    WHERE is_rotten
) AS ranked
WHERE position <= {{ limit }}
