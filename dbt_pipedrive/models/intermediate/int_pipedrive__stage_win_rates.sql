{# One row per stage: which share of the closed deals that were in it, was won in the end. #}
select
    stages.stage_id,
    count(*) as closed_deals,
    {{ share(count_if("deals.status = 'won'"), 'count(*)') }} as win_rate
from (
    select distinct deal_id, stage_id from {{ ref('pipedrive__deal_stages') }}
) as stages
inner join {{ ref('stg_pipedrive__deals') }} as deals on stages.deal_id = deals.deal_id
where deals.status in ('won', 'lost')
group by stages.stage_id
