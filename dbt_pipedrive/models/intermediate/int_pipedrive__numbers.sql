{# The numbers from 0 to 999. #}
with digits as (
    {% for digit in range(10) -%}
    select {{ digit }} as digit{{ ' union all' if not loop.last }}
    {% endfor %}
)

select hundreds.digit * 100 + tens.digit * 10 + ones.digit as number
from digits as hundreds
cross join digits as tens
cross join digits as ones
