"""Restating one month costs the same however many months stand beside it: the same files are opened and written."""

import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from mlspend.adapters import pipeline
from mlspend.adapters.config import Config
from mlspend.adapters.config_model import Retention
from mlspend.adapters.home import Home
from mlspend.adapters.ledger import Ledger
from tests.aws_exports import cur2_line, write_data_export
from tests.opened_files import watch_opened_files

NOW = datetime(2026, 11, 4, 6, tzinfo=UTC)
RESTATED = "2026-10"
CONFIG = Config(company="Test", sources=(), retention=Retention(line_months=40))

pytestmark = pytest.mark.usefixtures("warm_builds")


def tell(_words: str) -> None:
    """Nobody listens."""


def last_periods(count: int) -> list[str]:
    first = date(2026, 10, 1)
    months = (first.year * 12 + first.month - 1 - back for back in range(count))
    return [f"{month // 12}-{month % 12 + 1:02d}" for month in months]


def deliver(home: Home, period: str, execution: str, *, lines: int) -> None:
    hours = [f"{period}-{1 + number % 5:02d} {number % 23:02d}" for number in range(lines)]
    write_data_export(
        home.root / "exports",
        [
            cur2_line(
                bill_billing_period_start_date=f"{period}-01 00:00:00",
                line_item_usage_start_date=f"{hour}:00:00",
                line_item_usage_end_date=f"{hour}:59:59",
                resource_tags={"user_project": "recommender"} if hour.endswith("0") else {},
            )
            for hour in hours
        ],
        period=period,
        execution=execution,
        parts=2,
    )


def run(home: Home, ledger: Ledger, now: datetime) -> None:
    pipeline.land("aws", str(home.root / "exports"), home, ledger, now=now, tell=tell).raise_rejections()
    pipeline.build(home, CONFIG, ledger, now=now, tell=tell)
    pipeline.publish(home, ledger, now=now, tell=tell)


def touched_by_a_restatement(home: Home, months: int) -> tuple[set[str], set[str]]:
    """Return what a restatement opens of the files that stood there, and what it writes, without ids of builds."""
    for period in last_periods(months):
        deliver(home, period, "exec-1", lines=200)
    with Ledger(f"sqlite:///{home.root / 'state.db'}") as ledger:
        ledger.migrate()
        run(home, ledger, NOW)
        deliver(home, RESTATED, "exec-2", lines=190)
        before = {path for path in home.root.rglob("*") if path.is_file()}
        with watch_opened_files(home.lake) as opened_lake, watch_opened_files(home.landing) as opened_landed:
            run(home, ledger, NOW + timedelta(hours=1))
    written = {path for path in home.root.rglob("*") if path.is_file()} - before

    def name(path: Path) -> str:
        # DuckDB's threads share landed lines out as they come: a file each.
        return re.sub(r"\d{8}T\d{6}\.\d+Z|(?<=lines-)\d+", "…", str(path.relative_to(home.root)))

    return {name(path) for path in opened_lake | opened_landed}, {name(path) for path in written}


def test_restating_one_of_36_months_opens_and_writes_what_it_does_with_three(tmp_path: Path) -> None:
    """The checks hold a month against the five weeks before it, so one more month is opened, and no further one."""
    among_few = touched_by_a_restatement(Home(tmp_path / "few"), 3)
    among_many = touched_by_a_restatement(Home(tmp_path / "many"), 36)
    assert among_many == among_few
    opened, written = among_few
    assert any("billing_period=2026-10" in path for path in written)
    months = {month for month in last_periods(3) for path in opened if month in path}
    assert months == {RESTATED, "2026-09"}
    of_landing = {path for path in opened if path.startswith("landing/")}
    assert all(RESTATED in path for path in of_landing - {"landing/.incoming/lock", "landing/.settled.lock"})
