"""What became of alerts, counted by hand, and what is proposed."""

from typing import Any

import pytest
import yaml

from mlspend.core.alert_review import propose, review
from mlspend.core.alerts import KINDS, Alert, Event
from tests.handmade_alerts import found, hour

NOW = hour(24 * 30)


def history(
    name: str, *events: tuple[float, str], kind: Any = "anomaly", raised_by: str = ""
) -> tuple[Alert, list[Event]]:
    candidate = found(name, kind=kind, raised_by=raised_by)
    happened = [Event(candidate.alert_id, hour(at), event) for at, event in events]
    return Alert(candidate, hour(0), hour(0)), happened


def reviewed(*histories: tuple[Alert, list[Event]], since: float = 0) -> list[dict[str, Any]]:
    events = [event for _, several in histories for event in several]
    return [vars(one) for one in review([alert for alert, _ in histories], events, hour(since), NOW)]


@pytest.mark.parametrize(
    ("events", "outcome"),
    [
        ([(1, "acknowledged")], "acted_on"),
        ([(1, "snoozed"), (2, "not_mine"), (3, "approved")], "acted_on"),
        ([(1, "snoozed"), (2, "not_mine"), (3, "resolved")], "not_mine"),
        ([(1, "snoozed"), (2, "resolved")], "snoozed"),
        ([(24, "resolved")], "resolved_within_a_day"),
        ([(24.1, "resolved")], "ignored"),
        ([], "ignored"),
        ([(1, "eased"), (24 * 9, "resolved")], "resolved_within_a_day"),
        # What returned is there: nobody came to it in weeks.
        ([(1, "resolved"), (2, "reopened")], "ignored"),
        ([(1, "resolved"), (2, "reopened"), (3, "resolved")], "resolved_within_a_day"),
        ([(1, "eased"), (2, "reopened"), (72, "eased")], "ignored"),
    ],
)
def test_each_alert_is_counted_once_by_its_gravest_outcome(events: list[tuple[float, str]], outcome: str) -> None:
    [row] = reviewed(history("a", (0, "opened"), (0, "notified"), *events))
    assert {name for name, value in row.items() if value == 1} == {"sent", outcome}


def test_what_happened_before_it_was_told_says_nothing_about_it() -> None:
    before = ((0, "opened"), (0.5, "acknowledged"), (1, "resolved"), (24 * 29, "reopened"))
    [row] = reviewed(history("a", *before, (24 * 29, "notified")))
    assert {name for name, value in row.items() if value == 1} == {"sent", "waiting"}


def test_what_was_told_less_than_a_week_ago_waits_for_somebody() -> None:
    [row] = reviewed(history("a", (24 * 23 + 1, "notified")), history("b", (24 * 23, "withheld")))
    assert (row["sent"], row["waiting"], row["ignored"]) == (2, 1, 1)


def test_what_was_never_told_or_told_before_is_not_counted() -> None:
    assert reviewed(history("a", (0, "opened")), history("b", (9, "notified"), (11, "notified")), since=10) == []


def test_precision_is_what_led_to_something_of_what_says_something() -> None:
    several = [
        *(history(f"acted {n}", (0, "notified"), (1, "acknowledged")) for n in range(3)),
        history("ignored", (0, "notified")),
        history("not mine", (0, "notified"), (1, "not_mine")),
        history("brief", (0, "notified"), (1, "resolved")),
        history("waiting", (24 * 29, "notified")),
    ]
    [one] = review([a for a, _ in several], [e for _, events in several for e in events], hour(0), NOW)
    assert (one.sent, one.judged, one.precision) == (7, 5, 0.6)
    assert not one.is_noise
    [brief] = review([several[5][0]], several[5][1], hour(0), NOW)
    assert brief.precision is None


@pytest.mark.parametrize(
    ("acted_on", "ignored", "is_noise"), [(1, 4, True), (1, 3, False), (2, 4, False), (2, 5, True), (0, 5, True)]
)
def test_noise_is_less_than_a_third_of_at_least_five(acted_on: int, ignored: int, is_noise: bool) -> None:
    several = [
        *(history(f"a{n}", (0, "notified"), (1, "approved"), kind="drift") for n in range(acted_on)),
        *(history(f"i{n}", (0, "notified"), kind="drift") for n in range(ignored)),
    ]
    [one] = review([a for a, _ in several], [e for _, events in several for e in events], hour(0), NOW)
    assert one.is_noise is is_noise
    proposed = yaml.safe_load(propose([one], hour(0), NOW)) or {}
    expected = {
        "kind": "drift",
        "reason": f"{acted_on} of {acted_on + ignored} led to something, 2026-11-02 to 2026-12-02",
    }
    assert proposed == ({"alerts": {"switched_off": [expected]}} if is_noise else {})


def test_silence_about_what_is_critical_is_never_proposed() -> None:
    several = [history(f"{kind}{n}", (0, "notified"), kind=kind) for kind in KINDS for n in range(5)]
    reviews = review([a for a, _ in several], [e for _, events in several for e in events], hour(0), NOW)
    noise = {one.kind for one in reviews if one.is_noise}
    assert noise == {"anomaly", "budget", "drift", "coverage"}


def test_each_rule_is_counted_and_kinds_are_proposed_without_runaway_spend() -> None:
    told, acted = (0, "notified"), (1, "acknowledged")
    several = [
        *(history(f"spike {n}", told, raised_by="spike") for n in range(3)),
        *(history(f"leak {n}", told, raised_by="slow_leak") for n in range(2)),
        *(history(f"run {n}", told, acted, raised_by="runaway") for n in range(5)),
        *(history(f"drift {n}", told, kind="drift", raised_by="unit_prices_hold") for n in range(4)),
    ]
    reviews = review([a for a, _ in several], [e for _, events in several for e in events], hour(0), NOW)
    assert [(one.kind, one.rule, one.sent, one.precision) for one in reviews] == [
        ("anomaly", "runaway", 5, 1.0),
        ("anomaly", "slow_leak", 2, 0.0),
        ("anomaly", "spike", 3, 0.0),
        ("drift", "unit_prices_hold", 4, 0.0),
    ]
    [proposed] = yaml.safe_load(propose(reviews, hour(0), NOW))["alerts"]["switched_off"]
    assert proposed["kind"] == "anomaly"
    assert proposed["reason"].startswith("0 of 5 led to something")
