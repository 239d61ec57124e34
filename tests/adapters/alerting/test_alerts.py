"""A whole look, as the DAG takes it: sources, gates and published tables together, against a real ledger."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

import pytest

from mlspend.adapters.alerting import alerts
from mlspend.adapters.alerting.access import Access
from mlspend.adapters.config import Config
from mlspend.adapters.gates import stopped_build
from mlspend.adapters.home import Home
from mlspend.adapters.ledger import Ledger
from mlspend.core.deliveries import Delivery, Receipt
from tests.handmade_outlook import ANOMALY, BUDGET, CHECK, publish_outlook
from tests.silent_sources import deliver, hour, make_config
from tests.slack_workspace import Workspace

CONFIG = make_config(sources=("aws", "focus"))
NOVEMBER = {**ANOMALY, "anomaly_id": "an-2", "first_date": date(2026, 11, 2), "last_date": date(2026, 11, 3)}
FOCUS = {**ANOMALY, "anomaly_id": "an-3", "x_source": "focus"}
SPEND = {
    "x_source": "aws",
    "charge_date": date(2026, 10, 5),
    "team": "risk",
    "billing_currency": "USD",
    "effective_cost": "10",
}


class Looks:
    """Runs of send_alerts; each returns the titles that were sent, ends in brackets."""

    def __init__(self, home: Home, ledger: Ledger, workspace: Workspace) -> None:
        self.home, self.ledger, self.workspace = home, ledger, workspace

    def run(self, at: float, config: Config = CONFIG, **rows: list[Mapping[str, Any]]) -> list[str]:
        publish_outlook(self.home, **rows)
        before = len(self.workspace.posted)
        access = Access("xoxb-1", self.workspace.url)
        alerts.send(self.home, config, self.ledger, hour(at), access, clock=lambda: hour(at))
        # What keeps Slack from reading a tag's colons as an emoji.
        return [message["text"].replace("\u200b", "") for message in self.workspace.posted[before:]]

    def deliver(self, at: float) -> None:
        for source in ("aws", "focus"):
            deliver(self.ledger, at, source=source)


@pytest.fixture
def looks(home: Home, ledger: Ledger, workspace: Workspace) -> Looks:
    return Looks(home, ledger, workspace)


def refuse(looks: Looks, at: float, period: str = "2026-10") -> Delivery:
    refused = deliver(looks.ledger, at, period=period)
    looks.ledger.record_rejected(refused, "the column <!channel> is missing", hour(at))
    return refused


def test_one_look_tells_of_sources_budgets_spend_and_checks(looks: Looks) -> None:
    looks.deliver(0)
    told = looks.run(1, anomalies=[ANOMALY], budgets=[BUDGET], data_quality=[CHECK])
    assert sorted(told) == [
        "Budget risk monthly will be exceeded in Oct 2026 by USD 180.50",
        "Unusual spend, recommender: AmazonSageMaker Training:p4d: USD +600.00 in 2 days",
        "aws Oct 2026: line costs are distributed as before is not so",
    ]
    assert looks.run(2, anomalies=[ANOMALY], budgets=[BUDGET], data_quality=[CHECK]) == []
    assert sorted(looks.run(3)) == [
        "aws Oct 2026 is distributed as before again",
        "recommender: AmazonSageMaker Training:p4d costs what is usual again",
    ]


def test_a_silent_source_is_told_once_also_where_both_dags_look(looks: Looks) -> None:
    looks.deliver(0)
    assert sorted(looks.run(29)) == [
        "aws has stopped delivering, overdue by 5 hours",
        "focus has stopped delivering, overdue by 5 hours",
    ]
    assert looks.run(30) == []


def test_a_gate_is_critical_once_it_is_red_past_its_deadline_and_ends_when_it_is_green(looks: Looks) -> None:
    looks.deliver(0)
    refused = refuse(looks, 1)
    looks.deliver(20)
    assert looks.run(25) == []
    [row] = looks.ledger.open_alerts()
    assert (row.candidate.kind, row.candidate.level) == ("gate_red", "info")
    assert looks.run(25.1) == ["aws Oct 2026: held back for 24 hours, schema is red"]
    assert "the column <!channel> is missing" in str(looks.workspace.posted[-1]["blocks"])
    assert looks.run(26) == []
    looks.ledger.record_landed(Receipt(refused, "aws_cur", (), 0, ()), hour(27))
    assert looks.run(28) == ["aws Oct 2026 passes its checks again"]


def test_on_bad_data_nothing_is_opened_told_or_resolved(looks: Looks) -> None:
    looks.deliver(0)
    told = looks.run(1, anomalies=[ANOMALY], daily_spend=[SPEND])
    assert len(told) == 1
    refused = refuse(looks, 2)
    # October of aws is red: its anomaly neither grows nor ends, its budget is not told. The rest is.
    grown = {**ANOMALY, "excess_cost": "900"}
    rows = {"budgets": [BUDGET], "daily_spend": [SPEND], "data_quality": [CHECK]}
    assert (
        looks.run(3, anomalies=[grown, NOVEMBER, FOCUS], **rows)
        == ["Unusual spend, recommender: AmazonSageMaker Training:p4d: USD +600.00 in 2 days"] * 2
    )
    assert looks.run(4, anomalies=[NOVEMBER, FOCUS], **rows) == []
    looks.ledger.record_landed(Receipt(refused, "aws_cur", (), 0, ()), hour(5))
    green = looks.run(6, anomalies=[grown, NOVEMBER, FOCUS], **rows)
    assert len(green) == 3
    assert any("+900.00" in text for text in green)


def test_a_build_that_was_stopped_whole_freezes_all_spend(looks: Looks) -> None:
    looks.deliver(0)
    stopped_build.record(looks.home, ("conservation: 0.01 apart",), hour(0))
    assert looks.run(1, anomalies=[ANOMALY, FOCUS]) == []
    looks.deliver(20)
    assert looks.run(25) == ["everything: held back for 25 hours, unproved is red"]
    stopped_build.clear(looks.home)
    assert sorted(looks.run(26, anomalies=[ANOMALY])) == [
        "Unusual spend, recommender: AmazonSageMaker Training:p4d: USD +600.00 in 2 days",
        "everything passes its checks again",
    ]


def test_a_source_silent_at_night_waits_while_runaway_spend_does_not(looks: Looks) -> None:
    looks.deliver(-10)
    # 22:30 in Paris.
    days = [
        {**SPEND, "x_source": "aws", "project": "recommender", "charge_date": date(2026, 10, day)} for day in (1, 2)
    ]
    runaway = {**ANOMALY, "excess_cost": "5000"}
    assert looks.run(15.5, anomalies=[runaway], daily_spend=days) == [
        "Runaway spend, recommender: AmazonSageMaker Training:p4d: USD +5,000.00 in 2 days"
    ]
    assert hour(15.5) == datetime(2026, 11, 4, 21, 30, tzinfo=UTC)
    assert looks.run(15.5 + 24, anomalies=[runaway], daily_spend=days) == []
    assert len(looks.run(48.5, anomalies=[runaway], daily_spend=days)) == 2
