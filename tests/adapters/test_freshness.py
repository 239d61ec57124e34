"""Freshness by a real ledger: what it knows of a source's deliveries, and of who looked for them when."""

import os
from collections.abc import Iterator

import pytest

from mlspend.adapters import freshness, pipeline
from mlspend.adapters.home import Home
from mlspend.adapters.ledger import Ledger
from mlspend.core.deliveries import Receipt
from mlspend.core.errors import ExportNotDelivered
from tests.focus_csv import focus_line, write_focus_csv
from tests.silent_sources import CONFIG, deliver, hour, make_config


@pytest.fixture
def ledger(home: Home) -> Iterator[Ledger]:
    with Ledger.open(home) as opened:
        yield opened


def test_each_configured_source_is_told_in_order_and_no_other(ledger: Ledger) -> None:
    deliver(ledger, 0)
    deliver(ledger, 2, period="2025-01")
    deliver(ledger, 0, source="gone_from_the_configuration")
    first, second = freshness.read(make_config(sources=("focus", "aws")), ledger, hour(3))
    assert (first.source, first.last_delivered_at, first.since) == ("focus", None, hour(3))
    assert (second.source, second.last_delivered_at, second.level) == ("aws", hour(2), "fresh")


def test_a_source_is_watched_from_the_first_time_anybody_asks(ledger: Ledger) -> None:
    assert freshness.read(CONFIG, ledger, hour(0))[0].level == "fresh"
    [silent] = freshness.read(CONFIG, ledger, hour(29))
    assert (silent.level, silent.since) == ("critical", hour(0))


@pytest.mark.parametrize("is_final", [True, False])
def test_what_cannot_be_landed_is_not_fresh_until_it_is(ledger: Ledger, is_final: bool) -> None:
    deliver(ledger, 0)
    broken = deliver(ledger, 20)
    ledger.record_rejected(broken, "source 'aws': truncated", hour(20), is_final=is_final)
    [found] = freshness.read(CONFIG, ledger, hour(29))
    assert (found.level, found.last_delivered_at, found.failed) == ("critical", hour(0), 1)
    ledger.record_landed(Receipt(broken, "aws_cur", (), 0, ()), hour(29))
    [found] = freshness.read(CONFIG, ledger, hour(29))
    assert (found.level, found.last_delivered_at, found.failed) == ("fresh", hour(20), 0)


def test_the_rhythm_is_configured_per_source(ledger: Ledger) -> None:
    deliver(ledger, 0)
    assert freshness.read(make_config(rhythm_hours=168), ledger, hour(170))[0].level == "late"
    assert freshness.read(make_config(rhythm_hours=168), ledger, hour(173))[0].level == "critical"


def land(home: Home, ledger: Ledger, now: float) -> None:
    pipeline.land("cloud", str(home.root / "exports"), home, ledger, now=hour(now), tell=lambda _: None)


def test_landing_writes_down_that_it_looked_also_where_nothing_was_new(home: Home, ledger: Ledger) -> None:
    config = make_config(sources=("cloud",), queue=None)
    file = write_focus_csv(home.root / "exports" / "focus.csv", [focus_line("2026-11", 1, "10", {})])
    os.utime(file, (hour(-23).timestamp(),) * 2)
    land(home, ledger, 0)
    land(home, ledger, 24)
    # Looked for again an hour ago, it had stopped by then; before that nobody could know.
    assert [freshness.read(config, ledger, hour(now))[0].level for now in (25,)] == ["critical"]
    os.utime(write_focus_csv(file, [focus_line("2026-11", 2, "10", {})]), (hour(25).timestamp(),) * 2)
    land(home, ledger, 48)
    assert freshness.read(config, ledger, hour(71))[0].level == "fresh"


def test_a_look_that_failed_is_none(home: Home, ledger: Ledger) -> None:
    config = make_config(sources=("cloud",), queue=None)
    with pytest.raises(ExportNotDelivered):
        land(home, ledger, 0)
    assert freshness.read(config, ledger, hour(0))[0].looked_at is None
    assert freshness.read(config, ledger, hour(29))[0].level == "critical"
