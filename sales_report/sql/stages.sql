{# The stages that exist, and their positions. #}
SELECT stage_id, pipeline_id, name, order_nr, coalesce(is_deleted, FALSE) AS is_deleted
FROM {{ schema }}.stg_pipedrive__stages
