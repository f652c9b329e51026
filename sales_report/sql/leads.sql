{# Leads by the month in which they were created; of some converted ones only the deal is known. #}
SELECT
    owner_id,
    {{ month_of("coalesce(add_time, converted_at)") }} AS month,
    coalesce(source_name, '') AS source,
    count(CASE WHEN status = 'open' THEN 1 END) AS still_open,
    count(CASE WHEN status = 'archived' THEN 1 END) AS archived,
    count(CASE WHEN status = 'converted' THEN 1 END) AS converted
FROM {{ schema }}.pipedrive__leads
GROUP BY 1, 2, 3
