"""What is told of red gates: one alert for each billing period, whatever is red about it, from the first on."""

from datetime import datetime
from typing import Any

from mlspend.adapters.alerting import gate_alerts
from mlspend.adapters.alerting.looking import Found, look
from mlspend.adapters.config import Config
from mlspend.adapters.ledger import Ledger
from mlspend.core.gates import RedGate
from tests.handmade_alerts import hour

CONFIG = Config.model_validate({"company": "Example", "sources": (), "digest": {"channel": "#all"}})


def gate(kind: Any, since: datetime, period: str = "2026-10") -> RedGate:
    return RedGate("aws", period, kind, since, (f"{kind} says no",), None)


def happened(ledger: Ledger, at: float, *red: RedGate) -> list[tuple[str, list[str]]]:
    """Return the level of each alert of which something happened, and what."""
    found: Found = gate_alerts.find(red, CONFIG, hour(at), ledger.open_alerts())
    changes = look(CONFIG, ledger, [found], hour(at))
    events = [(change.alert.candidate.level, [event.event for event in change.events]) for change in changes]
    return [each for each in events if each[1]]


def test_a_gate_that_is_red_for_another_reason_is_the_same_one(ledger: Ledger) -> None:
    assert happened(ledger, 0, gate("schema", hour(-30))) == [("critical", ["opened", "notified"])]
    assert happened(ledger, 1, gate("drift", hour(0.5))) == []
    assert happened(ledger, 2, gate("completeness", hour(1.5))) == []
    [alert] = ledger.open_alerts()
    assert alert.candidate.title == "aws Oct 2026: held back for 32 hours, completeness is red"
    assert happened(ledger, 3) == [("critical", ["resolved"])]
    # Red again after it was green is another one.
    assert happened(ledger, 28, gate("drift", hour(3.5))) == [("critical", ["opened", "notified"])]


def test_what_is_red_in_two_ways_is_told_at_once(ledger: Ledger) -> None:
    both = (gate("schema", hour(-1)), gate("drift", hour(-30)))
    assert sorted(happened(ledger, 0, *both, gate("drift", hour(-2), "2026-09"))) == [
        ("critical", ["opened", "notified"]),
        ("info", ["opened"]),
    ]
    late = next(alert.candidate for alert in ledger.open_alerts() if alert.candidate.level == "critical")
    assert late.title == "aws Oct 2026: held back for 30 hours, drift and schema are red"
    assert [words for label, words in late.facts if label == "Wrong"] == ["schema says no", "drift says no"]
    assert len(ledger.open_alerts()) == 2
