"""Every red gate with its kind, since when, and how old what readers see instead is."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import cast

import pytest

from mlspend.adapters import pipeline, proof, publication
from mlspend.adapters.config_model import Config, Source
from mlspend.adapters.gates import stopped_build
from mlspend.adapters.gates.red_gates import read_red
from mlspend.adapters.home import Home
from mlspend.adapters.ledger import Ledger
from mlspend.core.deliveries import Delivery, Receipt
from mlspend.core.errors import ChecksFailed, EverythingHeld
from mlspend.core.gates import HeldDelivery, RedGate
from tests.handmade_build import NOW, make_build, prove_by_hand

DAY = timedelta(days=1)
CONFIG = Config(company="Small", sources=(Source(name="aws", provider="aws", location="exports"),))
PERIOD = "2026-10"


@pytest.fixture
def ledger(home: Home) -> Iterator[Ledger]:
    """Period 2026-10 of aws is published as the build made by hand holds it, delivered and looked for at NOW."""
    with Ledger.open(home) as opened:
        build = make_build(home)
        prove_by_hand(build)
        (partition,) = build.rebuilt
        land(opened, partition.version, NOW)
        opened.record_look("aws", NOW)
        publication.publish(build, home, opened, now=NOW)
        yield opened


def delivery(version: str, made: datetime) -> Delivery:
    return Delivery("aws", "aws_cur2", PERIOD, version, made, ())


def land(ledger: Ledger, version: str, made: datetime) -> None:
    ledger.record_landed(Receipt(delivery(version, made), "aws_cur", (), 1, ()), made)


def held(version: str, since: datetime, layer: str = "focus") -> HeldDelivery:
    results = json.dumps([{"layer": layer, "check_name": layer}])
    return HeldDelivery("aws", PERIOD, version, "rules", since, since, (f"{version} is wrong",), "b2", results)


def test_nothing_is_red_where_all_is_published_and_fresh(home: Home, ledger: Ledger) -> None:
    assert read_red(home, CONFIG, ledger, NOW) == []


def test_a_held_period_is_red_since_its_first_bad_version(home: Home, ledger: Ledger) -> None:
    land(ledger, "v8", NOW + DAY)
    ledger.record_held([held("v8", NOW + DAY)])
    land(ledger, "v9", NOW + 2 * DAY)
    ledger.record_held([held("v9", NOW + 2 * DAY, "drift")])
    ledger.record_look("aws", NOW + 2 * DAY)
    red = read_red(home, CONFIG, ledger, NOW + 2 * DAY)
    assert red == [RedGate("aws", PERIOD, "drift", NOW + DAY, ("v9 is wrong",), NOW, version="v9")]
    (_, newest) = ledger.held_deliveries()
    ledger.accept_held(newest, by="ada", reason="a new project", now=NOW + 2 * DAY)
    # Readers see the older version until the next build is published.
    [gate] = read_red(home, CONFIG, ledger, NOW + 2 * DAY)
    taken = "ada took it as right at 2026-11-03 06:00 UTC (a new project): the next build publishes it."
    assert (gate.since, gate.sentences, gate.version) == (NOW + DAY, (taken, "v9 is wrong"), None)
    ledger.release_held(ledger.held_deliveries(), NOW + 3 * DAY)
    assert read_red(home, CONFIG, ledger, NOW + 2 * DAY) == []


def test_a_period_that_was_green_in_between_is_red_anew(home: Home, ledger: Ledger) -> None:
    ledger.record_held([held("v8", NOW + DAY)])
    ledger.release_held(ledger.held_deliveries(), NOW + 2 * DAY)
    ledger.record_held([held("v9", NOW + 3 * DAY)])
    assert [(one.version, one.held_since, one.is_open) for one in ledger.held_deliveries()] == [
        ("v8", NOW + DAY, False),
        ("v9", NOW + 3 * DAY, True),
    ]


def test_a_delivery_refused_for_good_is_red_until_a_newer_one_is_landed(home: Home, ledger: Ledger) -> None:
    ledger.record_rejected(delivery("v8", NOW + DAY), "a column is missing", NOW + DAY)
    ledger.record_rejected(delivery("v9", NOW + 2 * DAY), "two columns are missing", NOW + 2 * DAY)
    ledger.record_look("aws", NOW + DAY)
    assert read_red(home, CONFIG, ledger, NOW + DAY) == [
        RedGate("aws", PERIOD, "schema", NOW + DAY, ("two columns are missing",), NOW)
    ]
    land(ledger, "v10", NOW + 3 * DAY)
    assert read_red(home, CONFIG, ledger, NOW + DAY) == []


def test_a_refusal_that_may_pass_is_no_red_gate(home: Home, ledger: Ledger) -> None:
    ledger.record_rejected(delivery("v8", NOW + DAY), "the bucket did not answer", NOW + DAY, is_final=False)
    assert read_red(home, CONFIG, ledger, NOW) == []


def test_a_silent_source_is_red_from_its_rhythm_on_and_told_when_critical(home: Home, ledger: Ledger) -> None:
    for hours, is_red in ((27, False), (29, True)):
        later = NOW + timedelta(hours=hours)
        ledger.record_look("aws", later)
        red = read_red(home, CONFIG, ledger, later)
        assert [(one.kind, one.x_source, one.billing_period, one.since, one.last_good_at) for one in red] == (
            [("freshness", "aws", None, NOW + DAY, NOW)] if is_red else []
        )


class DeadProver:
    """The process that asks was killed before it answered."""

    def ask(self, _words: list[str]) -> tuple[int, str]:
        return -9, "Killed"


def test_a_build_whose_checks_cannot_be_run_is_red_for_all(home: Home, ledger: Ledger) -> None:
    build = make_build(home, "b2")
    with pytest.raises(ChecksFailed, match="could not be run"):
        pipeline.prove(
            build, home, CONFIG, ledger, None, now=NOW, tell=lambda _: None, prover=cast("proof.Prover", DeadProver())
        )
    [gate] = read_red(home, CONFIG, ledger, NOW)
    assert (gate.kind, gate.x_source, gate.since) == ("unproved", "", NOW)
    assert "the checks of build b2 could not be run (exit -9)" in gate.sentences[0]


def test_where_every_period_is_held_what_stopped_a_build_before_is_over(home: Home) -> None:
    stopped_build.record(home, ("a cent is missing",), NOW, "b2")
    with pytest.raises(EverythingHeld), stopped_build.noted(home, NOW):
        raise EverythingHeld("all is held")
    assert stopped_build.read(home) is None


def test_a_stopped_build_is_red_for_all_since_the_first_and_for_the_newest_reason(home: Home, ledger: Ledger) -> None:
    stopped_build.record(home, ("a cent is missing",), NOW + DAY / 2, "b2")
    stopped_build.record(home, ("two cents are missing",), NOW + DAY, "b3")
    assert read_red(home, CONFIG, ledger, NOW + DAY) == [
        RedGate("", None, "unproved", NOW + DAY / 2, ("two cents are missing",), NOW)
    ]
    stopped_build.clear(home)
    assert read_red(home, CONFIG, ledger, NOW + DAY) == []
