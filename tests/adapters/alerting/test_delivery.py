"""What is due leaves once: to Slack and PagerDuty through their real clients, whatever fails or crashes between."""

import json
import time
from collections.abc import Sequence
from typing import Any

import pytest
from werkzeug import Response

from mlspend.adapters.alerting import delivery
from mlspend.adapters.alerting.access import Access
from mlspend.adapters.alerting.decisions import decide
from mlspend.adapters.alerting.looking import Found, look
from mlspend.adapters.config import Config
from mlspend.adapters.home import Home
from mlspend.adapters.ledger import Ledger
from mlspend.adapters.messages import message_page, sending, slack
from mlspend.core.alerts import KINDS, Candidate
from mlspend.core.errors import MessageRefused, MessageUndelivered
from tests.handmade_alerts import found, hour
from tests.pagerduty_server import KEY, PagerDuty
from tests.slack_workspace import Workspace

CRITICAL = found(
    level="critical", title="Runaway spend <!channel>", facts=(("Cause", "*price* <@U1>"),), advice="Stop it"
)


def make_config(**alerts: Any) -> Config:
    return Config.model_validate(
        {
            "company": "Example",
            "sources": (),
            "teams": ({"name": "risk", "slack_channel": "#risk"}, {"name": "silent"}),
            "digest": {"channel": "#ml-spend"},
            "alerts": alerts,
        }
    )


class Runs:
    """Looks and sendings of one company against both servers."""

    def __init__(self, home: Home, ledger: Ledger, workspace: Workspace, pagerduty: PagerDuty) -> None:
        self.home, self.ledger, self.config = home, ledger, make_config()
        self.access = Access("xoxb-1", workspace.url, KEY, pagerduty.url)

    def look(self, candidates: Sequence[Candidate], at: float) -> None:
        look(self.config, self.ledger, [Found(tuple(candidates), frozenset(KINDS))], hour(at))

    def run(self, candidates: Sequence[Candidate], at: float, **options: Any) -> list[tuple[str, str]]:
        self.look(candidates, at)
        options = {"clock": lambda: hour(at), **options}
        sent = delivery.send_due(self.home, self.config, self.ledger, hour(at), self.access, **options)
        return [(each.destination, each.what) for each in sent]

    def places(self, name: str = "a") -> dict[str, str]:
        alert = self.ledger.alert(found(name).alert_id)
        return dict(alert.places) if alert else {}


@pytest.fixture
def runs(
    home: Home, ledger: Ledger, workspace: Workspace, pagerduty: PagerDuty, monkeypatch: pytest.MonkeyPatch
) -> Runs:
    # What the client would wait between its retries.
    monkeypatch.setattr(time, "sleep", lambda _: None)
    return Runs(home, ledger, workspace, pagerduty)


def test_critical_reaches_slack_and_pagerduty_and_so_does_its_end(
    runs: Runs, workspace: Workspace, pagerduty: PagerDuty
) -> None:
    assert runs.run([CRITICAL], 0) == [("#risk", "alert"), ("pagerduty", "trigger")]
    assert runs.run([CRITICAL], 1) == []
    assert pagerduty.states == {CRITICAL.alert_id: "triggered"}
    [event] = pagerduty.events
    assert event["payload"]["severity"] == "critical"
    assert event["payload"]["summary"] == "Example: Runaway spend <!channel>"
    assert event["payload"]["custom_details"]["Cause"] == "*price* <@U1>"
    assert event["payload"]["custom_details"]["More"] == f"mlspend explain {CRITICAL.alert_id}"
    assert runs.run([], 2) == [("#risk", "end"), ("pagerduty", "resolve")]
    assert runs.run([], 3) == []
    assert pagerduty.states == {CRITICAL.alert_id: "resolved"}
    assert workspace.channels() == ["#risk", "#risk"]


def test_a_warning_goes_to_the_teams_channel_else_to_the_companys(runs: Runs, workspace: Workspace) -> None:
    runs.run([found("a"), found("b", team="silent"), found("c", team=None), found("d", team="unheard of")], 0)
    assert sorted(workspace.channels()) == ["#ml-spend"] * 3 + ["#risk"]


