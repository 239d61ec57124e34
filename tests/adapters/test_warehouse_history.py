"""The log of how spend became what it is, and the sums that outlive their lines: through dbt, build upon build."""

import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import duckdb
import pytest

from mlspend.adapters import warehouse
from mlspend.adapters.build_inputs import NOTHING_ELSE
from mlspend.adapters.config import Config
from mlspend.adapters.home import Home
from mlspend.core.deliveries import Build, Publication, Receipt
from mlspend.core.errors import BuildFailed
from tests.landed_by_hand import NOW, ask, land, line, publish

CONFIG = Config(company="Test", sources=())

BY_DAY = """
    select billing_period, charge_date, sub_account_id, service_name, charge_category, billing_currency,
        sum(billed_cost), sum(effective_cost), sum(line_count)
    from {} group by all order by all
"""
PUBLISHED = BY_DAY.format("marts.daily_spend")

pytestmark = pytest.mark.usefixtures("warm_builds")


class Company:
    """A company's warehouse through time: each state is built upon the one published before."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.published: Publication | None = None

    def publish(self, now: datetime, *receipts: Receipt) -> Build:
        build = warehouse.build(self.home, CONFIG, receipts, self.published, now=now)
        self.published = publish(self.home, build, self.published, now=now + timedelta(minutes=5))
        return build

    def expire(self, period: str) -> None:
        """The lines of the period have been let go, as `edit` did with what its sums do not need."""
        assert self.published
        old = [replace(each, has_lines=each.billing_period != period) for each in self.published.partitions]
        self.published = replace(self.published, partitions=tuple(old))

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        return ask(self.home.published_warehouse, sql)

    def kinds(self, build: Build) -> list[tuple[Any, ...]]:
        """What the build logged: kind, day of the month and change of billed cost."""
        return self.ask(
            f"""select billing_period, change_kind, day(charge_date), billed_cost_change from marts.spend_changes
            where build_id = '{build.build_id}' order by all"""
        )

    def edit(self, sql: str) -> None:
        with duckdb.connect(str(self.home.published_warehouse)) as connection:
            connection.execute(sql)


@pytest.fixture
def company(home: Home) -> Company:
    return Company(home)


def at(day: str) -> datetime:
    return datetime.fromisoformat(f"{day}T06:00").replace(tzinfo=UTC)


def days(*costs: tuple[str, str], account: str = "098765432109") -> list[dict[str, Any]]:
    return [line(day, cost, line_item_usage_account_id=account) for day, cost in costs]


def tax(month: str, cost: str) -> dict[str, Any]:
    """Tax is one line for the whole month, which grows with it."""
    end = {"line_item_usage_end_date": f"{month}-30 23:59:59", "line_item_line_item_type": "Tax"}
    return line(f"{month}-01", cost, line_item_tax_type="VAT", **end)


def test_a_month_is_delivered_day_by_day_restated_withdrawn_and_comes_back(company: Company) -> None:
    home = company.home
    known: list[tuple[datetime, Any]] = []

    def step(now: datetime, *receipts: Receipt) -> list[tuple[Any, ...]]:
        build = company.publish(now, *receipts)
        known.append((now, company.ask(PUBLISHED)))
        return company.kinds(build)

    ended = land(home, days(("2026-08-31", "9")), "2026-08", "a1")
    first = land(home, [*days(("2026-09-01", "10"), ("2026-09-02", "4")), tax("2026-09", "1.4")], "2026-09", "s1")
    assert step(at("2026-09-03"), ended, first) == [
        ("2026-08", "first", 31, Decimal(9)),
        ("2026-09", "first", 1, Decimal("1.4")),
        ("2026-09", "first", 1, Decimal(10)),
        ("2026-09", "first", 2, Decimal(4)),
    ]
    # No file of an earlier build is opened again.
    shutil.rmtree(next((home.lake / "focus_costs").glob("*/*/billing_period=2026-09")))
    growing = [("2026-09-01", "10"), ("2026-09-02", "6"), ("2026-09-03", "5")]
    second = land(home, [*days(*growing), tax("2026-09", "2.1")], "2026-09", "s2")
    assert step(at("2026-09-04"), ended, second) == [
        ("2026-09", "new_day", 3, Decimal(5)),
        ("2026-09", "newest_day", 2, Decimal(2)),
        ("2026-09", "open_month", 1, Decimal("0.7")),
    ]
    whole = [*growing, ("2026-09-30", "7")]
    lines = [*days(*whole), *days(("2026-09-01", "3"), account="000000000022"), tax("2026-09", "3.1")]
    third = land(home, lines, "2026-09", "s3")
    october = land(home, days(("2026-10-01", "8")), "2026-10", "o1")
    assert step(at("2026-10-02"), ended, third, october) == [
        ("2026-09", "new_day", 30, Decimal(7)),
        ("2026-09", "open_month", 1, Decimal(1)),
        ("2026-09", "restated", 1, Decimal(3)),
        ("2026-10", "first", 1, Decimal(8)),
    ]
    # The closed month is restated: it shrinks, an account is dropped, tax is corrected; its last day is no newest day.
    closed = [("2026-09-01", "10"), ("2026-09-02", "1.5"), ("2026-09-30", "7.25")]
    fourth = land(home, [*days(*closed), tax("2026-09", "2.9")], "2026-09", "s4")
    assert step(at("2026-10-05"), ended, fourth, october) == [
        ("2026-09", "restated", 1, Decimal(-3)),
        ("2026-09", "restated", 1, Decimal("-0.2")),
        ("2026-09", "restated", 2, Decimal("-4.5")),
        ("2026-09", "restated", 3, Decimal(-5)),
        ("2026-09", "restated", 30, Decimal("0.25")),
    ]
    assert step(at("2026-10-06"), ended, october) == [
        ("2026-09", "withdrawn", 1, Decimal(-10)),
        ("2026-09", "withdrawn", 1, Decimal("-2.9")),
        ("2026-09", "withdrawn", 2, Decimal("-1.5")),
        ("2026-09", "withdrawn", 30, Decimal("-7.25")),
    ]
    assert {row[1] for row in step(at("2026-10-07"), ended, fourth, october)} == {"restated"}

    for moment, state in known:
        for seconds in (0, 3600):
            then = f"marts.spend_as_known_on(timestamp '{moment + timedelta(seconds=seconds):%Y-%m-%d %H:%M:%S}')"
            assert company.ask(BY_DAY.format(then)) == state
    assert company.ask("from marts.spend_as_known_on(timestamp '2026-09-03 05:59')") == []
    assert company.ask(
        "select distinct known_at::varchar, from_version, to_version from marts.restatements order by all"
    ) == [
        ("2026-10-02 06:00:00", "s2", "s3"),
        ("2026-10-05 06:00:00", "s3", "s4"),
        ("2026-10-06 06:00:00", "s4", None),
        ("2026-10-07 06:00:00", None, "s4"),
    ]
    (net,) = company.ask("select sum(billed_cost_change) from marts.restatements where known_at >= '2026-10-06'")
    assert net == (0,)


TABLES = ("daily_spend", "monthly_spend", "reconciliation", "spend_changes", "data_quality")


def test_a_warehouse_of_an_earlier_schema_gets_its_history(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    home = company.home
    september = land(home, days(("2026-09-01", "2.20")), "2026-09", "s1")
    october = land(home, days(("2026-10-01", "3.30")), "2026-10", "o1")
    monkeypatch.setattr(warehouse, "SCHEMA_VERSION", "1.0")
    company.publish(at("2026-11-02"), september, october)
    company.edit(
        """drop view marts.restatements; drop macro table marts.spend_as_known_on; drop table marts.spend_changes;
        drop table marts.monthly_spend; alter table marts.reconciliation drop column monthly_spend_billed_cost;
        alter table marts.reconciliation drop column monthly_spend_effective_cost;
        insert into marts.data_quality (build_id, layer) values ('b0', 'focus')"""
    )
    # A minor change: every period gets what is new; the log begins.
    monkeypatch.setattr(warehouse, "SCHEMA_VERSION", "1.1")
    november = land(home, days(("2026-11-01", "4.40")), "2026-11", "n1")
    build = company.publish(at("2026-11-10"), september, october, november)
    assert len(build.rebuilt) == 3
    assert company.ask("select billing_period, billed_cost from marts.monthly_spend order by all") == [
        ("2026-09", Decimal("2.20")),
        ("2026-10", Decimal("3.30")),
        ("2026-11", Decimal("4.40")),
    ]
    assert {(row[0], row[1]) for row in company.kinds(build)} == {
        (period, "first") for period in ("2026-09", "2026-10", "2026-11")
    }
    assert company.ask("select count(*) from marts.reconciliation where monthly_spend_billed_cost is not null") == [
        (3,)
    ]
    # A major change, after the lines of September were let go: the history is all there still.
    company.edit("alter table marts.spend_changes add column gone varchar; alter table marts.monthly_spend drop team")
    company.edit("delete from marts.daily_spend where billing_period = '2026-09'")
    company.expire("2026-09")
    (home.landing / september.landed_files[0]).unlink()
    monkeypatch.setattr(warehouse, "SCHEMA_VERSION", "2.0")
    held = replace(NOTHING_ELSE, held_back=frozenset({("aws", "2026-10")}))
    with pytest.raises(BuildFailed, match="billing period 2026-10: the gates hold the newest delivery back"):
        warehouse.build(home, CONFIG, [september, october, november], company.published, now=NOW, inputs=held)
    build = company.publish(at("2026-11-11"), september, october, november)
    assert company.kinds(build) == []
    periods = {t: company.ask(f"select count(distinct billing_period) from marts.{t}") for t in TABLES[:-1]}
    assert periods == {
        "daily_spend": [(2,)],
        "monthly_spend": [(3,)],
        "reconciliation": [(3,)],
        "spend_changes": [(3,)],
    }
    assert company.ask("select team from marts.monthly_spend order by billing_period") == [
        (None,),
        ("unattributed",),
        ("unattributed",),
    ]
    assert company.ask("select layer from marts.data_quality where build_id = 'b0'") == [("focus",)]
    assert company.ask("from duckdb_columns() where column_name = 'gone'") == []


def test_sums_and_history_outlive_lines_that_expire_and_go_with_a_period_that_vanishes(company: Company) -> None:
    home = company.home
    july = land(home, days(("2025-07-01", "1")), "2025-07", "j1")
    august = land(home, days(("2025-08-01", "2")), "2025-08", "a1")
    october = land(home, days(("2026-10-01", "3")), "2026-10", "o1")
    company.publish(at("2026-11-02"), july, august, october)
    build = company.publish(at("2026-11-03"), july, october)
    assert {row[:2] for row in company.kinds(build)} == {("2025-08", "withdrawn")}
    periods = "select list(distinct billing_period order by billing_period) from marts."
    held = {table: company.ask(periods + table)[0][0] for table in TABLES[:3]}
    assert held == {
        "daily_spend": ["2026-10"],
        "monthly_spend": ["2025-07", "2026-10"],
        "reconciliation": ["2025-07", "2026-10"],
    }
    known = "select billing_period, sum(billed_cost) from marts.spend_as_known_on(timestamp '2026-11-03 12:00')"
    assert company.ask(f"{known} group by all order by all") == [("2025-07", 1), ("2026-10", 3)]
