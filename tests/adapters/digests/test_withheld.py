"""What stands in a digest's place while a gate is red, and that the digest follows by itself."""

import json
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from mlspend.adapters.digests import withheld_message
from mlspend.adapters.home import Home
from mlspend.adapters.ledger import Ledger
from mlspend.core.digest import Audience
from mlspend.core.gates import RedGate
from mlspend.core.weeks import Week
from tests.adapters.digests.test_digest import COMPANY, CONFIG, make_config, replace_line, send, told, words_of
from tests.published_warehouse import NOW, SPEND, publish_by_hand
from tests.slack_workspace import Workspace

SINCE = NOW - timedelta(hours=5)
DRIFT = RedGate("aws", "2026-10", "drift", SINCE, ("unit price of BoxUsage rose fourfold",), NOW - timedelta(days=3))
SILENT = RedGate("aws", None, "freshness", SINCE, ("aws is silent",), NOW - timedelta(days=2))


def test_a_red_gate_puts_one_notice_in_the_place_of_each_digest_and_green_sends_it(
    home: Home, ledger: Ledger, workspace: Workspace
) -> None:
    publish_by_hand(home)
    sent = send(home, ledger, CONFIG, workspace, gates=(DRIFT,))
    assert [(each.channel, each.week, each.is_withheld) for each in sent] == [
        (channel, "2026-W43", True) for channel in ("#ml-spend", "#discovery", "#risk")
    ]
    notice = words_of(workspace.posted[0])
    assert "No digest of 19–25 Oct 2026 for now: Example Robotics" in notice
    assert "the data is unlike what it was, since 2 Nov 2026 03:00 UTC. Detail: unit price of" in notice
    assert "delivered 30 Oct 2026 08:00 UTC, 3 days ago" in notice
    # An hour later, with the same things wrong in other words, nobody is told again.
    reworded = replace(DRIFT, sentences=("for 6 hours",))
    assert send(home, ledger, CONFIG, workspace, now=NOW + timedelta(minutes=30), gates=(reworded,)) == []
    followed = send(home, ledger, CONFIG, workspace, now=NOW + timedelta(minutes=40))
    assert [(each.channel, each.week, each.is_withheld) for each in followed] == [
        (channel, "2026-W43", False) for channel in ("#ml-spend", "#discovery", "#risk")
    ]
    # What is told stays told: a gate that turns red later says nothing about it.
    assert send(home, ledger, CONFIG, workspace, now=NOW + timedelta(minutes=50), gates=(DRIFT,)) == []


def test_what_else_goes_wrong_is_told_anew(home: Home, ledger: Ledger, workspace: Workspace) -> None:
    publish_by_hand(home)
    send(home, ledger, COMPANY, workspace, gates=(DRIFT,))
    schema = replace(DRIFT, kind="schema", since=NOW)
    (again,) = send(home, ledger, COMPANY, workspace, gates=(DRIFT, schema))
    assert again.is_withheld
    assert told(workspace) == ["#ml-spend", "#ml-spend"]


def test_what_is_mended_is_no_news_until_it_breaks_again(home: Home, ledger: Ledger, workspace: Workspace) -> None:
    publish_by_hand(home)
    schema = replace(DRIFT, kind="schema")

    def notices(*gates: RedGate) -> int:
        return len(send(home, ledger, COMPANY, workspace, gates=gates))

    assert notices(DRIFT, schema) == 1
    assert notices(DRIFT) == 0
    assert notices(schema) == 0
    assert notices(DRIFT, replace(schema, since=NOW)) == 1
    assert notices(DRIFT, schema, replace(schema, since=NOW)) == 0


def test_a_gate_of_a_source_that_a_team_does_not_use_does_not_hold_its_digest_back(home: Home, ledger: Ledger) -> None:
    elsewhere = [(day, "gcp", *rest) if rest[2] == "risk" else (day, source, *rest) for day, source, *rest in SPEND]
    publish_by_hand(home, elsewhere)  # type: ignore[arg-type]
    sent = send(home, ledger, gates=(DRIFT,))
    assert [(each.channel, each.is_withheld) for each in sent] == [
        ("#ml-spend", True),
        ("#discovery", True),
        ("#risk", False),
    ]


