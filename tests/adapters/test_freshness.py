"""Freshness by a real ledger: what is critical, who is told of it, once, and what is said when it ends."""

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from mlspend.adapters import freshness, pipeline
from mlspend.adapters.config import Config
from mlspend.adapters.home import Home
from mlspend.adapters.ledger import Ledger
from mlspend.adapters.messages import message_page
from mlspend.core.deliveries import Delivery, ExportFile, Receipt
from mlspend.core.errors import ExportNotDelivered, MessageRefused, SourceOverdue, StateUnavailable
from tests.focus_csv import focus_line, write_focus_csv
from tests.slack_workspace import Workspace

# A Wednesday, seven in the morning in Paris: the night has just ended.
START = datetime(2026, 11, 4, 6, tzinfo=UTC)
KEY = "freshness/aws/20261104T060000Z/24h/critical"
RECOVERED = "freshness/aws/20261104T060000Z/recovered"


def hour(number: float) -> datetime:
    return START + timedelta(hours=number)


def make_config(*, channel: str | None = "#ml-spend", sources: tuple[str, ...] = ("aws",), **source: Any) -> Config:
    settings = {"provider": "aws", "location": "s3://bills/cur2", "queue": "https://sqs.example/1/billing", **source}
    return Config.model_validate(
        {
            "company": "Example <!channel> Robotics",
            "sources": tuple({"name": name, **settings} for name in sources),
            "digest": {"channel": channel},
            "freshness": {"time_zone": "Europe/Paris"},
        }
    )


CONFIG = make_config()


def deliver(ledger: Ledger, at: float, *, source: str = "aws", period: str = "2026-11") -> Delivery:
    delivery = Delivery(
        source, "aws_cur2", period, f"v{at}", hour(at), (ExportFile("s3://bills/a.parquet", 10, "etag"),)
    )
    ledger.record_seen(delivery, hour(at))
    return delivery


