"""Restating one month costs the same however many months stand beside it: the same files are opened and written."""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb

from mlspend.adapters import config, example_company, pipeline
from mlspend.adapters.home import PROJECT_ROOT, Home
from mlspend.adapters.ledger import Ledger
from tests.opened_files import watch_opened_files

NOW = datetime(2026, 11, 4, 6, tzinfo=UTC)
RESTATED = "2026-10"


def tell(_words: str) -> None:
    """Nobody listens."""


def restate(home: Home) -> None:
    """Deliver the month again under a new execution id, without some of its lines."""
    manifest = next((home.root / "exports").rglob(f"BILLING_PERIOD={RESTATED}/*Manifest.json"))
    content = json.loads(manifest.read_text())
    content["executionId"] = "00000000-restated"
    for part in (home.root / "exports").rglob(f"data/BILLING_PERIOD={RESTATED}/*.parquet"):
        shorten(part)
    manifest.write_text(json.dumps(content))


def shorten(part: Path) -> None:
    with duckdb.connect() as connection:
        # Usage only: lines of commitments hang together, and a bill without one of them would not reconcile.
        left_out = "line_item_line_item_type = 'Usage' and rowid % 100 = 0"
        connection.execute(f"create table lines as from '{part}'; delete from lines where {left_out}")
        connection.execute(f"copy lines to '{part}' (format parquet)")


def run(home: Home, ledger: Ledger, now: datetime) -> str:
    settings = config.load(PROJECT_ROOT / "config" / "mlspend.yml")
    settings = settings.model_copy(update={"retention": settings.retention.model_copy(update={"line_months": 40})})
    source = settings.source("aws")
    pipeline.land(source.name, source.location_in(home), home, ledger, now=now, tell=tell).raise_rejections()
    made = pipeline.build(home, settings, ledger, now=now, tell=tell)
    pipeline.publish(home, ledger, now=now, tell=tell)
    return made.build_id


def touched_by_a_restatement(home: Home, months: int) -> tuple[set[str], set[str]]:
    """Return what a restatement opens of the files that stood there, and what it writes, without ids of builds."""
    example_company.write_exports(home.root / "exports" / "aws", scale=1, months=months, end=RESTATED)
    with Ledger(f"sqlite:///{home.root / 'state.db'}") as ledger:
        ledger.migrate()
        run(home, ledger, NOW)
        restate(home)
        before = {path for path in home.root.rglob("*") if path.is_file()}
        with watch_opened_files(home.lake) as opened_lake, watch_opened_files(home.landing) as opened_landed:
            run(home, ledger, NOW + timedelta(hours=1))
    written = {path for path in home.root.rglob("*") if path.is_file()} - before

    def name(path: Path) -> str:
        # DuckDB's threads share landed lines out as they come: a file each.
        return re.sub(r"\d{8}T\d{6}\.\d+Z|(?<=lines-)\d+", "…", str(path.relative_to(home.root)))

    return {name(path) for path in opened_lake | opened_landed}, {name(path) for path in written}


def test_restating_one_of_36_months_opens_and_writes_what_it_does_with_one(tmp_path: Path) -> None:
    alone = touched_by_a_restatement(Home(tmp_path / "alone"), 1)
    among_many = touched_by_a_restatement(Home(tmp_path / "many"), 36)
    assert among_many == alone
    opened, written = alone
    assert any("billing_period=2026-10" in path for path in written)
    assert all(RESTATED in path for path in opened - {"landing/.incoming/lock", "landing/.settled.lock"})