def test_a_silent_source_is_told_of_in_the_place_of_the_week_it_does_not_reach(
    home: Home, ledger: Ledger, workspace: Workspace
) -> None:
    """The data ends on 31 October, a day before W44 does."""
    publish_by_hand(home)
    monday = NOW + timedelta(hours=1)
    sent = send(home, ledger, COMPANY, workspace, now=monday, gates=(SILENT,))
    # W43 is whole and goes out; W44 would be due.
    assert [(each.week, each.is_withheld) for each in sent] == [("2026-W43", False), ("2026-W44", True)]
    assert send(home, ledger, COMPANY, workspace, now=monday + timedelta(hours=1), gates=(SILENT,)) == []
    publish_by_hand(home, [*SPEND, replace_line(SPEND[0], day=date(2026, 11, 1), billed="1.00")])
    (late,) = send(home, ledger, COMPANY, workspace, now=monday + timedelta(hours=2))
    assert (late.week, late.is_withheld) == ("2026-W44", False)


def test_before_it_is_due_nobody_is_told_that_it_will_not_come(home: Home, ledger: Ledger) -> None:
    publish_by_hand(home)
    sent = send(home, ledger, COMPANY, gates=(SILENT,), now=NOW + timedelta(minutes=59))
    assert [(each.week, each.is_withheld) for each in sent] == [("2026-W43", False)]


def test_a_week_that_the_next_one_overtook_is_not_told_any_more(
    home: Home, ledger: Ledger, workspace: Workspace
) -> None:
    publish_by_hand(home)
    send(home, ledger, COMPANY, workspace, gates=(DRIFT,))
    publish_by_hand(home, [*SPEND, replace_line(SPEND[0], day=date(2026, 11, 1), billed="1.00")])
    sent = send(home, ledger, COMPANY, workspace, now=NOW + timedelta(hours=2))
    assert [(each.week, each.is_withheld) for each in sent] == [("2026-W44", False)]


def test_in_the_outbox_a_notice_stands_beside_the_digests_not_among_them(home: Home, ledger: Ledger) -> None:
    publish_by_hand(home)
    (notice,) = send(home, ledger, COMPANY, gates=(DRIFT,))
    assert Path(notice.place) == home.outbox / "withheld" / "2026-W43" / "ml-spend.html"


def test_who_reads_e_mails_alone_is_not_mailed_a_notice(home: Home, ledger: Ledger) -> None:
    publish_by_hand(home)
    config = make_config({}, company_channel=None, emails=("finops@example.com",))
    assert send(home, ledger, config, gates=(DRIFT,)) == []


@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_notice_of_any_length_is_within_slacks_limits_and_no_name_speaks(language: str) -> None:
    hostile = "<!channel> *x*\u202e" * 40
    gates = [RedGate(hostile, "2026-10", "schema", SINCE, (hostile * 20,), None) for _ in range(30)]
    audience = Audience("team", "#a", (hostile,) * 30, language, "Europe/Paris")
    message = withheld_message.compose(hostile, audience, Week.parse("2026-W43"), gates, NOW)
    for block in message.blocks:
        block.validate_json()
    assert "<" not in message.text
    assert len(message.text) < 500
    kinds = {each["type"] for each in _objects([block.to_dict() for block in message.blocks]) if "text" in each}
    assert "mrkdwn" not in kinds
    assert "\u202e" not in words_of([block.to_dict() for block in message.blocks])


def _objects(node: object) -> list[dict[str, object]]:
    if isinstance(node, list):
        return [each for one in node for each in _objects(one)]
    if isinstance(node, dict):
        return [node, *(each for value in node.values() for each in _objects(value))]
    return []


def test_no_data_at_all_is_said() -> None:
    never = RedGate("", None, "unproved", SINCE, (), None)
    message = withheld_message.compose("Northwind", Audience("company", "#a"), Week.parse("2026-W43"), [never], NOW)
    said = json.dumps([block.to_dict() for block in message.blocks])
    assert "All data" in said
    assert "none yet" in said
