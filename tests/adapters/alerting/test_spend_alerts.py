"""What of the published tables becomes an alert, of which level, and what it says."""

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from mlspend.adapters.alerting import spend_alerts
from mlspend.adapters.alerting.looking import Found, look
from mlspend.adapters.config import Config
from mlspend.adapters.home import Home
from mlspend.adapters.ledger import Ledger
from mlspend.core.alerts import Candidate
from tests.handmade_alerts import hour
from tests.handmade_outlook import ANOMALY, BUDGET, CHECK, publish_outlook

# Four weeks of 95 a day and one dear day, which the median does not see; before and after them days that do not count.
FIRST = date(2026, 10, 20)


def make_config(**alerts: Any) -> Config:
    teams = ({"name": "risk", "slack_channel": "#risk"},)
    return Config.model_validate(
        {"company": "Example", "sources": (), "teams": teams, "digest": {"channel": "#all"}, "alerts": alerts}
    )


def days(*, project: str = "recommender", cost: str = "95", first: date = FIRST) -> list[Mapping[str, Any]]:
    spend = [(first - timedelta(days=number), cost) for number in range(1, 29)]
    spend[3] = (spend[3][0], "9000")
    spend += [(first - timedelta(days=29), "90000"), (first, "90000")]
    return [
        {
            "x_source": "aws",
            "charge_date": day,
            "project": project,
            "team": "risk",
            "billing_currency": "USD",
            "effective_cost": amount,
        }
        for day, amount in spend
    ]


def find(home: Home, ledger: Ledger, config: Config | None = None, **rows: list[Mapping[str, Any]]) -> Found:
    publish_outlook(home, **rows)
    return spend_alerts.find(home, config or make_config(), ledger)


def only(found: Found) -> Candidate:
    [candidate] = found.candidates
    return candidate


def test_unusual_spend_is_a_warning_to_its_team_that_says_how_much_since_when_and_why(
    home: Home, ledger: Ledger
) -> None:
    found = only(find(home, ledger, anomalies=[ANOMALY], daily_spend=days()))
    assert (found.kind, found.level, found.team, found.amount) == ("anomaly", "warning", "risk", Decimal(600))
    assert found.title == (
        "Unusual spend, recommender: AmazonSageMaker Training:p4d: USD\N{NO-BREAK SPACE}+600.00 in 2 days"
    )
    assert found.facts == (
        ("What", "spike in aws"),
        ("When", "20–21 Oct 2026"),
        ("Cost", "USD\N{NO-BREAK SPACE}700.00, expected USD\N{NO-BREAK SPACE}100.00"),
        ("Cause", "quantity: ml.p4d.24xlarge (price +100.00, quantity +480.00, mix +20.00)"),
    )
    assert "9.3 robust standard deviations beyond what 40 earlier days" in found.rule
    assert "normal day (USD\N{NO-BREAK SPACE}95.00, the median" in found.rule
    assert found.sources == ("aws", "aws/2026-10")


@pytest.mark.parametrize(
    ("row", "level"),
    [
        # Three normal days of 95 on each of two days are 570; and 1,000 in all.
        ({"excess_cost": "999.99"}, "warning"),
        ({"excess_cost": "1000"}, "critical"),
        ({"excess_cost": "1139.99", "day_count": 4}, "warning"),
        ({"excess_cost": "1140", "day_count": 4}, "critical"),
        # Nothing is normal for a project without earlier days.
        ({"excess_cost": "90000", "project": "new"}, "warning"),
        ({"excess_cost": "90000", "anomaly_kind": "restatement"}, "info"),
        ({"excess_cost": "-90000"}, "info"),
    ],
)
def test_runaway_is_a_floor_in_all_and_three_normal_days_of_the_project_each_day(
    home: Home, ledger: Ledger, row: Mapping[str, Any], level: str
) -> None:
    found = only(find(home, ledger, anomalies=[{**ANOMALY, **row}], daily_spend=days()))
    assert found.level == level
    assert found.severity == ("urgent" if level == "critical" else level)
    assert found.title.startswith("Runaway spend") is (level == "critical")
    assert found.raised_by == ("runaway" if level == "critical" else row.get("anomaly_kind", "spike"))


