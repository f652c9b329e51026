{# One row per deal with activities: their numbers, the next one, and the last one. #}
with ranked as (
    select
        activities.*,
        row_number() over (
            partition by deal_id, coalesce(done, false) order by due_at nulls last, activity_id
        ) as position_by_due,
        row_number() over (
            partition by deal_id, coalesce(done, false) order by done_at desc nulls last, activity_id desc
        ) as position_by_done
    from {{ ref('int_pipedrive__activities') }} as activities
    where deal_id is not null
)

select
    deal_id,
    count(*) as activities,
    {{ count_if('done') }} as activities_done,
    max(case when done and position_by_done = 1 then activity_id end) as last_activity_id,
    max(case when done and position_by_done = 1 then done_at end) as last_activity_at,
    max(case when done and position_by_done = 1 then subject end) as last_activity_subject,
    max(case when not coalesce(done, false) and position_by_due = 1 then activity_id end) as next_activity_id,
    max(case when not coalesce(done, false) and position_by_due = 1 then due_at end) as next_activity_at,
    max(case when not coalesce(done, false) and position_by_due = 1 then subject end) as next_activity_subject
from ranked
group by deal_id
