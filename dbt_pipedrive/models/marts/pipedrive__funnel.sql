with by_month as (
    select
        pipeline_id,
        stage_id,
        stage_name,
        stage_order_nr,
        entry_month,
        count(*) as deals_entered,
        {{ count_if('has_advanced') }} as deals_advanced,
        {{ count_if("not has_advanced and status = 'lost'") }} as deals_lost,
        {{ count_if("not has_advanced and status = 'open'") }} as deals_open,
        {{ count_if("status = 'won'") }} as deals_won,
        avg(days_to_advance) as avg_days_to_advance
    from {{ ref('int_pipedrive__stage_entries') }}
    group by 1, 2, 3, 4, 5
)

select
    {{ key_of(['by_month.stage_id', 'by_month.entry_month']) }} as funnel_key,
    by_month.pipeline_id,
    pipelines.name as pipeline_name,
    by_month.stage_id,
    by_month.stage_name,
    by_month.stage_order_nr,
    by_month.entry_month,
    by_month.deals_entered,
    by_month.deals_advanced,
    by_month.deals_lost,
    by_month.deals_open,
    by_month.deals_won,
    {{ share('by_month.deals_advanced', 'by_month.deals_entered') }} as conversion_rate,
    {{ share('by_month.deals_won', 'by_month.deals_entered') }} as win_rate,
    by_month.avg_days_to_advance
from by_month
left join {{ ref('stg_pipedrive__pipelines') }} as pipelines on by_month.pipeline_id = pipelines.pipeline_id
