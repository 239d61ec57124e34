"""Alerts in a real ledger: what is written comes back the same, and decisions are written once."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest

from mlspend.adapters.alerting.decisions import decide
from mlspend.adapters.ledger import Ledger
from mlspend.core.alert_judgement import judge
from mlspend.core.alerts import Candidate
from mlspend.core.errors import AlertUnknown
from tests.handmade_alerts import EVERYTHING, RULES, Store, found, hour
from tests.postgres_server import running_postgres

EXACT = "12345678901234567890.123456789012"


def look(ledger: Ledger, candidates: Sequence[Candidate], at: float) -> None:
    now = hour(at)
    ledger.change_alerts(lambda known, notified: judge(candidates, known, RULES, EVERYTHING, notified, now), now)


def test_the_ledger_gives_back_what_the_same_looks_leave_in_memory(ledger: Ledger) -> None:
    store = Store()
    facts = (("Cause", "price <!channel>"), ("Cause", "a second of that name"))
    looks = [
        [found("a", EXACT, facts=facts, rule="r", advice="b"), found("b", None, team=None, level="critical")],
        [found("a", EXACT), found("c"), found("d"), found("e", level="info")],
        [],
        [found("a", EXACT), found("f")],
    ]
    for number, candidates in enumerate(looks):
        store.judge(candidates, hour(number))
        look(ledger, candidates, number)
    by_id = {alert.alert_id: alert for alert in ledger.alerts()}
    assert by_id == store.alerts
    assert sorted(map(str, ledger.alert_events())) == sorted(map(str, store.events))
    assert {alert.candidate.title for alert in ledger.open_alerts()} == {"a", "f"}
    assert ledger.alert(found("a").alert_id) == store.alerts[found("a").alert_id]
    assert by_id[found("a").alert_id].candidate.amount == Decimal(EXACT)


def test_the_alert_budget_counts_the_warnings_of_the_last_seven_days_in_the_ledger(ledger: Ledger) -> None:
    look(ledger, [found("a"), found("b")], 0)
    look(ledger, [found("a"), found("b"), found("c")], 24 * 7 - 0.1)
    assert _events(ledger, "c") == ["opened", "withheld"]
    look(ledger, [found("a", EXACT)], 1)
    decide(ledger, found("a").alert_id, "snooze", by="ines", now=hour(2))
    [alert] = ledger.open_alerts()
    assert (alert.candidate.amount, alert.state, alert.state_at) == (Decimal(EXACT), "snoozed", hour(2))
    assert ledger.record_place(alert.alert_id, "#risk", before="due", after="told")
    look(ledger, [found("a"), found("b"), found("c"), found("d")], 24 * 7)
    assert _events(ledger, "d") == ["opened", "notified"]


def test_critical_alerts_do_not_count_in_the_alert_budget(ledger: Ledger) -> None:
    look(ledger, [found(name, level="critical") for name in "abc"], 0)
    look(ledger, [found("d", level="warning")], 1)
    assert _events(ledger, "d") == ["opened", "notified"]


def test_a_decision_is_written_once_with_who_and_when(ledger: Ledger) -> None:
    look(ledger, [found()], 0)
    alert_id = found().alert_id
    said = decide(ledger, alert_id, "snooze", by="ines", now=hour(1), snooze_days=2)
    assert "snoozed until 4 Nov 2026 11:00 UTC by ines at 2 Nov 2026 11:00 UTC" in said
    assert "already" in decide(ledger, alert_id, "snooze", by="tomas", now=hour(2))
    decided = ledger.alert(alert_id)
    assert decided is not None
    assert (decided.state, decided.state_by, decided.state_at, decided.snoozed_until) == (
        "snoozed",
        "ines",
        hour(1),
        hour(49),
    )
    assert _events(ledger, "a") == ["opened", "notified", "snoozed"]
    assert [(event.by, event.amount) for event in ledger.alert_events(alert_id)][-1] == ("ines", Decimal(100))


def test_approved_is_no_longer_among_the_open_ones(ledger: Ledger) -> None:
    look(ledger, [found()], 0)
    assert "approved as intended by ines" in decide(ledger, found().alert_id, "approve", by="ines", now=hour(1))
    assert ledger.open_alerts() == []
    look(ledger, [found()], 2)
    assert ledger.open_alerts() == []


def test_an_unknown_alert_is_said_to_be_unknown_and_nothing_is_written(ledger: Ledger) -> None:
    with pytest.raises(AlertUnknown, match=r"'nothing'.*mlspend alerts"):
        decide(ledger, "nothing", "approve", by="ines", now=hour(0))
    assert ledger.alert_events() == []


def test_of_two_who_record_the_same_step_the_second_is_told_so(ledger: Ledger) -> None:
    look(ledger, [found()], 0)
    record = [ledger.record_place(found().alert_id, "#risk", before="due", after="tried") for _ in range(2)]
    assert record == [True, False]
    assert [alert.places for alert in ledger.alerts()] == [{"#risk": "tried"}]


def _events(ledger: Ledger, name: str) -> list[str]:
    return [event.event for event in ledger.alert_events(found(name).alert_id)]


@pytest.fixture(params=["sqlite", "postgresql"])
def either(request: pytest.FixtureRequest) -> Iterator[Ledger]:
    if request.param == "sqlite":
        yield request.getfixturevalue("ledger")
        return
    with running_postgres() as url, Ledger(url) as opened:
        opened.migrate()
        yield opened


def test_several_looks_at_once_tell_a_thing_once(either: Ledger) -> None:
    ledger = either
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: look(ledger, [found("a"), found("b"), found("c")], 0), range(8)))
    assert [_events(ledger, name) for name in "ab"] == [["opened", "notified"]] * 2
    assert _events(ledger, "c") == ["opened", "withheld"]
    look(ledger, [found("a", EXACT)], 1)
    decide(ledger, found("a").alert_id, "snooze", by="ines", now=hour(2))
    [alert] = ledger.open_alerts()
    assert (alert.candidate.amount, alert.state, alert.state_at) == (Decimal(EXACT), "snoozed", hour(2))
    assert ledger.record_place(alert.alert_id, "#risk", before="due", after="told")
