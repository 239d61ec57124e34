"""Silent sources by a real ledger: who is told of one, once, and what is said when it ends."""

import json
from pathlib import Path
from typing import Any

import pytest

from mlspend.adapters import freshness
from mlspend.adapters.alerting import data_stopped
from mlspend.adapters.alerting.access import Access
from mlspend.adapters.config import Config
from mlspend.adapters.home import Home
from mlspend.adapters.ledger import Ledger
from mlspend.adapters.messages import message_page
from mlspend.core.alerts import Candidate
from mlspend.core.errors import MessageRefused, SourceOverdue, StateUnavailable
from tests.silent_sources import CONFIG, START, deliver, hour, make_config
from tests.slack_workspace import Workspace


class Checks:
    """Runs of check_freshness against one workspace; each returns whether it was green."""

    def __init__(self, home: Home, ledger: Ledger, workspace: Workspace | None, config: Config = CONFIG) -> None:
        self.home, self.ledger, self.workspace, self.config = home, ledger, workspace, config

    def run(self, now: float) -> bool:
        access = Access("xoxb-1", self.workspace.url) if self.workspace else Access()
        try:
            data_stopped.check(self.home, self.config, self.ledger, hour(now), access, clock=lambda: hour(now))
        except SourceOverdue:
            return False
        return True


def keys(workspace: Workspace) -> list[str]:
    return [message["metadata"]["event_payload"]["key"] for message in workspace.posted]


def severities(workspace: Workspace) -> list[str]:
    return [key.split("/")[3] for key in keys(workspace)]


def key(what: str, *, episode: str = "20261104T060000Z", rhythm: str = "24h", step: int = 1) -> str:
    """The key of a message: of which silence, its how manieth, and what it says."""
    silence = Candidate("data_stopped", ("aws", episode, rhythm), "critical", "aws", "", START)
    return f"alerts/{silence.alert_id}/{step}/{what}/#ml-spend"


KEY, ENDED = key("critical"), key("ended")


@pytest.fixture
def checks(home: Home, ledger: Ledger, workspace: Workspace) -> Checks:
    return Checks(home, ledger, workspace)


# Who is told, and when


def test_a_silence_is_told_once_in_the_day_and_again_when_it_ends(checks: Checks, workspace: Workspace) -> None:
    deliver(checks.ledger, 0)
    green = [checks.run(now) for now in range(28)]
    assert all(green)
    assert workspace.posted == []
    assert [checks.run(now) for now in (28.5, 29.5, 30.5)] == [False] * 3
    assert keys(workspace) == [KEY]
    deliver(checks.ledger, 31)
    assert [checks.run(now) for now in (31.5, 32.5)] == [True, True]
    assert keys(workspace) == [KEY, ENDED]
    # The next silence is another one.
    assert not checks.run(31 + 28.5)
    assert keys(workspace)[2:] == [key("critical", episode="20261105T130000Z")]


@pytest.mark.parametrize(
    ("delivered_at", "told"),
    [
        # Critical from 28 hours on; night is 21:00 to 06:00 UTC, hours 15 to 24 of each day counted from START.
        (0, {"critical": 28.5, "urgent": 72.5}),
        # Critical at hour 40, in the night: told at its end. Urgent at hour 84: by day.
        (12, {"critical": 48.5, "urgent": 84.5}),
        # Urgent at hour 90.5, in the night: somebody is woken.
        (18, {"critical": 48.5, "urgent": 90.5}),
    ],
)
def test_nobody_is_woken_before_48_hours_past_the_rhythm(
    checks: Checks, workspace: Workspace, delivered_at: float, told: dict[str, float]
) -> None:
    deliver(checks.ledger, delivered_at)
    when: dict[str, float] = {}
    for now in range(int(delivered_at), 120):
        checks.run(now + 0.5)
        for severity in severities(workspace):
            when.setdefault(severity, now + 0.5)
    assert when == told
    assert severities(workspace) == ["critical", "urgent"]


def test_found_at_night_beyond_48_hours_only_the_urgent_notice_goes_out(checks: Checks, workspace: Workspace) -> None:
    deliver(checks.ledger, 0)
    assert not checks.run(24 * 3 + 20)
    assert not checks.run(24 * 4 + 4)
    assert severities(workspace) == ["urgent"]


def test_at_night_nobody_hears_that_it_delivers_again(checks: Checks, workspace: Workspace) -> None:
    deliver(checks.ledger, 0)
    checks.run(28.5)
    deliver(checks.ledger, 39)
    assert [checks.run(40.5), severities(workspace)] == [True, ["critical"]]
    assert [checks.run(48.5), severities(workspace)] == [True, ["critical", "ended"]]


