"""Alerts in mlspend.yml: what is refused, with line and way out, and the rules that it gives each team."""

from datetime import UTC, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from mlspend.adapters import config
from mlspend.adapters.config import Config
from mlspend.adapters.config_alerts import rules_of
from tests.handmade_alerts import found

BEFORE = """\
company: Small
sources:
  - {name: aws, provider: aws, location: exports/aws}
teams:
  - {name: discovery, slack_channel: "#discovery"}
  - {name: risk}
digest: {channel: "#all"}
alerts:
"""
FIRST = BEFORE.count("\n") + 1


@pytest.mark.parametrize(
    ("alerts", "at", "key", "words"),
    [
        (
            "  teams: [{name: disovery}]",
            0,
            "alerts.teams[0].name",
            "none of the teams; did you mean discovery?",
        ),
        ("  teams: [{name: sales}]", 0, "alerts.teams[0].name", "known: discovery, risk"),
        ("  teams:\n    - {name: risk}\n    - {name: risk}", 2, "alerts.teams[1].name", "a second time"),
        ("  time_zone: Europe/Pariss", 0, "alerts.time_zone", "did you mean Europe/Paris?"),
        ("  teams:\n    - {name: risk, time_zone: here}", 1, "alerts.teams[0].time_zone", "no time zone"),
        ('  quiet_hours: "22-7"', 0, "alerts.quiet_hours", '"22:00-07:00"'),
        ("  weekly_budget: -1", 0, "alerts.weekly_budget", "for example 10"),
        ("  runaway_floor: -0.01", 0, "alerts.runaway_floor", "an amount of money"),
        ("  switched_off: [{kind: anomaly}]", 0, "alerts.switched_off[0].reason", "is missing; write why"),
        ("  switched_off: [{kind: anomly, reason: x}]", 0, "alerts.switched_off[0].kind", "write one of data_stopped"),
        (
            "  switched_off:\n    - {kind: drift, reason: x}\n    - {kind: drift, reason: y}",
            2,
            "alerts.switched_off[1].kind",
            "keep one reason",
        ),
        ("  routes: [{kind: budget}]", 0, "alerts.routes[0]", "leads nowhere"),
        ("  routes: [{channel: nowhere}]", 0, "alerts.routes[0].channel", 'a channel as "#name"'),
        (
            '  routes:\n    - {channel: "#a"}\n    - {kind: budget, channel: "#b"}',
            2,
            "alerts.routes[1]",
            "never reached",
        ),
        ("  week_budget: 10", 0, "alerts.week_budget", "is not a key mlspend knows; did you mean weekly_budget?"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_its_line(
    tmp_path: Path, alerts: str, at: int, key: str, words: str
) -> None:
    file = tmp_path / "mlspend.yml"
    file.write_text(f"{BEFORE}{alerts}\n")
    [problem] = config.check(file)
    assert (problem.line, problem.key) == (FIRST + at, key)
    assert words in problem.message


def loaded(tmp_path: Path, alerts: str = "  {}", freshness: str = "") -> Config:
    file = tmp_path / "mlspend.yml"
    file.write_text(f"{BEFORE}{alerts}\n{freshness}\n")
    return config.load(file)


def test_without_a_section_nights_are_those_of_freshness_and_channels_those_of_the_digest(tmp_path: Path) -> None:
    rules = rules_of(loaded(tmp_path, freshness='freshness: {night: "20:00-06:00", time_zone: Asia/Tokyo}'))
    assert {name: team.channel for name, team in rules.teams.items()} == {
        None: "#all",
        "discovery": "#discovery",
        "risk": "#all",
    }
    assert {team.quiet for team in rules.teams.values()} == {(time(20), time(6))}
    # 20:00 in Tokyo is 11:00 in UTC.
    assert rules.of("risk").is_quiet(datetime(2026, 11, 4, 11, tzinfo=UTC))
    assert not rules.of("risk").is_quiet(datetime(2026, 11, 4, 10, 59, tzinfo=UTC))
    assert rules.of(None).weekly_budget == 10
    assert rules.of("a team that left").channel == "#all"


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"team": "risk", "kind": "budget"}, ("#risk-budgets",)),
        ({"team": "discovery", "kind": "budget"}, ("#budgets",)),
        ({"team": None, "kind": "budget"}, ("#budgets",)),
        ({"team": "risk", "level": "critical"}, ("#all",)),
        ({"team": "discovery", "level": "critical"}, ("#discovery", "pagerduty")),
        ({"team": "discovery"}, ("#discovery",)),
    ],
)
def test_a_teams_routes_come_before_everybodys(
    tmp_path: Path, asked: dict[str, Any], expected: tuple[str, ...]
) -> None:
    rules = rules_of(
        loaded(
            tmp_path,
            """\
  weekly_budget: 7
  minimum: 10.50
  switched_off: [{kind: drift, reason: prices change every month}]
  routes: [{kind: budget, channel: "#budgets"}]
  teams:
    - name: risk
      weekly_budget: 0
      minimum: 0
      routes: [{kind: budget, channel: "#risk-budgets"}, {level: critical, pagerduty: false}]
""",
        )
    )
    candidate = found(**asked)
    assert rules.of(candidate.team).destinations(candidate) == expected
    assert (rules.of("risk").weekly_budget, rules.of("discovery").weekly_budget) == (0, 7)
    assert (rules.of("risk").minimum, rules.of("discovery").minimum) == (Decimal(0), Decimal("10.50"))
    assert rules.weigh(found(kind="drift")).level == "info"