def test_the_message_says_what_why_and_what_to_do_and_no_tag_can_call_anybody(runs: Runs, workspace: Workspace) -> None:
    runs.run([CRITICAL], 0)
    runs.run([], 1)
    told, over = workspace.posted
    page = message_page.render(told)
    for words in ("Cause", "Stop it", "2 Nov 2026 10:00 UTC", f"mlspend explain {CRITICAL.alert_id}", "team risk"):
        assert words in page
    # Words of tags stand in blocks that read no markup; the one line that does is escaped.
    assert told["text"] == "Runaway spend &lt;!channel&gt;"
    markup = [block for block in told["blocks"] if "mrkdwn" in json.dumps(block)]
    assert markup == []
    assert '"type": "broadcast"' not in json.dumps(told)
    [buttons] = [block for block in told["blocks"] if block["type"] == "actions"]
    assert [CRITICAL.alert_id in button["value"] for button in buttons["elements"]] == [True] * 4
    assert "costs what is usual again" in over["text"]
    assert not [block for block in over["blocks"] if block["type"] == "actions"]


def test_only_urgent_calls_the_channel_and_goes_out_at_night(runs: Runs, workspace: Workspace) -> None:
    assert runs.run([found("a"), found("b", level="critical")], 13) == []
    urgent = found("c", level="critical", is_urgent=True)
    assert runs.run([found("a"), urgent], 14) == [("#risk", "alert"), ("pagerduty", "trigger")]
    assert '"type": "broadcast"' in json.dumps(workspace.posted)
    # Its end wakes nobody, PagerDuty hears of it at once.
    assert runs.run([], 15) == [("pagerduty", "resolve")]
    assert runs.run([], 21) == [("#risk", "end")]


@pytest.mark.parametrize("fault", [429, 500, 503])
def test_pagerduty_is_asked_again_by_its_client_and_then_by_the_next_run(
    runs: Runs, workspace: Workspace, pagerduty: PagerDuty, fault: int
) -> None:
    pagerduty.faults = [fault]
    assert ("pagerduty", "trigger") in runs.run([CRITICAL], 0)
    pagerduty.faults = [fault] * 20
    with pytest.raises(MessageUndelivered, match=rf"trigger of alert .* \(HTTP {fault}\)"):
        runs.run([CRITICAL, found("b", level="critical")], 1)
    # Slack has it all the same; what failed is due, and nothing else.
    assert workspace.channels() == ["#risk", "#risk"]
    assert runs.places("b") == {"#risk": "told", "pagerduty": "tried"}
    asked = pagerduty.asked
    assert asked <= 5
    pagerduty.faults = []
    assert runs.run([CRITICAL, found("b", level="critical")], 2) == [("pagerduty", "trigger")]


def test_a_key_that_pagerduty_refuses_is_named_and_never_shown(runs: Runs, pagerduty: PagerDuty) -> None:
    runs.access = Access(runs.access.slack_token, runs.access.slack_url, "WRONG-KEY-0123", pagerduty.url)
    with pytest.raises(MessageRefused, match="pagerduty_default") as raised:
        runs.run([CRITICAL], 0)
    assert "0123" not in str(raised.value)
    assert runs.places()["#risk"] == "told"


def test_an_address_that_is_not_encrypted_is_refused(runs: Runs) -> None:
    runs.access = Access("xoxb-1", runs.access.slack_url, KEY, "http://127.0.0.1:9")
    with pytest.raises(MessageRefused, match="must begin with https://"):
        runs.run([CRITICAL], 0)


def test_a_server_that_is_away_leaves_it_due(runs: Runs, pagerduty: PagerDuty) -> None:
    here, runs.access = runs.access, Access("xoxb-1", runs.access.slack_url, KEY, "https://127.0.0.1:9")
    with pytest.raises(MessageUndelivered, match="cannot be reached"):
        runs.run([CRITICAL], 0)
    runs.access = here
    assert runs.run([CRITICAL], 1) == [("pagerduty", "trigger")]