def test_a_night_that_passed_unnoticed_needs_no_word_in_the_morning(checks: Checks, workspace: Workspace) -> None:
    deliver(checks.ledger, 12)
    assert not checks.run(41)
    deliver(checks.ledger, 47)
    assert checks.run(48.5)
    assert workspace.posted == []


def test_a_first_delivery_after_the_alarm_is_told(checks: Checks, workspace: Workspace) -> None:
    assert checks.run(0)
    assert not checks.run(29)
    deliver(checks.ledger, 30)
    assert checks.run(30.5)
    assert keys(workspace) == [key("critical", episode="never"), key("ended", episode="never")]
    # So is the end of the next silence.
    assert not checks.run(30 + 29)
    deliver(checks.ledger, 72)
    assert checks.run(72.5)
    assert severities(workspace) == ["critical", "ended"] * 2


def test_a_restated_rhythm_is_no_delivery_and_hides_no_later_silence(checks: Checks, workspace: Workspace) -> None:
    deliver(checks.ledger, 0)
    assert not checks.run(29)
    checks.config = make_config(rhythm_hours=168)
    assert checks.run(30.5)
    assert keys(workspace) == [KEY]
    assert [checks.run(now) for now in (173, 174)] == [False, False]
    assert keys(workspace) == [KEY, key("critical", rhythm="168h")]
    deliver(checks.ledger, 175)
    assert [checks.run(now) for now in (175.5, 176.5)] == [True, True]
    assert keys(workspace)[2:] == [key("ended", rhythm="168h")]


def test_a_delivery_after_the_rhythm_was_restated_ends_the_silence(checks: Checks, workspace: Workspace) -> None:
    deliver(checks.ledger, 0)
    assert not checks.run(29)
    checks.config = make_config(rhythm_hours=168)
    deliver(checks.ledger, 52)
    assert checks.run(52.5)
    assert keys(workspace) == [KEY, ENDED]


def test_without_any_delivery_a_restated_rhythm_is_no_end_either(checks: Checks, workspace: Workspace) -> None:
    assert checks.run(0)
    assert not checks.run(29)
    checks.config = make_config(rhythm_hours=168)
    assert checks.run(30.5)
    assert keys(workspace) == [key("critical", episode="never")]


def test_one_silent_source_keeps_no_other_from_its_notice(home: Home, ledger: Ledger, workspace: Workspace) -> None:
    checks = Checks(home, ledger, workspace, make_config(sources=("aws", "focus", "third")))
    for source in ("aws", "focus"):
        deliver(ledger, 0, source=source)
    deliver(ledger, 20, source="third")
    workspace.faults = [{"ok": False, "error": "internal_error"}]
    with pytest.raises(SourceOverdue) as raised:
        data_stopped.check(home, checks.config, ledger, hour(29), Access("xoxb-1", workspace.url))
    lines = str(raised.value).splitlines()
    assert [line.split(":")[0] for line in lines] == ["source 'aws'", "source 'focus'"]
    for words in ("last delivered 4 Nov 2026 06:00 UTC", "29 hours ago", "rhythm is 24 hours", "mlspend check source"):
        assert words in lines[0]
    assert len(workspace.posted) == 2


@pytest.mark.parametrize(
    ("overdue", "severity"), [(4, None), (4.1, "critical"), (48, "critical"), (48.1, "urgent"), (1000, "urgent")]
)
def test_hours_past_the_rhythm_make_it_critical_then_urgent(
    ledger: Ledger, overdue: float, severity: str | None
) -> None:
    deliver(ledger, 0)
    found = data_stopped.find(freshness.read(CONFIG, ledger, hour(24 + overdue)), CONFIG, ledger)
    assert [each.severity for each in found.candidates] == ([severity] if severity else [])


# What is said


def test_only_the_urgent_notice_calls_the_channel_and_no_text_of_ours_can(checks: Checks, workspace: Workspace) -> None:
    deliver(checks.ledger, 0)
    checks.run(29)
    checks.run(100)
    deliver(checks.ledger, 100.2)
    checks.run(100.5)
    critical, urgent, recovered = workspace.posted
    call = {"type": "broadcast", "range": "channel"}
    assert [call in _runs(message) for message in (critical, urgent, recovered)] == [False, True, False]
    assert all("<!" not in json.dumps(message) for message in workspace.posted)
    assert critical["text"] == "aws has stopped delivering, overdue by 5 hours"
    assert recovered["text"] == "aws delivers again"
    page = message_page.render(urgent)
    for words in ("@channel", "4 Nov 2026 06:00 UTC, 4 days ago", "24 hours", "mlspend check source aws"):
        assert words in page


def _runs(message: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        run
        for block in message["blocks"]
        if block["type"] == "rich_text"
        for element in block["elements"]
        for run in element["elements"]
    ]


