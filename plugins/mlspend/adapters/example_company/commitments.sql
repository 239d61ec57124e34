-- What was promised in advance. Rates are per instance and hour with at most four decimals, so that every sum of
-- their products is exact: used + unused = recurring fee + amortised upfront, to the last digit.

create table reservation_offers as
select
    * replace (
        cast(recurring_rate as decimal(18, 8)) as recurring_rate,
        cast(upfront_rate as decimal(18, 8)) as upfront_rate
    )
from (
    values
        -- months_running: how long it ran when the first month begins; each is renewed after twelve.
        ('gpu-serving', 'g5.2xlarge', 'HeavyUsage:g5.2xlarge', 'All Upfront', 'standard', 0, 0.7636, 0),
        ('experiment-database', 'db.r6g.2xlarge', 'HeavyUsage:db.r6g.2xl', 'Partial Upfront', 'standard', 0.2835, 0.2835, 5),
        ('feature-loading', 'r6i.2xlarge', 'HeavyUsage:r6i.2xlarge', 'No Upfront', 'convertible', 0.3185, 0, 9)
) as v (offer, product, usage_type, payment_option, offering_class, recurring_rate, upfront_rate, months_running);

-- The company's Compute Savings Plan covers all its machines when all of them run: at night and at weekends, when the
-- cluster's nodes are off, a part of the commitment goes unused. Half of it was paid upfront in the first month.
create table savings_plan_offer as
select 'Partial Upfront' as payment_option, 36 as months, cast(0.5 as decimal(18, 10)) as upfront_share;
