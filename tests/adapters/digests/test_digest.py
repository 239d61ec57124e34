"""The digest read from a published file, sent to a server that speaks Slack's Web API, or written to the outbox."""

import json
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mlspend.adapters.config import Config
from mlspend.adapters.digests import digest
from mlspend.adapters.digests.audiences import choose_audiences
from mlspend.adapters.digests.digest import SentMessage
from mlspend.adapters.home import Home
from mlspend.adapters.ledger import Ledger
from mlspend.core.digest import Audience
from mlspend.core.errors import ConfigInvalid, MessageRefused, MessageUndelivered, NothingPublished
from mlspend.core.gates import RedGate
from tests.published_warehouse import NOW, SPEND, THIS_WEEK, Line, publish_by_hand
from tests.slack_workspace import Workspace


def make_config(channels: dict[str, str], company_channel: str | None = "#ml-spend", **more: Any) -> Config:
    return Config.model_validate(
        {
            "company": "Example Robotics",
            "sources": (),
            "teams": tuple({"name": team, "slack_channel": channel} for team, channel in channels.items()),
            "digest": {"channel": company_channel, **more},
        }
    )


CONFIG = make_config({"discovery": "#discovery", "risk": "#risk", "supply-chain": "#supply-chain"})
COMPANY = make_config({})


def send(
    home: Home,
    ledger: Ledger,
    config: Config = CONFIG,
    workspace: Workspace | None = None,
    *,
    now: datetime = NOW,
    gates: tuple[RedGate, ...] = (),
) -> list[SentMessage]:
    """To Slack where there is a workspace, else to the outbox."""
    token, url = ("xoxb-1", workspace.url) if workspace else (None, None)
    return digest.send(home, config, ledger, now, token, url, gates=gates, clock=lambda: now)


def told(workspace: Workspace) -> list[str]:
    """The channels that got a message, without what stands in threads."""
    return [message["channel"] for message in workspace.posted if "thread_ts" not in message]


def words_of(message: Any) -> str:
    return json.dumps(message, ensure_ascii=False).replace("\xa0", " ")


def replace_line(line: Line, *, day: date, billed: str) -> Line:
    return (day, *line[1:-1], billed)


# To whom


def test_each_team_and_the_company_have_an_audience_in_their_language_and_zone() -> None:
    config = Config.model_validate(
        {
            "company": "Example Robotics",
            "sources": (),
            "teams": (
                {"name": "discovery", "slack_channel": "#both", "emails": ("d@example.com",)},
                {
                    "name": "risk",
                    "slack_channel": "#both",
                    "language": "fr",
                    "emails": ("d@example.com", "r@example.com"),
                },
                {"name": "supply-chain", "slack_channel": "#ml-spend"},
                {"name": "platform", "emails": ("p@example.com",), "time_zone": "Asia/Tokyo"},
                {"name": "silent"},
            ),
            "digest": {
                "channel": "#ml-spend",
                "language": "fr",
                "time_zone": "Europe/Paris",
                "management": {"emails": ("cfo@example.com",), "language": "en"},
            },
        }
    )
    assert choose_audiences(config) == [
        Audience("company", "#ml-spend", (), "fr", "Europe/Paris"),
        Audience("team", "#both", ("discovery", "risk"), "fr", "Europe/Paris", ("d@example.com", "r@example.com")),
        Audience("team", "", ("platform",), "fr", "Asia/Tokyo", ("p@example.com",)),
        Audience("management", "", (), "en", "Europe/Paris", ("cfo@example.com",)),
    ]


def test_only_teams_with_spend_get_a_digest(home: Home, ledger: Ledger) -> None:
    publish_by_hand(home)
    assert [(each.channel, each.teams) for each in send(home, ledger)] == [
        ("#ml-spend", ()),
        ("#discovery", ("discovery",)),
        ("#risk", ("risk",)),
    ]


def test_teams_that_share_a_channel_share_a_digest(home: Home, ledger: Ledger) -> None:
    publish_by_hand(home)
    config = make_config({"discovery": "#both", "risk": "#both", "supply-chain": "#ml-spend"})
    company, both = send(home, ledger, config)
    assert (company.channel, both.channel, both.teams) == ("#ml-spend", "#both", ("discovery", "risk"))
    assert "1,200.75" in Path(both.place).read_text()


def test_a_digest_that_has_nowhere_to_go_is_a_fault_of_the_configuration(home: Home, ledger: Ledger) -> None:
    publish_by_hand(home)
    with pytest.raises(ConfigInvalid, match=r"digest\.channel"):
        send(home, ledger, make_config({}, company_channel=None))


def test_before_the_first_publication_there_is_nothing_to_tell(home: Home, ledger: Ledger) -> None:
    with pytest.raises(NothingPublished, match="mlspend publish"):
        send(home, ledger)


# Sending


def test_a_digest_is_sent_once_per_channel_and_week(home: Home, ledger: Ledger, workspace: Workspace) -> None:
    publish_by_hand(home)
    sent = send(home, ledger, CONFIG, workspace)
    assert [(each.channel, each.week, each.place.split("/")[0]) for each in sent] == [
        ("#ml-spend", "2026-W43", "CMLSPEND00"),
        ("#discovery", "2026-W43", "CDISCOVERY"),
        ("#risk", "2026-W43", "CRISK00000"),
    ]
    assert told(workspace) == ["#ml-spend", "#discovery", "#risk"]
    # Two replies and a chart below each.
    count = len(workspace.posted)
    assert count == 12
    # Another publication in the same week, with other numbers, says nothing new.
    publish_by_hand(home, SPEND[1:])
    assert send(home, ledger, CONFIG, workspace, now=NOW + timedelta(days=1)) == []
    assert len(workspace.posted) == count
    assert {each["destination"] for each in ledger.messages()} == {"#ml-spend", "#discovery", "#risk"}
    assert all(each["sent_at"] for each in ledger.messages())