def test_an_answer_that_is_lost_triggers_one_incident_and_its_end_is_told(runs: Runs, pagerduty: PagerDuty) -> None:
    pagerduty.loses_answers = True
    with pytest.raises(MessageUndelivered):
        runs.run([CRITICAL], 0)
    pagerduty.loses_answers = False
    # It ends before anybody knows whether it was triggered.
    assert ("pagerduty", "resolve") in runs.run([], 1)
    assert pagerduty.states == {CRITICAL.alert_id: "resolved"}


def test_without_a_key_slack_alone_hears_and_a_key_that_comes_later_triggers_what_is_open(
    runs: Runs, pagerduty: PagerDuty
) -> None:
    with_key, runs.access = runs.access, Access("xoxb-1", runs.access.slack_url)
    assert runs.run([CRITICAL, found("b", level="critical")], 0) == [("#risk", "alert"), ("#risk", "alert")]
    assert runs.run([CRITICAL], 1) == [("#risk", "end")]
    runs.access = with_key
    assert runs.run([CRITICAL], 2) == [("pagerduty", "trigger")]
    assert list(pagerduty.states) == [CRITICAL.alert_id]


def test_slack_that_refuses_leaves_the_alert_due_there_and_nowhere_else(
    runs: Runs, workspace: Workspace, pagerduty: PagerDuty
) -> None:
    workspace.faults = [{"ok": False, "error": "not_in_channel"}]
    with pytest.raises(MessageRefused, match="not_in_channel"):
        runs.run([CRITICAL], 0)
    assert runs.places() == {"#risk": "due", "pagerduty": "told"}
    assert runs.run([CRITICAL], 1) == [("#risk", "alert")]
    # Nobody in the channel was told of this one: its end is PagerDuty's alone.
    workspace.faults = [{"ok": False, "error": "not_in_channel"}]
    with pytest.raises(MessageRefused):
        runs.run([CRITICAL, found("b", level="critical")], 2)
    assert runs.run([CRITICAL], 3) == [("pagerduty", "resolve")]


def test_an_answer_of_slack_that_is_lost_is_looked_up_and_posted_once(runs: Runs, workspace: Workspace) -> None:
    workspace.loses_answers = True
    runs.run([CRITICAL], 0)
    runs.run([CRITICAL], 1)
    assert workspace.channels() == ["#risk"]


class _Killed(BaseException):
    pass


@pytest.mark.parametrize("killed_at", range(1, 18))
def test_killed_anywhere_the_next_runs_tell_each_place_once(
    runs: Runs, workspace: Workspace, pagerduty: PagerDuty, monkeypatch: pytest.MonkeyPatch, killed_at: int
) -> None:
    """Between any two writes of the ledger, of the way of an alert and its end."""
    writes = 0
    begin = runs.ledger._store.transaction

    def transaction() -> Any:
        nonlocal writes
        writes += 1
        if writes == killed_at:
            raise _Killed
        return begin()

    monkeypatch.setattr(runs.ledger._store, "transaction", transaction)
    for at, candidates in ((0, [CRITICAL]), (1, [CRITICAL]), (2, []), (3, [])):
        try:
            runs.run(candidates, at)
        except _Killed:
            # The same run again, after the claim of the one that died has expired.
            runs.run(candidates, at + 0.5)
    assert writes >= killed_at
    keys = [message["metadata"]["event_payload"]["key"].split("/", 2)[2] for message in workspace.posted]
    assert keys == ["1/critical/#risk", "1/ended/#risk"]
    assert pagerduty.states == {CRITICAL.alert_id: "resolved"}
    assert set(pagerduty.actions()) == {"trigger", "resolve"}
    assert runs.places() == {"#risk": "ended", "pagerduty": "ended"}


