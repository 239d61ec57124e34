{# Whether each rule of a plan matches any charge that is published: what `mlspend config check` asks. Never built. #}
{% set rules = rules_in_use()[""] %}
with {{ asked_combinations(rules, 'true') }}

select
    coalesce(sum(line_count), 0) as line_count,
    count(distinct billing_period) as periods,
    {{ rule_matches(rules) }}
from linked