def test_a_team_has_its_own_idea_of_runaway(home: Home, ledger: Ledger) -> None:
    config = make_config(teams=({"name": "risk", "runaway_times": 1, "runaway_floor": 500},))
    assert only(find(home, ledger, config, anomalies=[ANOMALY], daily_spend=days())).level == "critical"


def test_one_that_ended_is_told_for_three_days_of_data(home: Home, ledger: Ledger) -> None:
    ended = {**ANOMALY, "is_open": False}
    complete = {"x_source": "aws", "last_complete_date": date(2026, 10, 24)}
    assert find(home, ledger, anomalies=[ended], complete_sources=[complete]).candidates
    complete = {"x_source": "aws", "last_complete_date": date(2026, 10, 25)}
    assert not find(home, ledger, anomalies=[ended], complete_sources=[complete]).candidates


def test_what_belongs_to_no_team_is_the_companys(home: Home, ledger: Ledger) -> None:
    found = find(home, ledger, anomalies=[{**ANOMALY, "team": "unattributed"}], budgets=[{**BUDGET, "team": None}])
    assert [each.team for each in found.candidates] == [None, None]


def test_a_budget_is_told_before_it_bursts(home: Home, ledger: Ledger) -> None:
    found = only(find(home, ledger, budgets=[BUDGET], daily_spend=days(first=date(2026, 11, 1))))
    assert (found.level, found.team, found.amount) == ("warning", "risk", Decimal("180.50"))
    assert found.title == "Budget risk monthly will be exceeded in Oct 2026 by USD\N{NO-BREAK SPACE}180.50"
    assert dict(found.facts)["Spent"] == "USD\N{NO-BREAK SPACE}800.00 (80.0%) up to 21 Oct 2026"
    assert dict(found.facts)["Spent on"] == "27 Oct 2026"
    assert "80 % between USD\N{NO-BREAK SPACE}1,050.00 and" in dict(found.facts)["Expected"]
    # It rests on what feeds it in its month.
    assert found.sources == ("aws", "aws/2026-10")


@pytest.mark.parametrize(
    ("status", "warns_at", "level"),
    [
        ("at_risk", "will_burst", "info"),
        ("at_risk", "at_risk", "warning"),
        ("will_burst", "burst", "info"),
        ("burst", "burst", "warning"),
        ("burst", "will_burst", "warning"),
    ],
)
def test_from_when_on_a_budget_is_told_is_configured(
    home: Home, ledger: Ledger, status: str, warns_at: str, level: str
) -> None:
    config = make_config(budget_warns_at=warns_at)
    assert only(find(home, ledger, config, budgets=[{**BUDGET, "status": status}])).level == level


def test_a_budget_that_is_spent_without_a_forecast_says_by_how_much(home: Home, ledger: Ledger) -> None:
    nothing = dict.fromkeys(("forecast_cost", "forecast_low_cost", "forecast_high_cost", "projected_over_cost"))
    row = {**BUDGET, **nothing, "cost_to_date": "1250.25", "status": "burst", "exhausted_date": None}
    found = only(find(home, ledger, budgets=[row]))
    assert found.amount == Decimal("250.25")
    assert "Expected" not in dict(found.facts)


@pytest.mark.parametrize("status", ["on_track", "unknown"])
def test_a_budget_that_lasts_is_nobodys_business(home: Home, ledger: Ledger, status: str) -> None:
    found = find(home, ledger, budgets=[{**BUDGET, "status": status}])
    assert found.candidates == ()
    assert "budget" in found.kinds


def test_the_end_of_a_month_is_no_good_news_about_its_budget(home: Home, ledger: Ledger) -> None:
    config = make_config()
    look(config, ledger, [find(home, ledger, budgets=[BUDGET])], hour(0))
    still = find(home, ledger, budgets=[{**BUDGET, "status": "on_track"}])
    assert still.silent == set()
    over = find(home, ledger, budgets=[{**BUDGET, "month": "2026-11", "status": "on_track"}])
    assert over.silent == {ledger.open_alerts()[0].alert_id}