def test_what_is_sent_late_in_a_long_run_is_left_to_it(
    runs: Runs, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run has been busy for ten minutes when its message leaves; another run looks a minute later."""
    runs.look([found()], 0)
    deliver, others = slack._post, []

    def slow(*args: Any) -> Any:
        if not others:
            others.append(args)
            with pytest.raises(MessageUndelivered, match="by a run that is sending it"):
                runs.run([found()], 11 / 60)
        return deliver(*args)

    monkeypatch.setattr(slack, "_post", slow)
    assert runs.run([found()], 0, clock=lambda: hour(10 / 60)) == [("#risk", "alert")]
    assert workspace.channels() == ["#risk"]


# Decisions


def test_an_acknowledgement_reaches_pagerduty_and_the_hand_over_the_company(
    runs: Runs, workspace: Workspace, pagerduty: PagerDuty
) -> None:
    runs.run([CRITICAL], 0)
    decide(runs.ledger, CRITICAL.alert_id, "acknowledge", by="ines", now=hour(1))
    sent = delivery.send_due(runs.home, runs.config, runs.ledger, hour(1), runs.access, is_pagerduty_only=True)
    assert [(each.destination, each.what) for each in sent] == [("pagerduty", "acknowledge")]
    assert pagerduty.states == {CRITICAL.alert_id: "acknowledged"}
    decide(runs.ledger, CRITICAL.alert_id, "not_mine", by="ines <!here>", now=hour(2))
    assert runs.run([CRITICAL], 2) == [("#ml-spend", "alert")]
    assert runs.run([CRITICAL], 3) == []
    assert "Handed on by ines &lt;!here&gt;: not theirs" in message_page.render(workspace.posted[-1])
    assert sorted(runs.run([], 4)) == [("#ml-spend", "end"), ("#risk", "end"), ("pagerduty", "resolve")]


def test_what_a_team_without_a_channel_hands_on_stands_in_the_companys_already(
    runs: Runs, workspace: Workspace
) -> None:
    runs.run([found(team="silent")], 0)
    decide(runs.ledger, found().alert_id, "not_mine", by="ines", now=hour(1))
    assert runs.run([found(team="silent")], 1) == []
    assert runs.run([], 2) == [("#ml-spend", "end")]
    assert workspace.channels() == ["#ml-spend", "#ml-spend"]


def test_who_handed_it_on_stays_the_same_whatever_is_decided_while_it_is_uncertain(
    runs: Runs, workspace: Workspace
) -> None:
    runs.run([found()], 0)
    decide(runs.ledger, found().alert_id, "not_mine", by="ines", now=hour(1))
    workspace.loses_answers = True
    workspace.scripts["conversations.history"] = [Response("", 503)] * 20
    with pytest.raises(MessageUndelivered):
        runs.run([found()], 1)
    workspace.loses_answers = False
    workspace.scripts.clear()
    decide(runs.ledger, found().alert_id, "acknowledge", by="omar", now=hour(2))
    runs.run([found()], 3)
    assert workspace.channels() == ["#risk", "#ml-spend"]
    assert "Handed on by ines" in message_page.render(workspace.posted[-1])


def test_pagerduty_is_not_called_for_what_is_approved_while_the_run_goes_on(
    runs: Runs, pagerduty: PagerDuty, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver = sending.deliver

    def approving(*args: Any, **kwargs: Any) -> str | None:
        decide(runs.ledger, CRITICAL.alert_id, "approve", by="ada", now=hour(0))
        return deliver(*args, **kwargs)

    monkeypatch.setattr(sending, "deliver", approving)
    assert runs.run([CRITICAL], 0) == [("#risk", "alert")]
    assert runs.run([CRITICAL], 1) == []
    assert pagerduty.actions() == []


@pytest.mark.parametrize("action", ["acknowledge", "snooze"])
@pytest.mark.parametrize("is_away", [False, True])
def test_nobody_is_called_later_for_what_somebody_has_seen(
    runs: Runs, pagerduty: PagerDuty, action: Any, is_away: bool
) -> None:
    """Neither where there was no key yet, nor where PagerDuty was away."""
    with_key = runs.access
    if is_away:
        pagerduty.faults = [503] * 20
        with pytest.raises(MessageUndelivered):
            runs.run([CRITICAL], 0)
    else:
        runs.access = Access("xoxb-1", runs.access.slack_url)
        runs.run([CRITICAL], 0)
    decide(runs.ledger, CRITICAL.alert_id, action, by="ada", now=hour(1))
    pagerduty.faults, runs.access = [], with_key
    pagerduty.states.clear()
    asked = len(pagerduty.actions())
    runs.run([CRITICAL], 2)
    assert "trigger" not in pagerduty.actions()[asked:]


def test_what_is_not_urgent_calls_nobody_at_night(runs: Runs, pagerduty: PagerDuty) -> None:
    critical, urgent = found(level="critical"), found("b", level="critical", is_urgent=True)
    pagerduty.faults = [503] * 20
    with pytest.raises(MessageUndelivered):
        runs.run([critical, urgent], 8)
    pagerduty.faults = []
    # Two in the morning: what is urgent is tried again, the other one after the quiet hours.
    assert runs.run([critical, urgent], 16) == [("pagerduty", "trigger")]
    assert pagerduty.states == {urgent.alert_id: "triggered"}
    assert runs.run([critical, urgent], 21) == [("pagerduty", "trigger")]


# The alert budget


def test_what_the_budget_holds_back_is_one_message_the_next_day(runs: Runs, workspace: Workspace) -> None:
    runs.config = make_config(teams=({"name": "risk", "weekly_budget": 1},))
    everything = [found(str(number), str(number), title=f"Number {number} <!here>") for number in range(1, 31)]
    assert runs.run(everything, 0) == [("#risk", "alert")]
    assert runs.run(everything, 24) == [("#risk", "summary")]
    assert runs.run(everything, 25) == []
    summary = workspace.posted[-1]
    assert summary["text"] == "29 more warnings beyond this week's alert budget"
    page = message_page.render(summary)
    assert "Number 29 &lt;!here&gt;" in page
    assert "and 9 more: mlspend alerts" in page


def test_summaries_of_teams_without_channels_lie_beside_each_other_in_the_outbox(runs: Runs) -> None:
    runs.config = Config.model_validate(
        {
            "company": "Example",
            "sources": (),
            "teams": ({"name": "one"}, {"name": "company"}),
            "digest": {"channel": "#ml-spend"},
            "alerts": {"weekly_budget": 0},
        }
    )
    runs.access = Access()
    everything = [found(f"of {team}", team=team) for team in ("one", "company", None)]
    runs.run(everything, 0)
    runs.run(everything, 24)
    pages = [page.read_text() for page in runs.home.outbox.rglob("*.html")]
    assert [sum(f"of {team}" in page for page in pages) for team in ("one", "company", None)] == [1, 1, 1]


def test_a_summary_whose_record_was_lost_is_not_sent_again(
    runs: Runs, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs.config = make_config(weekly_budget=0)
    runs.run([found()], 0)
    sent, deliver = [], sending.deliver

    def die(*args: Any, **kwargs: Any) -> None:
        sent.append(deliver(*args, **kwargs))
        raise _Killed

    with monkeypatch.context() as patching:
        patching.setattr(sending, "deliver", die)
        with pytest.raises(_Killed):
            runs.run([found()], 24)
    assert runs.run([found()], 49) == []
    assert workspace.channels() == ["#risk"]


# Without Slack


def test_without_a_token_everything_lies_in_the_outbox_and_is_sent_once_there_is_one(
    runs: Runs, workspace: Workspace
) -> None:
    with_token, runs.access = runs.access, Access()
    runs.run([found()], 0)
    runs.run([found()], 1)
    [page] = runs.home.outbox.rglob("*.html")
    assert page.relative_to(runs.home.outbox).parts == ("alerts", found().alert_id, "1", "warning", "risk.html")
    runs.access = with_token
    assert runs.run([found()], 2) == [("#risk", "alert")]
    assert runs.run([found()], 3) == []


def test_of_what_lay_in_the_outbox_alone_no_channel_hears_the_end(runs: Runs, workspace: Workspace) -> None:
    with_token, runs.access = runs.access, Access()
    runs.run([found()], 0)
    runs.access = with_token
    assert runs.run([], 1) == []
    assert workspace.posted == []
