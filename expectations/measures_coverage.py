"""Whose money it is no more: the share with an owner, against what is published and against the four weeks before."""

import duckdb

from expectations.measures_windows import FEWEST_DAYS, WEEKS_DAYS
from mlspend.core.proof_plan import ProofPlan

# A team's spend moves by a fifth from week to week for its own reasons.
_TEAM_LOSS = 0.25


def measure_coverage(session: duckdb.DuckDBPyConnection, plan: ProofPlan) -> None:
    """Create `coverage`: where the owned share of the money fell, of all and per team. `measure_windows` is first."""
    points = plan.thresholds.completeness.coverage_points
    is_now = "charge_date > newest_date - 7"
    owned = "coalesce({0} <> 'unattributed', false)"
    shares = " union all by name ".join(
        f"""select
            x_source, billing_period, compared_with, is_known, billing_currency, {whose} as whose,
            'a {owner}' as owner, sum(cost_before) as all_before, sum(cost_now) as all_now,
            sum(if({owned.format(owner)}, cost_before, 0)) as owned_before,
            sum(if({owned.format(owner)}, cost_now, 0)) as owned_now
        from compared where {which} group by all"""
        for whose, owner, which in (
            ("'everybody'", "project", "true"),
            ("'everybody'", "team", "true"),
            ("team", "project", owned.format("team")),
        )
    )
    session.execute(
        f"""create or replace table coverage as
        with begun as (
            select x_source, min(charge_date) as first_date from spend where charge_category = 'Usage' group by all
        ),
        in_weeks as (
            select
                x_source, strftime(newest_date, '%Y-%m') as billing_period, 'the four weeks before' as compared_with,
                is_known, team, project, billing_currency,
                -- A day's cost on average: the two sides have different numbers of days.
                sum(if({is_now}, 0, cast(abs(effective_cost) as double)))
                    / max(least({WEEKS_DAYS}, newest_date - 6 - first_date)) as cost_before,
                sum(if({is_now}, cast(abs(effective_cost) as double), 0)) / 7 as cost_now
            from spend
            join (select x_source, newest_date, is_known from newest_days where is_rebuilt) as newest using (x_source)
            join begun using (x_source)
            where charge_category = 'Usage'
                and charge_date between newest_date - {WEEKS_DAYS + 6} and newest_date
                and first_date <= newest_date - {FEWEST_DAYS + 6}
            group by all
        ),
        published as (
            select
                x_source, billing_period, 'what is published' as compared_with, true as is_known, team, project,
                billing_currency,
                sum(if(is_now, 0, cast(abs(effective_cost) as double))) as cost_before,
                sum(if(is_now, cast(abs(effective_cost) as double), 0)) as cost_now
            from (
                select *, true as is_now from spend union all by name select *, false as is_now from published_spend
            ) as both_sides
            join (from rebuilt_partitions where has_published_rules) as rebuilt using (x_source, billing_period)
            where charge_category = 'Usage' and (x_source, billing_period) in (
                select (x_source, billing_period) from published_spend
            )
            group by all
        ),
        compared as (select * from in_weeks union all by name select * from published),
        shares as (
            {shares}
        ),
        falls as (
            select
                * exclude (all_before, all_now, owned_before, owned_now),
                100 * owned_before / all_before as percent_before, 100 * owned_now / all_now as percent_now,
                all_now as cost_now
            from shares where all_before > 0 and all_now > 0
        ),
        unowned as (
            select
                x_source, compared_with, billing_period, billing_currency,
                sum(if(team = 'unattributed', cost_now - cost_before, 0)) as cost_rise, sum(cost_before) as total
            from compared group by all
        ),
        -- What a team has no more and nobody has instead.
        lost as (
            select
                x_source, billing_period, compared_with, is_known, billing_currency, team as whose,
                'any team' as owner, 100.0 as percent_before,
                100 * greatest(1 - least(any_value(cost_rise) / sum(cost_before), 1), 0) as percent_now,
                sum(cost_now) as cost_now
            from compared join unowned using (x_source, compared_with, billing_period, billing_currency)
            where team <> 'unattributed'
            group by all
            having sum(cost_before) >= {plan.thresholds.completeness.smallest_share} * any_value(total)
                and sum(cost_before) - sum(cost_now) >= {_TEAM_LOSS} * sum(cost_before)
                and any_value(cost_rise) >= {_TEAM_LOSS} * sum(cost_before)
        )
        select
            x_source, billing_period, whose, owner, round(percent_before, 1) as percent_before,
            round(percent_now, 1) as percent_now, billing_currency, compared_with, is_known
        from (select * from falls union all by name select * from lost) as both_kinds
        where percent_before - percent_now > {points}
        order by percent_before - percent_now desc, whose, owner"""
    )
