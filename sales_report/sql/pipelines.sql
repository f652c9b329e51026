{# The pipelines, and their positions. #}
SELECT pipeline_id, name, order_nr
FROM {{ schema }}.stg_pipedrive__pipelines