@pytest.fixture
def workspace(httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    return Workspace(httpserver, ("ml-spend",))


@pytest.fixture
def ledger(home: Home) -> Iterator[Ledger]:
    with Ledger.open(home) as opened:
        yield opened


class Checks:
    """Runs of check_freshness against one workspace; each returns whether it was green."""

    def __init__(self, home: Home, ledger: Ledger, workspace: Workspace | None, config: Config = CONFIG) -> None:
        self.home, self.ledger, self.workspace, self.config = home, ledger, workspace, config

    def run(self, now: float) -> bool:
        access = ("xoxb-1", self.workspace.url) if self.workspace else (None, None)
        try:
            freshness.check(self.home, self.config, self.ledger, hour(now), *access)
        except SourceOverdue:
            return False
        return True


def keys(workspace: Workspace) -> list[str]:
    return [message["metadata"]["event_payload"]["key"] for message in workspace.posted]


def severities(workspace: Workspace) -> list[str]:
    return [key.rsplit("/", 1)[1] for key in keys(workspace)]


@pytest.fixture
def checks(home: Home, ledger: Ledger, workspace: Workspace) -> Checks:
    return Checks(home, ledger, workspace)


# What the ledger says


def test_each_configured_source_is_told_in_order_and_no_other(ledger: Ledger) -> None:
    deliver(ledger, 0)
    deliver(ledger, 2, period="2025-01")
    deliver(ledger, 0, source="gone_from_the_configuration")
    first, second = freshness.read(make_config(sources=("focus", "aws")), ledger, hour(3))
    assert (first.source, first.last_delivered_at, first.since) == ("focus", None, hour(3))
    assert (second.source, second.last_delivered_at, second.level) == ("aws", hour(2), "fresh")


def test_a_source_is_watched_from_the_first_time_anybody_asks(ledger: Ledger) -> None:
    assert freshness.read(CONFIG, ledger, hour(0))[0].level == "fresh"
    [silent] = freshness.read(CONFIG, ledger, hour(29))
    assert (silent.level, silent.since) == ("critical", hour(0))


@pytest.mark.parametrize("is_final", [True, False])
def test_what_cannot_be_landed_is_not_fresh_until_it_is(ledger: Ledger, is_final: bool) -> None:
    deliver(ledger, 0)
    broken = deliver(ledger, 20)
    ledger.record_rejected(broken, "source 'aws': truncated", hour(20), is_final=is_final)
    [found] = freshness.read(CONFIG, ledger, hour(29))
    assert (found.level, found.last_delivered_at, found.failed) == ("critical", hour(0), 1)
    ledger.record_landed(Receipt(broken, "aws_cur", (), 0, ()), hour(29))
    [found] = freshness.read(CONFIG, ledger, hour(29))
    assert (found.level, found.last_delivered_at, found.failed) == ("fresh", hour(20), 0)


def test_the_rhythm_is_configured_per_source(ledger: Ledger) -> None:
    deliver(ledger, 0)
    assert freshness.read(make_config(rhythm_hours=168), ledger, hour(170))[0].level == "late"
    assert freshness.read(make_config(rhythm_hours=168), ledger, hour(173))[0].level == "critical"


def land(home: Home, ledger: Ledger, now: float) -> None:
    pipeline.land("cloud", str(home.root / "exports"), home, ledger, now=hour(now), tell=lambda _: None)


def test_landing_writes_down_that_it_looked_also_where_nothing_was_new(home: Home, ledger: Ledger) -> None:
    config = make_config(sources=("cloud",), queue=None)
    file = write_focus_csv(home.root / "exports" / "focus.csv", [focus_line("2026-11", 1, "10", {})])
    os.utime(file, (hour(-23).timestamp(),) * 2)
    land(home, ledger, 0)
    land(home, ledger, 24)
    # Looked for again an hour ago, it had stopped by then; before that nobody could know.
    assert [freshness.read(config, ledger, hour(now))[0].level for now in (25,)] == ["critical"]
    os.utime(write_focus_csv(file, [focus_line("2026-11", 2, "10", {})]), (hour(25).timestamp(),) * 2)
    land(home, ledger, 48)
    assert freshness.read(config, ledger, hour(71))[0].level == "fresh"


def test_a_look_that_failed_is_none(home: Home, ledger: Ledger) -> None:
    config = make_config(sources=("cloud",), queue=None)
    with pytest.raises(ExportNotDelivered):
        land(home, ledger, 0)
    assert freshness.read(config, ledger, hour(0))[0].looked_at is None
    assert freshness.read(config, ledger, hour(29))[0].level == "critical"


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
    assert keys(workspace) == [KEY, RECOVERED]
    # The next silence is another one.
    assert not checks.run(31 + 28.5)
    assert keys(workspace)[2:] == ["freshness/aws/20261105T130000Z/24h/critical"]


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
    assert [checks.run(48.5), severities(workspace)] == [True, ["critical", "recovered"]]


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
    assert keys(workspace) == ["freshness/aws/never/24h/critical", "freshness/aws/never/recovered"]
    # So is the end of the next silence.
    assert not checks.run(30 + 29)
    deliver(checks.ledger, 72)
    assert checks.run(72.5)
    assert severities(workspace) == ["critical", "recovered"] * 2


def test_a_restated_rhythm_is_no_delivery_and_hides_no_later_silence(checks: Checks, workspace: Workspace) -> None:
    deliver(checks.ledger, 0)
    assert not checks.run(29)
    checks.config = make_config(rhythm_hours=168)
    assert checks.run(30.5)
    assert keys(workspace) == [KEY]
    assert [checks.run(now) for now in (173, 174)] == [False, False]
    assert keys(workspace) == [KEY, KEY.replace("24h", "168h")]
    deliver(checks.ledger, 175)
    assert [checks.run(now) for now in (175.5, 176.5)] == [True, True]
    assert keys(workspace)[2:] == [RECOVERED]


def test_a_delivery_after_the_rhythm_was_restated_ends_the_silence(checks: Checks, workspace: Workspace) -> None:
    deliver(checks.ledger, 0)
    assert not checks.run(29)
    checks.config = make_config(rhythm_hours=168)
    deliver(checks.ledger, 52)
    assert checks.run(52.5)
    assert keys(workspace) == [KEY, RECOVERED]


def test_without_any_delivery_a_restated_rhythm_is_no_end_either(checks: Checks, workspace: Workspace) -> None:
    assert checks.run(0)
    assert not checks.run(29)
    checks.config = make_config(rhythm_hours=168)
    assert checks.run(30.5)
    assert keys(workspace) == ["freshness/aws/never/24h/critical"]


def test_one_silent_source_keeps_no_other_from_its_notice(home: Home, ledger: Ledger, workspace: Workspace) -> None:
    checks = Checks(home, ledger, workspace, make_config(sources=("aws", "focus", "third")))
    for source in ("aws", "focus"):
        deliver(ledger, 0, source=source)
    deliver(ledger, 20, source="third")
    workspace.faults = [{"ok": False, "error": "internal_error"}]
    with pytest.raises(SourceOverdue) as raised:
        freshness.check(home, checks.config, ledger, hour(29), "xoxb-1", workspace.url)
    lines = str(raised.value).splitlines()
    assert [line.split(":")[0] for line in lines] == ["source 'aws'", "source 'focus'"]
    for words in ("last delivered 4 Nov 2026 06:00 UTC", "29 hours ago", "rhythm is 24 hours", "mlspend check source"):
        assert words in lines[0]
    assert len(workspace.posted) == 2


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
    assert severities(workspace) == ["critical", "recovered"]


# Without Slack


def test_without_a_token_the_notice_lies_in_the_outbox_once(home: Home, ledger: Ledger, workspace: Workspace) -> None:
    deliver(ledger, 0)
    outbox = Checks(home, ledger, None)
    assert not outbox.run(29)
    page = home.outbox / KEY / "ml-spend.html"
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
    assert severities(workspace) == ["critical", "recovered"]
    assert outbox.run(33.5)
    assert Path(home.outbox / RECOVERED / "ml-spend.json").exists()


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
        freshness.check(home, CONFIG, gone, hour(0))
