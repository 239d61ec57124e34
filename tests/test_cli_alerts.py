"""Alerts from a shell: listing, explaining, deciding, sending and reviewing."""

import json
import os
import time as time_module
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner, Result

from mlspend.adapters.config import Config
from mlspend.adapters.home import Home
from mlspend.adapters.ledger import Ledger
from mlspend.cli import app
from mlspend.core.alert_judgement import judge
from mlspend.core.alerts import PAGERDUTY, Rules
from mlspend.core.deliveries import Delivery
from tests.handmade_alerts import EVERYTHING, RULES, found, hour
from tests.pagerduty_server import KEY

ALERT = found(
    "a",
    "123.45",
    title="Unusual spend \x1b[31m in a",
    facts=(("Cause", "quantity"), ("Cost", "USD 200")),
    rule="9.3 deviations; runaway from 1000 on",
    advice="Look",
    currency="USD",
)


def mlspend(*words: str) -> Result:
    return CliRunner().invoke(app, list(words))


def read_json(*words: str) -> Any:
    result = mlspend(*words, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


@pytest.fixture
def company(home: Home, monkeypatch: pytest.MonkeyPatch) -> Home:
    """One alert is open and told in the ledger."""
    config = home.root / "mlspend.yml"
    config.write_text(
        "company: Small\nsources: [{name: aws, provider: aws, location: exports}]\nalerts: {snooze_days: 3}\n"
        'teams: [{name: risk, slack_channel: "#risk"}]\nfreshness: {night: "00:00-00:00"}\n'
    )
    monkeypatch.setenv("MLSPEND_CONFIG", str(config))
    for name in [name for name in os.environ if name.startswith(("MLSPEND_SLACK", "MLSPEND_PAGERDUTY"))]:
        monkeypatch.delenv(name)
    with Ledger.open(home) as ledger:
        ledger.change_alerts(
            lambda known, notified: judge([ALERT], known, RULES, EVERYTHING, notified, hour(0)), hour(0)
        )
    return home


def test_open_alerts_are_listed_for_people_and_for_programs(company: Home) -> None:
    shown = mlspend("alerts").stdout
    for words in (ALERT.alert_id, "warning", "anomaly", "risk", "123.45", "USD"):
        assert words in shown
    assert "\x1b" not in shown
    [row] = read_json("alerts")
    assert (row["alert_id"], row["amount"], row["state"]) == (ALERT.alert_id, "123.45", "open")
    assert row["places"] == {"#risk": "due"}


def test_an_alert_explains_itself(company: Home) -> None:
    mlspend("alerts", "ack", ALERT.alert_id, "--by", "ines")
    shown = mlspend("explain", ALERT.alert_id).stdout
    for words in ("Cause: quantity", "9.3 deviations", "What to do: Look", "acknowledged by ines", "at 123.45 USD"):
        assert words in shown
    told = read_json("explain", ALERT.alert_id)
    assert told["rule"] == "9.3 deviations; runaway from 1000 on"
    assert [event["event"] for event in told["events"]] == ["opened", "notified", "acknowledged"]
    assert told["events"][2]["by"] == "ines"


@pytest.mark.parametrize(
    ("command", "state"),
    [("ack", "acknowledged"), ("snooze", "snoozed"), ("not-mine", "not_mine"), ("approve", "approved")],
)
def test_a_decision_is_kept_with_who_took_it(company: Home, command: str, state: str) -> None:
    decided = read_json("alerts", command, ALERT.alert_id, "--by", "ines")
    assert (decided["alert"]["state"], decided["alert"]["state_by"]) == (state, "ines")
    again = mlspend("alerts", command, ALERT.alert_id, "--by", "tomas")
    assert again.exit_code == 0
    assert "by ines" in again.stdout
    open_ones = read_json("alerts")
    assert [row["state"] for row in open_ones] == ([] if state == "approved" else [state])
    if state == "snoozed":
        until, at = (datetime.fromisoformat(decided["alert"][name]) for name in ("snoozed_until", "state_at"))
        assert until - at == timedelta(days=3)


def test_an_unknown_alert_and_nobody_who_decides_are_told_apart(company: Home) -> None:
    unknown = mlspend("alerts", "ack", "nothing", "--by", "ines")
    assert (unknown.exit_code, "no alert is called 'nothing'" in unknown.stderr) == (1, True)
    assert mlspend("alerts", "ack", ALERT.alert_id).exit_code == 2


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_what_was_decided_is_said_where_pagerduty_cannot_be_told(
    company: Home, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...]
) -> None:
    monkeypatch.setattr(time_module, "sleep", lambda _: None)
    monkeypatch.setenv("MLSPEND_PAGERDUTY_KEY", KEY)
    monkeypatch.setenv("MLSPEND_PAGERDUTY_URL", "https://127.0.0.1:9")
    critical = found("b", level="critical")
    with Ledger.open(company) as ledger:
        ledger.change_alerts(lambda known, _: judge([critical], known, RULES, EVERYTHING, [], hour(0)), hour(0))
        ledger.record_place(critical.alert_id, PAGERDUTY, before="due", after="told")
    decided = mlspend("alerts", "ack", critical.alert_id, "--by", "ines", *options)
    assert decided.exit_code == 1
    assert "acknowledged by ines" in decided.stdout
    assert "cannot be reached" in decided.stderr


def test_sending_looks_anew_and_says_what_went_out(company: Home) -> None:
    at = datetime.now(UTC) - timedelta(hours=30)
    with Ledger.open(company) as ledger:
        ledger.record_seen(Delivery("aws", "aws_cur2", "2026-11", "v1", at, ()), at)
    # The silent source has no channel; what was due of the other alert goes to its team's.
    [sent] = read_json("alerts", "send")
    assert (sent["alert_id"], sent["destination"]) == (ALERT.alert_id, "#risk")
    assert "nothing new is to be told" in mlspend("alerts", "send").stdout
    assert {row["kind"] for row in read_json("alerts")} == {"anomaly", "data_stopped"}


def test_a_review_tells_precision_and_what_to_write_to_switch_noise_off(company: Home) -> None:
    # The one of the fixture is of 2 November 2026.
    assert "no alert was told in the last 1 week" in mlspend("alerts", "review", "--weeks", "1").stdout
    now = datetime.now(UTC)
    several = [found(f"n{number}", kind="drift") for number in range(6)]
    with Ledger.open(company) as ledger:
        told = now - timedelta(days=20)
        rules = Rules({None: replace(RULES.of(None), quiet=(time(0), time(0)), weekly_budget=99)})
        ledger.change_alerts(lambda known, notified: judge(several, known, rules, EVERYTHING, [], told), told)
    mlspend("alerts", "ack", several[0].alert_id, "--by", "ines")
    review = read_json("alerts", "review", "--weeks", "4")
    [row] = [row for row in review["kinds"] if row["kind"] == "drift"]
    assert (row["kind"], row["sent"], row["acted_on"], row["ignored"]) == ("drift", 6, 1, 5)
    assert row["precision"] == pytest.approx(1 / 6)
    shown = mlspend("alerts", "review", "--weeks", "4").stdout
    assert "16.7%" in shown
    # What is proposed is a configuration that works.
    proposed = yaml.safe_load(review["proposal"])
    assert review["proposal"] in shown
    settings = {"company": "Small", "sources": (), **proposed}
    settings["alerts"]["switched_off"] = tuple(settings["alerts"]["switched_off"])
    assert [each.kind for each in Config.model_validate(settings).alerts.switched_off] == ["drift"]
