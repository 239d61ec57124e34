"""Lines that grow too old go, what they add up to stays to the last digit, and it ends there: through real builds."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from mlspend.adapters import pipeline, publication
from mlspend.adapters.config import Config
from mlspend.adapters.config_model import Project, Retention, Team
from mlspend.adapters.home import Home
from mlspend.adapters.ledger import Ledger
from mlspend.core.deliveries import Build
from tests.focus_csv import focus_line, write_focus_csv
from tests.handmade_build import prove_by_hand

NOW = datetime(2026, 10, 5, 6, tzinfo=UTC)
DAY = timedelta(days=1)
TWO_MONTHS = Retention(line_months=2, publications=1)
MONTHLY = "select * from marts.monthly_spend order by all"
RECONCILED = "select * from marts.reconciliation order by all"
CHANGES = "select * from marts.spend_changes order by all"

pytestmark = pytest.mark.usefixtures("warm_builds")


def tell(_words: str) -> None:
    """Nobody listens."""


def config(retention: Retention, alias: str = "rec") -> Config:
    projects = (Project(name="recommender", aliases=(alias,), team="discovery"),)
    return Config(company="Test", sources=(), projects=projects, teams=(Team(name="discovery"),), retention=retention)


@pytest.fixture
def ledger(home: Home) -> Iterator[Ledger]:
    with Ledger.open(home) as opened:
        yield opened


def deliver(home: Home, period: str, cost: str, now: datetime) -> None:
    lines = [focus_line(period, day, cost, {"project": "rec"} if day % 2 else {}) for day in range(1, 6)]
    file = write_focus_csv(home.root / "exports" / f"{period}.csv", lines)
    os.utime(file, (now.timestamp(), now.timestamp()))


def land(home: Home, ledger: Ledger, settings: Config, now: datetime) -> list[str]:
    """Return the billing periods that were landed."""
    limits = settings.retention.limits(now)
    landed = pipeline.land("cloud", str(home.root / "exports"), home, ledger, now=now, tell=tell, limits=limits)
    landed.raise_rejections()
    return [receipt.delivery.period for receipt in landed.receipts]


def publish(home: Home, ledger: Ledger, settings: Config, now: datetime, *, is_proved: bool = False) -> Build:
    """Build and publish; `is_proved` asks all expectations, else they are taken to be green."""
    assert pipeline.awaits_publication(home, settings, ledger, now=now)
    if is_proved:
        build = pipeline.build(home, settings, ledger, now=now, tell=tell)
        pipeline.publish(home, ledger, now=now, tell=tell, retention=settings.retention)
        return build
    build = pipeline.make_build(home, settings, ledger, publication.read_published(home), now=now)
    prove_by_hand(build)
    publication.publish(build, home, ledger, now=now, retention=settings.retention)
    return build


def ask(home: Home, query: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(home.published_warehouse), read_only=True) as connection:
        return connection.execute(query).fetchall()


def periods(home: Home, table: str) -> list[str]:
    return [each for (each,) in ask(home, f"select distinct billing_period from {table} order by all")]


def on_disk(folder: Path) -> set[str]:
    """The billing periods that have files anywhere below the folder."""
    return {part[-7:] for path in folder.rglob("*.parquet") for part in path.parts if part[-7:-3] == "2026"}


def let_time_pass(home: Home) -> None:
    for path in [*home.lake.rglob("*"), *home.builds.rglob("*")]:
        os.utime(path, (NOW.timestamp(), NOW.timestamp()))


def test_lines_go_sums_stay_and_an_old_month_can_still_be_restated(home: Home, ledger: Ledger) -> None:
    settings = config(TWO_MONTHS)
    for month, cost in ((7, "0.07"), (8, "0.000000000008"), (9, "9"), (10, "10")):
        deliver(home, f"2026-{month:02d}", cost, NOW)
    assert len(land(home, ledger, settings, NOW)) == 4
    first = publish(home, ledger, settings, NOW)
    assert len(first.rebuilt) == 4
    assert periods(home, "marts.focus_costs") == ["2026-07", "2026-08", "2026-09", "2026-10"], "sums are made first"
    before = [ask(home, query) for query in (MONTHLY, RECONCILED, CHANGES)]

    second = publish(home, ledger, settings, NOW + DAY, is_proved=True)
    assert second.rebuilt == ()
    assert [one.has_lines for one in second.partitions] == [False, False, True, True]
    for table in ("marts.focus_costs", "marts.allocated_costs", "marts.daily_spend"):
        assert periods(home, table) == ["2026-09", "2026-10"], table
    assert [ask(home, query) for query in (MONTHLY, RECONCILED, CHANGES)] == before

    def is_settled(now: datetime) -> bool:
        return (
            land(home, ledger, settings, now) == []
            and not pipeline.awaits_publication(home, settings, ledger, now=now)
            and pipeline.make_build(home, settings, ledger, publication.read_published(home), now=now).is_unchanged
        )

    assert is_settled(NOW + DAY)
    let_time_pass(home)

    # July is delivered again, and the rules change: August stays as it was attributed.
    deliver(home, "2026-07", "0.17", NOW + 3 * DAY)
    settings = config(TWO_MONTHS, alias="other")
    assert land(home, ledger, settings, NOW + 3 * DAY) == ["2026-07"]
    third = publish(home, ledger, settings, NOW + 3 * DAY)
    assert [one.billing_period for one in third.rebuilt] == ["2026-07", "2026-09", "2026-10"]
    owners = "select billing_period, project, sum(billed_cost) from marts.monthly_spend group by all order by all"
    shown = {(period, project): cost for period, project, cost in ask(home, owners)}
    assert shown["2026-07", "unattributed"] == Decimal("0.85")
    assert shown["2026-08", "recommender"] == Decimal("0.000000000024")
    assert ("2026-09", "recommender") not in shown
    july = "select sum(billed_cost) from marts.spend_as_known_on(timestamp '{}') where billing_period = '2026-07'"
    assert ask(home, july.format("2026-10-06")) == [(Decimal("0.35"),)]
    assert ask(home, july.format("2026-10-08 12:00")) == [(Decimal("0.85"),)]

    fourth = publish(home, ledger, settings, NOW + 5 * DAY)
    assert (fourth.rebuilt, [one.has_lines for one in fourth.partitions]) == ((), [False, False, True, True])
    assert {row[0] for row in ask(home, owners)} == {"2026-07", "2026-08", "2026-09", "2026-10"}
    assert is_settled(NOW + 5 * DAY)

    # A day after nobody can open a state that names them, the old lines are off the disk.
    let_time_pass(home)
    for day in (7, 9):
        publication.publish(fourth, home, ledger, now=NOW + day * DAY, retention=TWO_MONTHS)
    assert on_disk(home.lake) == {"2026-09", "2026-10"}
    assert on_disk(home.landing) == {"2026-09", "2026-10"}
    assert is_settled(NOW + 10 * DAY)
    assert [row["status"] for row in ledger.deliveries() if row["billing_period"] == "2026-08"] == ["published"]

    # An empty ledger is filled from the receipts: what is held as sums only does not seem to have vanished.
    for file in home.root.glob("state.db*"):
        file.unlink()
    with Ledger.open(home) as filled:
        assert {row["billing_period"] for row in filled.deliveries()} == {"2026-07", "2026-08", "2026-09", "2026-10"}
        assert land(home, filled, settings, NOW + 10 * DAY) == []
        assert not pipeline.awaits_publication(home, settings, filled, now=NOW + 10 * DAY)


def test_sums_can_go_too_and_lines_come_back_when_more_are_wanted(home: Home, ledger: Ledger) -> None:
    settings = config(Retention(line_months=1, sum_months=2))
    for month in (8, 9, 10):
        deliver(home, f"2026-{month:02d}", "1", NOW)
    assert land(home, ledger, settings, NOW) == ["2026-09", "2026-10"], "what is kept in no form is not landed"
    everything = config(Retention(line_months=2))
    assert land(home, ledger, everything, NOW) == ["2026-08"]
    publish(home, ledger, everything, NOW)
    settled = publish(home, ledger, settings, NOW + 2 * DAY)
    assert [(one.billing_period, one.has_lines) for one in settled.partitions] == [
        ("2026-09", False),
        ("2026-10", True),
    ]
    for table in ("monthly_spend", "reconciliation", "spend_changes"):
        assert periods(home, f"marts.{table}") == ["2026-09", "2026-10"], table
    assert not pipeline.awaits_publication(home, settings, ledger, now=NOW + 2 * DAY)
    assert land(home, ledger, settings, NOW + 2 * DAY) == []
    assert on_disk(home.landing) == {"2026-08", "2026-09", "2026-10"}, "one may think better of it for a day"
    publication.publish(settled, home, ledger, now=NOW + 4 * DAY, retention=settings.retention)
    assert on_disk(home.landing) == {"2026-10"}

    assert not pipeline.awaits_publication(home, config(Retention(line_months=2)), ledger, now=NOW + 2 * DAY)
    assert land(home, ledger, config(Retention(line_months=2)), NOW + 2 * DAY) == ["2026-08", "2026-09"]
    back = publish(home, ledger, config(Retention(line_months=3)), NOW + 2 * DAY)
    assert all(one.has_lines for one in back.partitions)
    assert periods(home, "marts.focus_costs") == ["2026-08", "2026-09", "2026-10"]


def test_a_lost_published_file_is_made_again_from_what_is_landed_and_what_the_export_still_holds(
    home: Home, ledger: Ledger, caplog: pytest.LogCaptureFixture
) -> None:
    settings = config(Retention(line_months=1))
    for month in (9, 10):
        deliver(home, f"2026-{month:02d}", "1", NOW)
    land(home, ledger, settings, NOW)
    publish(home, ledger, settings, NOW)
    settled = publish(home, ledger, settings, NOW + 2 * DAY)
    publication.publish(settled, home, ledger, now=NOW + 4 * DAY, retention=settings.retention)
    assert on_disk(home.landing) == {"2026-10"}
    home.published_warehouse.unlink()
    lost = pipeline.warehouse.compare(
        home, settings, pipeline.receipts_that_count(settings, ledger), None, now=NOW + 2 * DAY
    )
    assert [one.billing_period for one in lost.partitions] == ["2026-10"]
    assert "billing period 2026-09: the landed lines of version" in caplog.text
    assert land(home, ledger, settings, NOW + 2 * DAY) == ["2026-09"]
    again = publish(home, ledger, settings, NOW + 2 * DAY)
    assert [one.billing_period for one in again.rebuilt] == ["2026-09", "2026-10"]