def test_the_next_week_is_another_message(home: Home, ledger: Ledger, workspace: Workspace) -> None:
    publish_by_hand(home)
    send(home, ledger, CONFIG, workspace)
    publish_by_hand(home, [*SPEND, replace_line(SPEND[0], day=date(2026, 11, 1), billed="1.00")])
    # Due at nine in the morning.
    assert send(home, ledger, CONFIG, workspace, now=NOW + timedelta(minutes=59)) == []
    sent = send(home, ledger, CONFIG, workspace, now=NOW + timedelta(minutes=60))
    assert {each.week for each in sent} == {"2026-W44"}


def test_a_lost_answer_does_not_send_twice(home: Home, ledger: Ledger, workspace: Workspace) -> None:
    publish_by_hand(home)
    workspace.loses_answers = True
    assert len(send(home, ledger, CONFIG, workspace)) == 3
    assert told(workspace) == ["#ml-spend", "#discovery", "#risk"]
    assert send(home, ledger, CONFIG, workspace) == []


@pytest.mark.parametrize("had_arrived", [True, False])
def test_after_a_crash_between_claim_and_record_the_channel_is_asked(
    home: Home, ledger: Ledger, workspace: Workspace, had_arrived: bool
) -> None:
    publish_by_hand(home)
    key = "digest/2026-W43/#ml-spend"
    ledger.claim_message(key, kind="digest", destination="#ml-spend", now=NOW)
    if had_arrived:
        metadata = {"event_type": "mlspend_message", "event_payload": {"key": key}}
        workspace.posted.append({"channel": "#ml-spend", "metadata": metadata})
    with pytest.raises(MessageUndelivered, match="try again in 6 minutes"):
        send(home, ledger, COMPANY, workspace, now=NOW + timedelta(minutes=1))
    (sent,) = send(home, ledger, COMPANY, workspace, now=NOW + timedelta(minutes=6))
    assert sent.place == "CMLSPEND00/1.000000"
    assert told(workspace) == ["#ml-spend"]
    assert send(home, ledger, COMPANY, workspace, now=NOW + timedelta(minutes=9)) == []


def test_one_channel_that_refuses_keeps_no_other_from_its_digest(
    home: Home, ledger: Ledger, workspace: Workspace
) -> None:
    publish_by_hand(home)
    # The company's message, its two replies and its chart go out first.
    workspace.faults = [None, None, None, None, {"ok": False, "error": "not_in_channel"}]
    with pytest.raises(MessageRefused, match=r"#discovery.*\n.*other channels are out"):
        send(home, ledger, CONFIG, workspace)
    assert told(workspace) == ["#ml-spend", "#risk"]
    # Once the app is in the channel, only what was refused goes out.
    (sent,) = send(home, ledger, CONFIG, workspace)
    assert sent.channel == "#discovery"


# The outbox


def test_without_a_token_the_outbox_holds_exactly_what_slack_would_be_sent(
    home: Home, ledger: Ledger, workspace: Workspace
) -> None:
    publish_by_hand(home)
    written = send(home, ledger)
    folder = home.outbox / "2026-W43"
    assert [Path(each.place) for each in written] == [
        folder / f"{channel}.html" for channel in ("ml-spend", "discovery", "risk")
    ]
    send(home, ledger, CONFIG, workspace)
    in_outbox = [json.loads(Path(each.place).with_suffix(".json").read_text()) for each in written]
    assert in_outbox == [message for message in workspace.posted if "thread_ts" not in message]
    assert all(Path(each.place).with_suffix(".png").read_bytes().startswith(b"\x89PNG") for each in written)


def test_the_outbox_always_holds_the_newest(home: Home, ledger: Ledger) -> None:
    publish_by_hand(home)
    send(home, ledger, COMPANY)
    publish_by_hand(home, [*SPEND, replace_line(SPEND[0], day=THIS_WEEK, billed="1.00")])
    (written,) = send(home, ledger, COMPANY, now=NOW + timedelta(hours=1))
    assert "1,951.10" in Path(written.place).read_text()
    (row,) = ledger.messages()
    assert (row["destination"], row["reference"]) == ("outbox #ml-spend", "outbox/2026-W43/ml-spend.html")


def test_what_was_sent_reads_as_a_line(home: Home) -> None:
    message = digest.SentMessage("#ml-spend", "2026-W43", (), "C1/2.3")
    assert str(replace(message, place="C1/2.4")) == "digest of 2026-W43 for #ml-spend: C1/2.4"


def test_a_week_whose_hour_comes_when_the_next_can_be_told_already_is_sent(
    home: Home, ledger: Ledger, workspace: Workspace
) -> None:
    """Half past six on Sunday evening in Los Angeles: W43 is due on Monday 2 November 02:30 UTC at the latest."""
    publish_by_hand(home, [*SPEND, replace_line(SPEND[0], day=date(2026, 11, 1), billed="1.00")])
    config = make_config({}, send_at="Sun 18:30", time_zone="America/Los_Angeles")
    monday = NOW.replace(hour=0)
    sent = [
        (hour, each.week)
        for hour in range(6)
        for each in send(home, ledger, config, workspace, now=monday + timedelta(hours=hour))
    ]
    assert sent == [(0, "2026-W43"), (3, "2026-W44")]
