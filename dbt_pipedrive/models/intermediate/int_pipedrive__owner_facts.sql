{#
  What counts for an owner, and on which day: won and lost deals when they were closed, open deals
  when they are expected to close, activities when they were done.
#}
{% set amounts = ['value', 'value_converted', 'weighted_value', 'weighted_value_converted'] %}
select
    owner_id, 'created' as fact, {{ first_day('day', 'add_time') }} as day, currency, {{ amounts | join(', ') }},
    cast(null as {{ type_of('float') }}) as cycle_days
from {{ ref('pipedrive__deals') }}

union all

select
    owner_id, status as fact,
    {{ first_day('day', "coalesce(case when status = 'won' then won_time else lost_time end, close_time, update_time, add_time)") }} as day,
    currency, {{ amounts | join(', ') }}, days_to_win as cycle_days
from {{ ref('pipedrive__deals') }}
where status in ('won', 'lost')

union all

select
    owner_id, 'open' as fact, expected_close_date as day, currency, {{ amounts | join(', ') }},
    cast(null as {{ type_of('float') }}) as cycle_days
from {{ ref('pipedrive__deals') }}
where status = 'open' and not coalesce(is_archived, false)

union all

select
    owner_id, 'activity' as fact, {{ first_day('day', 'done_at') }} as day,
    cast(null as {{ type_of('text') }}) as currency,
    cast(null as {{ type_of('number') }}) as value,
    cast(null as {{ type_of('float') }}) as value_converted,
    cast(null as {{ type_of('float') }}) as weighted_value,
    cast(null as {{ type_of('float') }}) as weighted_value_converted,
    cast(null as {{ type_of('float') }}) as cycle_days
from {{ ref('pipedrive__activities') }}
where is_done
