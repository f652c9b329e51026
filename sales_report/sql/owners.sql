{# The users. #}
SELECT user_id AS owner_id, name
FROM {{ schema }}.stg_pipedrive__users