def test_a_notice_says_how_many_deliveries_could_not_be_landed(checks: Checks, workspace: Workspace) -> None:
    deliver(checks.ledger, 0)
    checks.ledger.record_rejected(deliver(checks.ledger, 20), "truncated", hour(20))
    assert not checks.run(29)
    page = message_page.render(workspace.posted[0])
    assert "Delivered since, but not landed: </strong>1" in page
    assert "why they could not be landed" in page


# Once, whatever happens


def test_a_lost_answer_does_not_send_twice(checks: Checks, workspace: Workspace) -> None:
    deliver(checks.ledger, 0)
    workspace.loses_answers = True
    assert [checks.run(now) for now in (29, 30)] == [False, False]
    assert severities(workspace) == ["critical"]


@pytest.mark.parametrize("had_arrived", [True, False])
def test_after_a_crash_between_claim_and_record_the_channel_is_asked(
    checks: Checks, workspace: Workspace, had_arrived: bool
) -> None:
    deliver(checks.ledger, 0)
    checks.ledger.claim_message(KEY, kind="alert", destination="#ml-spend", now=hour(28.5))
    if had_arrived:
        metadata = {"event_type": "mlspend_message", "event_payload": {"key": KEY}}
        workspace.posted.append({"channel": "#ml-spend", "metadata": metadata})
    # A minute later its sender may still be at it: the run is red all the same, and nothing is posted.
    before = len(workspace.posted)
    assert not checks.run(28.5 + 1 / 60)
    assert len(workspace.posted) == before
    assert not checks.run(29.5)
    assert keys(workspace) == [KEY]
    assert (checks.ledger.message(KEY) or {})["reference"] == "CMLSPEND00/1.000000"


def test_a_channel_that_refuses_gets_the_notice_once_it_is_mended(checks: Checks, workspace: Workspace) -> None:
    deliver(checks.ledger, 0)
    workspace.faults = [{"ok": False, "error": "not_in_channel"}]
    assert [checks.run(now) for now in (29, 30, 31)] == [False] * 3
    assert keys(workspace) == [KEY]


def test_an_end_that_cannot_be_told_fails_the_check_with_slacks_reason(checks: Checks, workspace: Workspace) -> None:
    deliver(checks.ledger, 0)
    checks.run(29)
    deliver(checks.ledger, 30)
    workspace.faults = [{"ok": False, "error": "is_archived"}]
    with pytest.raises(MessageRefused, match="is_archived"):
        checks.run(30.5)
    assert checks.run(31.5)
    assert severities(workspace) == ["critical", "ended"]


# Without Slack


def test_without_a_token_the_notice_lies_in_the_outbox_once(home: Home, ledger: Ledger, workspace: Workspace) -> None:
    deliver(ledger, 0)
    outbox = Checks(home, ledger, None)
    assert not outbox.run(29)
    page = home.outbox / KEY.removesuffix("/#ml-spend") / "ml-spend.html"
    assert "aws has stopped delivering" in page.read_text()
    page.unlink()
    assert not outbox.run(30)
    assert not page.exists()
    [row] = ledger.messages()
    assert (row["kind"], row["destination"]) == ("alert", "outbox #ml-spend")
    # What lies in the outbox has reached nobody: with a token it is sent, and its end is told there too.
    assert not Checks(home, ledger, workspace).run(31)
    deliver(ledger, 32)
    assert Checks(home, ledger, workspace).run(32.5)
    assert severities(workspace) == ["critical", "ended"]
    assert outbox.run(33.5)
    assert len(list(home.outbox.rglob("*.json"))) == 1


def test_without_a_token_the_end_lies_in_the_outbox_too(home: Home, ledger: Ledger) -> None:
    deliver(ledger, 0)
    outbox = Checks(home, ledger, None)
    assert not outbox.run(29)
    deliver(ledger, 30)
    assert [outbox.run(now) for now in (30.5, 31.5)] == [True, True]
    assert Path(home.outbox / ENDED.removesuffix("/#ml-spend") / "ml-spend.json").exists()
    assert len(list(home.outbox.rglob("*.json"))) == 2


def test_without_a_channel_the_check_is_red_all_the_same(
    home: Home, ledger: Ledger, workspace: Workspace, caplog: pytest.LogCaptureFixture
) -> None:
    deliver(ledger, 0)
    assert not Checks(home, ledger, workspace, make_config(channel=None)).run(29)
    assert workspace.posted == []
    assert "digest.channel is not set" in caplog.text


def test_a_state_store_that_is_gone_is_not_taken_for_silence(home: Home) -> None:
    gone = Ledger("postgresql://ada:hunter2@127.0.0.1:1/mlspend")
    with gone, pytest.raises(StateUnavailable):
        data_stopped.check(home, CONFIG, gone, hour(0), Access())
