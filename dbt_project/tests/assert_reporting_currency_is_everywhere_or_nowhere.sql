{# A row that found no rate beside others that did would be missing from every sum in the reporting currency. #}
select
    x_source,
    billing_period,
    count(*) filter (where exchange_rate is null) as rows_without_rate,
    list_sort(list(distinct billing_currency) filter (where exchange_rate is null)) as currencies_without_rate
from {{ ref('daily_spend') }}
group by all
having count(*) filter (where exchange_rate is null) > 0 and count(exchange_rate) > 0