def test_a_budget_told_without_an_amount_is_told_again_as_it_gets_graver(home: Home, ledger: Ledger) -> None:
    config = make_config(budget_warns_at="at_risk")
    at_risk = {**BUDGET, "status": "at_risk", "projected_over_cost": "-20"}
    rows = (at_risk, at_risk, {**BUDGET, "projected_over_cost": "9000"}, {**BUDGET, "status": "burst"})
    events = []
    for number, row in enumerate(rows):
        found = find(home, ledger, config, budgets=[row])
        changes = look(config, ledger, [found], hour(number))
        events.append([event.event for change in changes for event in change.events])
    assert events == [["opened", "notified"], [], ["notified"], ["notified"]]


def test_a_budget_whose_alert_was_told_as_over_is_told_anew(home: Home, ledger: Ledger) -> None:
    config = make_config()
    events = []
    for day, status in ((0, "will_burst"), (1, "at_risk"), (12, "will_burst"), (13, "burst"), (14, "at_risk")):
        found = find(home, ledger, config, budgets=[{**BUDGET, "status": status}])
        changes = look(config, ledger, [found], hour(24 * day))
        events.append([event.event for change in changes for event in change.events])
    assert events == [["opened", "notified"], ["eased"], ["reopened", "notified"], ["notified"], ["eased"]]


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({}, ("drift", "warning")),
        ({"layer": "completeness", "expectation": "owner_coverage_holds"}, ("coverage", "warning")),
        ({"effect": "hold"}, ("drift", "warning")),
        ({"effect": "inform"}, ("drift", "info")),
        ({"effect": "stop"}, None),
        ({"layer": "marts"}, None),
        ({"is_success": True}, None),
        # What could not be evaluated has neither passed nor failed.
        ({"is_success": False, "is_evaluated": False}, None),
        ({"build_id": "b6"}, None),
    ],
)
def test_checks_that_warn_about_what_is_published_are_drift_or_coverage(
    home: Home, ledger: Ledger, row: Mapping[str, Any], expected: tuple[str, str] | None
) -> None:
    found = find(home, ledger, data_quality=[{**CHECK, **row}])
    assert [(each.kind, each.level) for each in found.candidates] == ([expected] if expected else [])


@pytest.mark.parametrize(
    ("shown", "is_told"),
    [
        ({"b6": {"2026-10": "v1"}, "b7": {"2026-10": "v1", "2026-11": "v1"}}, True),
        # It was made anew since, and nothing said about it.
        ({"b6": {"2026-10": "v1"}, "b7": {"2026-10": "v2"}}, False),
        # b6 held back what it said no to, and shows the one before.
        ({"b5": {"2026-10": "v1"}, "b6": {"2026-10": "v1"}, "b7": {"2026-10": "v1"}}, False),
        # What is published no more is not told of.
        ({"b6": {"2026-10": "v1"}, "b7": {"2026-11": "v1"}}, False),
    ],
)
def test_the_last_answer_about_a_billing_period_counts(
    home: Home, ledger: Ledger, shown: Mapping[str, Mapping[str, str]], *, is_told: bool
) -> None:
    green = {**CHECK, "x_source": None, "billing_period": None, "is_success": True}
    publish_outlook(home, shown=shown, data_quality=[{**CHECK, "build_id": "b6"}, green])
    assert bool(spend_alerts.find(home, make_config(), ledger).candidates) is is_told


def test_what_is_told_of_no_billing_period_is_of_the_newest_build(home: Home, ledger: Ledger) -> None:
    rows = [{**CHECK, "x_source": None, "billing_period": None, "build_id": build} for build in ("b6", "b7")]
    shown = {"b6": {"2026-10": "v1"}, "b7": {"2026-10": "v1"}}
    publish_outlook(home, shown=shown, data_quality=rows)
    assert len(spend_alerts.find(home, make_config(), ledger).candidates) == 1


def test_nothing_published_is_nothing_looked_at(home: Home, ledger: Ledger) -> None:
    assert spend_alerts.find(home, make_config(), ledger) == Found((), frozenset())
