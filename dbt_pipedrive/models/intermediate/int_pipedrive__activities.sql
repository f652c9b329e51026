{# One row per activity, with the moment at which it is due; without a time, the end of its day. #}
select
    activities.*,
    case
        when due_date is null then null
        {# API v2 has times of day; some accounts have empty ones #}
        when due_time is null or due_time = '' then {{ at_time('due_date', "'23:59:59'") }}
        else {{ at_time('due_date', 'due_time') }}
    end as due_at,
    case when done then coalesce(marked_as_done_time, update_time, add_time) end as done_at
from {{ ref('stg_pipedrive__activities') }} as activities
