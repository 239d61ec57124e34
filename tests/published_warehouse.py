"""A small published warehouse written by hand, for whatever reads one: amounts that can be added up on paper.

The digest's week is 2026-W43, 19 to 25 October.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import duckdb

from mlspend.adapters.home import Home

NOW = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)
THIS_WEEK, WEEK_BEFORE = date(2026, 10, 19), date(2026, 10, 12)

# (day, source, currency, project, team, ML stage, effective, billed)
Line = tuple[date, str, str, str, str, str, str, str]

SPEND: tuple[Line, ...] = (
    (THIS_WEEK, "aws", "USD", "recommender", "discovery", "training", "700.10", "650.00"),
    (date(2026, 10, 25), "aws", "USD", "recommender", "discovery", "inference", "199.90", "200.00"),
    (date(2026, 10, 22), "aws", "USD", "fraud-detection", "risk", "inference", "300.00", "300.00"),
    (date(2026, 10, 21), "aws", "USD", "unattributed", "unattributed", "unknown", "50.25", "50.25"),
    (date(2026, 10, 23), "aws", "USD", "fraud-detection", "risk", "unknown", "0.75", "0.75"),
    (WEEK_BEFORE, "aws", "USD", "recommender", "discovery", "training", "500.00", "500.00"),
    (date(2026, 10, 18), "aws", "USD", "recommender", "discovery", "inference", "200.00", "200.00"),
    (date(2026, 10, 14), "aws", "USD", "fraud-detection", "risk", "inference", "350.00", "350.00"),
    (date(2026, 10, 15), "aws", "USD", "unattributed", "unattributed", "unknown", "50.00", "50.00"),
    # Outside both weeks, and what makes the data reach from 1 to 31 October.
    (date(2026, 10, 1), "aws", "USD", "recommender", "discovery", "training", "9999.00", "9999.00"),
    (date(2026, 10, 11), "aws", "USD", "recommender", "discovery", "training", "9999.00", "9999.00"),
    (date(2026, 10, 26), "aws", "USD", "recommender", "discovery", "training", "9999.00", "9999.00"),
    (date(2026, 10, 31), "aws", "USD", "forecasting", "supply-chain", "training", "1.00", "1.00"),
)


def publish_by_hand(
    home: Home,
    spend: Sequence[Line] = SPEND,
    *,
    not_invoiced_from: date = date(2026, 10, 20),
    reconciled_apart: Decimal = Decimal(0),
    newest_delivery: datetime = NOW - timedelta(hours=30),
    restated: Sequence[tuple[str, str, str, str]] = (),
) -> None:
    """Write home.published_warehouse with the marts and ops tables that a digest reads; `spend` one line a row.

    `restated` are changes of September, known a month before to have cost 1,000 USD: when it became known (UTC), kind,
    change of billed cost and of effective cost.
    """
    home.published_warehouse.parent.mkdir(parents=True, exist_ok=True)
    home.published_warehouse.unlink(missing_ok=True)
    with duckdb.connect(str(home.published_warehouse)) as connection:
        connection.execute("create schema marts")
        connection.execute("create schema ops")
        connection.execute(
            """create table marts.daily_spend (
                x_source varchar, billing_account_id varchar, billing_period varchar, charge_date date,
                sub_account_id varchar, provider_name varchar, service_name varchar, charge_category varchar,
                project varchar, team varchar, environment varchar, ml_stage varchar, billing_currency varchar,
                billed_cost decimal(38, 12), effective_cost decimal(38, 12), line_count bigint
            )"""
        )
        for day, source, currency, project, team, ml_stage, effective, billed in spend:
            connection.execute(
                "insert into marts.daily_spend values"
                " (?, '000000000011', ?, ?, '000000000022', 'AWS', 'EC2', 'Usage', ?, ?, 'prod', ?, ?, ?, ?, 1)",
                [source, f"{day:%Y-%m}", day, project, team, ml_stage, currency, Decimal(billed), Decimal(effective)],
            )
        connection.execute(
            """create table marts.billing_periods as
            select
                x_source, billing_account_id, billing_period,
                case when max(charge_date) < ? then last_day(max(charge_date)) + 1 end as final_from
            from marts.daily_spend
            group by all""",
            [not_invoiced_from],
        )
        connection.execute(
            """create table marts.spend_changes (
                billing_period varchar, billing_currency varchar, known_at timestamp, change_kind varchar,
                billed_cost_change decimal(38, 12), effective_cost_change decimal(38, 12)
            )"""
        )
        for known_at, kind, billed, effective in [("2026-09-30", "first", "1000", "1000"), *restated]:
            connection.execute(
                "insert into marts.spend_changes values ('2026-09', 'USD', ?, ?, ?, ?)",
                [known_at, kind, Decimal(billed), Decimal(effective)],
            )
        connection.execute(
            """create table marts.reconciliation as
            select
                x_source, billing_account_id, billing_period, billing_currency, sum(billed_cost) as landed_billed_cost,
                sum(billed_cost) - $apart as daily_spend_billed_cost, $apart as largest_difference,
                $apart < 0.01 as is_reconciled
            from marts.daily_spend group by all""",
            {"apart": reconciled_apart},
        )
        connection.execute(
            """create table marts.data_quality as
            select 'b7' as build_id, n <> 3 as is_success, true as is_evaluated, 'check_' || n as expectation,
                'warning' as severity
            from range(41) as r(n)
            union all
            select 'b6', false, true, 'check_of_old', 'warning'"""
        )
        connection.execute(
            """create table ops.publications as
            select 'b7' as build_id, true as is_current, timestamp '2026-11-02 07:30:00' as published_at
            union all
            select 'b6', false, timestamp '2026-11-02 07:45:00'"""
        )
        connection.execute(
            """create table ops.deliveries as
            select * from (values
                ('aws', cast(? as timestamp), timestamp '2026-11-01', 500),
                ('aws', timestamp '2026-10-02', timestamp '2026-10-03', 600),
                ('aws', timestamp '2026-10-19', timestamp '2026-10-19', 1000000),
                ('aws', timestamp '2026-10-25', timestamp '2026-10-25 23:59:59', 234000),
                ('aws', timestamp '2026-11-02', null, null)
            ) as t(source, delivered_at, landed_at, byte_count)""",
            [newest_delivery.replace(tzinfo=None)],
        )
        connection.execute(
            """create table ops.api_calls as
            select * from (values
                (timestamp '2026-10-18 23:59:59', 9, cast(9 as decimal(38, 12))),
                (timestamp '2026-10-19', 2, 0.02),
                (timestamp '2026-10-25 23:59:59', 3, null),
                (timestamp '2026-10-26', 9, 9)
            ) as t(called_at, call_count, estimated_cost)"""
        )
        connection.execute(
            # Whole are all days but 31 October, while it is the newest.
            """create table marts.complete_sources as
            select
                x_source, max(charge_date) as last_usage_date,
                case
                    when max(charge_date) = date '2026-10-31' then date '2026-10-30' else max(charge_date)
                end as last_complete_date
            from marts.daily_spend group by all"""
        )


def add_outlook(home: Home) -> None:
    """Add what other marts hold of the digest's week: anomalies, use per day, forecasts and budgets of October."""
    with duckdb.connect(str(home.published_warehouse)) as connection:
        connection.execute(
            """create table marts.anomalies as
            select
                'USD' as billing_currency, 'recommender' as project, 'discovery' as team, 'EC2' as service_name,
                'BoxUsage:p4d.24xlarge' as usage_type, cast(190 as decimal(38, 12)) as excess_cost,
                'quantity' as cause, 'us-east-1' as cause_detail, date '2026-10-19' as first_date,
                date '2026-10-20' as last_date
            union all
            select
                'USD', 'recommender', 'discovery', 'EC2', 'BoxUsage:old', 9999, 'price', null,
                date '2026-10-10', date '2026-10-19'"""
        )
        connection.execute(
            """create table marts.daily_usage as
            select
                charge_date, project, team, service_name, billing_currency, effective_cost,
                'usage of ' || ml_stage as usage_type
            from marts.daily_spend"""
        )
        connection.execute(
            """create table marts.forecast as
            select * from (values
                ('company', '', 21000.5, 23000.25, 22000.0, 24000.0, null),
                ('team', 'risk', 650.75, null, null, null, 'not enough evidence')
            ) as t(scope, scope_name, cost_to_date, forecast_cost, forecast_low_cost, forecast_high_cost, reason)
            cross join (select 'USD' as billing_currency, '2026-10' as month, date '2026-10-30' as as_of_date)"""
        )
        connection.execute(
            """create table marts.budgets as
            select * from (values
                ('all of it', 'company', '', '', 20000.0, 21000.5, 'burst'),
                ('fraud', 'project', 'fraud-detection', 'risk', 1000.0, 650.75, 'on_track')
            ) as t(budget, scope, scope_name, team, budget_cost, cost_to_date, status)
            cross join (
                select
                    'USD' as billing_currency, '2026-10' as month, date '2026-10-30' as as_of_date,
                    cast(null as decimal(38, 12)) as projected_over_cost,
                    cast(null as date) as exhausted_date, cast(null as varchar) as reason
            )"""
        )


def add_savings(home: Home) -> None:
    """Add the tables of later releases: four open findings, one that is not, savings, a unit's cost."""
    with duckdb.connect(str(home.published_warehouse)) as connection:
        connection.execute(
            """create table marts.findings as
            select
                'f' || n as finding_id, 'USD' as billing_currency, 'fraud-detection' as project, 'risk' as team,
                'finding ' || n as title, 'Do it.' as remedy, cast(n * 10 as decimal(38, 12)) as net_saving_cost,
                n < 5 as is_open
            from range(1, 6) as r(n)"""
        )
        connection.execute(
            """create table marts.verified_savings as
            select * from (values
                ('risk', date '2026-10-19', 100.5), ('discovery', date '2026-10-25', 20), ('risk', date '2026-10-26', 7)
            ) as t(team, verified_date, saved_cost)
            cross join (select 'USD' as billing_currency)"""
        )
        connection.execute(
            """create table marts.unit_costs as
            select
                'USD' as billing_currency, '1,000 predictions' as unit, date '2026-10-19' as week_start_date,
                cast(0.25 as decimal(38, 12)) as unit_cost, cast(0.2 as decimal(38, 12)) as unit_cost_before"""
        )
