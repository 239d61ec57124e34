"""Weeks of use written by hand, and asked by the checks that compare them with what was there before.

No build and no file but that of what is published: a variant is a few SQL statements and takes a tenth of a second.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb

from expectations import completeness, drift, measures
from expectations.measures_completeness import measure_completeness
from expectations.measures_drift import measure_drift
from mlspend.core.check_thresholds import DEFAULT_THRESHOLDS, Thresholds
from mlspend.core.proof_plan import CheckedPartition, ProofPlan

# Sundays: weeks end with the newest complete day.
NEWEST = date(2026, 10, 25)
BEGIN = NEWEST - timedelta(days=55)
PERIODS = ("2026-09", "2026-10")
BUILD = "b2"

_COLUMNS = """
    x_source varchar, billing_period varchar, charge_date date, billing_account_id varchar, sub_account_id varchar,
    provider_name varchar, service_name varchar, x_usage_type varchar, sku_meter varchar, sku_id varchar,
    sku_price_id varchar, region_id varchar, pricing_category varchar, pricing_unit varchar, pricing_quantity double,
    project varchar, team varchar, is_shared_cost boolean, charge_category varchar, charge_class varchar,
    billing_currency varchar, list_cost decimal(38, 12), effective_cost decimal(38, 12),
    x_list_cost_provenance varchar"""

# Three accounts with three services each: one large, one small, one below one percent of the money.
_USE = """
    insert into lines
    select
        source, strftime(day, '%Y-%m'), day, '000000000011', account, 'AWS', service, service || ':hour', null, null,
        service || '-sku', 'us-east-1', 'Standard', 'Hrs', 1.0, project, team, false, 'Usage', null, 'USD', cost, cost,
        'public_on_demand_cost'
    from (select unnest(?) as source) as sources
    cross join range(0, 56) as days(n)
    cross join (values
        ('account-a', 'chatbot', 'assistants', 10.0), ('account-b', 'ranking', 'search', 5.0),
        ('account-c', 'unattributed', 'unattributed', 1.0)
    ) as accounts(account, project, team, size)
    cross join (values ('EC2', 1.0, 24), ('S3', 0.25, 12), ('SNS', 0.001, 12)) as services(service, price, hours)
    cross join range(0, 24) as hours(hour),
    lateral (select date '{begin}' + cast(n as integer) as day) as dates,
    -- The same number between 0 and 1 at every call.
    lateral (select hash(source, day, account, service, hour) / 18446744073709551615.0 as chance) as chances,
    lateral (select cast(round(size * price * (0.8 + 0.4 * chance), 6) as decimal(38, 12)) as cost) as costs
    where hour < services.hours"""


def weeks(session: duckdb.DuckDBPyConnection, sources: Sequence[str] = ("aws",)) -> None:
    """Create `lines`: eight stationary weeks up to NEWEST, others for each source but always the same."""
    session.execute(f"create or replace table lines ({_COLUMNS})")
    session.execute(_USE.format(begin=BEGIN), [list(sources)])


def publish(file: Path, changes: Sequence[str] = ()) -> Path:
    """Write a warehouse file in which those weeks are published, after the statements `changes`."""
    with duckdb.connect(str(file)) as connection:
        weeks(connection)
        for change in changes:
            connection.execute(change)
        connection.execute("create schema marts")
        connection.execute(f"create table marts.daily_spend as {_DAILY}")
        connection.execute("drop table lines")
    return file


_DAILY = """
    select
        x_source, billing_period, charge_date, billing_account_id, sub_account_id, provider_name, service_name, project,
        team, is_shared_cost, charge_category, billing_currency, count(*) as line_count,
        sum(effective_cost) as effective_cost
    from lines group by all"""


def red(
    published: Path | None,
    changes: Sequence[str] = (),
    *,
    rebuilt: Sequence[str] = ("2026-10",),
    newest: date = NEWEST,
    has_published_rules: bool = True,
    sources: Sequence[str] = ("aws",),
    thresholds: Thresholds = DEFAULT_THRESHOLDS,
) -> dict[str, tuple[str, list[dict[str, Any]]]]:
    """Return check → its effect and the unexpected rows, of a build of those weeks after the statements `changes`."""
    with duckdb.connect() as session:
        weeks(session, sources)
        session.execute("attach ':memory:' as warehouse")
        session.execute("create schema warehouse.marts")
        session.execute(
            "create table warehouse.marts.spend_changes (x_source varchar, billing_period varchar,"
            " billing_currency varchar, charge_date date, line_count_change bigint, billed_cost_change decimal(38, 12),"
            " effective_cost_change decimal(38, 12), change_kind varchar, build_id varchar)"
        )
        for change in changes:
            session.execute(change)
        session.execute(f"create table warehouse.marts.daily_spend as {_DAILY}")
        session.execute("create table warehouse.marts.focus_costs as from lines")
        session.execute(
            "create table warehouse.marts.attributed_costs as"
            " select *, coalesce(x_usage_type, sku_meter) as usage_type from lines"
        )
        session.execute(
            f"""create table warehouse.marts.complete_sources as
            select x_source, least(last_day(max(charge_date)), date '{newest}') as last_complete_date
            from lines group by all"""
        )
        partitions = tuple(
            CheckedPartition(source, period, "aws_cur", "", (), (), (), has_published_rules=has_published_rules)
            for source in sources
            for period in rebuilt
        )
        plan = ProofPlan(partitions, (), {}, BUILD, str(published or ""), thresholds)
        measures.prepare(session, plan)
        measure_completeness(session, plan)
        measure_drift(session, plan)
        return _unexpected(session)


def _unexpected(session: duckdb.DuckDBPyConnection) -> dict[str, tuple[str, list[dict[str, Any]]]]:
    found = {}
    for asset, expectations in (completeness.suites() | drift.suites()).items():
        for expectation in expectations:
            rows = session.execute(expectation.unexpected_rows_query.replace("{batch}", asset))
            names = [column[0] for column in rows.description or []]
            if unexpected := [dict(zip(names, row, strict=True)) for row in rows.fetchall()]:
                found[expectation.meta["rule"]] = (expectation.meta["effect"], unexpected)
    return found
