"""The digest read from a published file, sent to a server that speaks Slack's Web API, or written to the outbox."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer

from mlspend.adapters.config import Config
from mlspend.adapters.digests import digest
from mlspend.adapters.home import Home
from mlspend.adapters.ledger import Ledger
from mlspend.core.digest import Checks, Compared, OpenPeriod
from mlspend.core.errors import ConfigInvalid, MessageRefused, MessageUndelivered, NothingPublished, WeekNotCovered
from mlspend.core.restatements import Restated
from mlspend.core.weeks import Week
from tests.published_warehouse import NOW, SPEND, THIS_WEEK, Line, publish_by_hand
from tests.slack_workspace import Workspace


def make_config(channels: dict[str, str], company_channel: str | None = "#ml-spend") -> Config:
    return Config.model_validate(
        {
            "company": "Example Robotics",
            "sources": (),
            "teams": tuple({"name": team, "slack_channel": channel} for team, channel in channels.items()),
            "digest": {"channel": company_channel},
        }
    )


CONFIG = make_config({"discovery": "#discovery", "risk": "#risk", "supply-chain": "#supply-chain"})


@pytest.fixture
def workspace(httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    return Workspace(httpserver, ("ml-spend", "discovery", "risk"))


@pytest.fixture
def ledger(home: Home) -> Iterator[Ledger]:
    with Ledger.open(home) as opened:
        yield opened


# Reading


def test_a_shared_cost_that_was_split_whole_is_not_mentioned(home: Home) -> None:
    publish_by_hand(home, (*SPEND, (THIS_WEEK, "aws", "USD", "support", "platform", "unknown", "0.00", "0.00")))
    (section,) = digest.read(home, "Example Robotics", now=NOW).sections
    assert "support" not in [each.project for each in section.projects]
    assert len(section.projects) == 3


def test_the_digest_says_what_the_published_tables_hold(home: Home) -> None:
    publish_by_hand(home)
    read = digest.read(home, "Example Robotics", now=NOW)
    assert str(read.week) == "2026-W43"
    (section,) = read.sections
    assert section.effective == Compared(Decimal("1251.00"), Decimal("1100.00"))
    assert section.billed == Compared(Decimal("1201.00"), Decimal("1100.00"))
    assert [(each.project, each.effective.this_week) for each in section.projects] == [
        ("recommender", Decimal("900.00")),
        ("fraud-detection", Decimal("300.75")),
        ("unattributed", Decimal("50.25")),
    ]
    assert section.without_project.effective_cost == Decimal("50.25")
    assert section.without_stage.effective_cost == Decimal("51.00")
    assert (read.build_id, read.published_at) == ("b7", datetime(2026, 11, 2, 7, 30, tzinfo=UTC))
    assert read.newest_day == date(2026, 10, 31)
    assert [(each.x_source, each.delivered_at) for each in read.deliveries] == [("aws", NOW - timedelta(hours=30))]
    assert read.checks == Checks(passed=40, total=41, warned=("check_3",))
    assert read.open_periods == (OpenPeriod("aws", "2026-10"),)
    (sums,) = read.reconciliation
    assert (sums.period_count, sums.unreconciled_periods, sums.largest_difference) == (1, (), 0)
    assert sums.landed_billed_cost == sums.published_billed_cost == sum(Decimal(line[-1]) for line in SPEND)


def test_the_digest_of_a_team_holds_its_projects_only(home: Home) -> None:
    publish_by_hand(home)
    (section,) = digest.read(home, "Example Robotics", now=NOW, teams=("risk",)).sections
    assert section.effective == Compared(Decimal("300.75"), Decimal("350.00"))
    assert [each.project for each in section.projects] == ["fraud-detection"]


def test_a_month_that_is_invoiced_is_final(home: Home) -> None:
    publish_by_hand(home, not_invoiced_from=date(2026, 11, 1))
    assert digest.read(home, "Example Robotics", now=NOW).open_periods == ()


def test_a_period_that_does_not_reconcile_is_named(home: Home) -> None:
    publish_by_hand(home, reconciled_apart=Decimal("0.02"))
    (sums,) = digest.read(home, "Example Robotics", now=NOW).reconciliation
    assert sums.unreconciled_periods == ("aws 2026-10",)
    assert sums.largest_difference == Decimal("0.02")


def test_a_restatement_is_told_in_the_week_it_became_known_in(home: Home) -> None:
    restated = [
        ("2026-10-18 23:59:59", "restated", "-100", "-90"),
        ("2026-10-19 00:00:00", "restated", "-20", "-15.5"),
        ("2026-10-25 23:59:59", "withdrawn", "-4", "-4"),
        ("2026-10-21 06:00:00", "newest_day", "50", "50"),
        ("2026-10-26 00:00:00", "restated", "7", "7"),
    ]
    publish_by_hand(home, restated=restated)
    (told,) = digest.read(home, "Example Robotics", now=NOW, teams=("risk",)).restated
    assert (told.billing_period, told.billing_currency) == ("2026-09", "USD")
    # 1,000 − 100 + 50 without what was restated in the week.
    assert told.billed == Restated(Decimal(-24), Decimal(950))
    assert told.effective == Restated(Decimal("-19.5"), Decimal(960))
    (before,) = digest.read(home, "Example Robotics", now=NOW, week=Week.parse("2026-W42")).restated
    assert before.billed == Restated(Decimal(-100), Decimal(1000))


def test_only_a_restatement_above_the_threshold_is_told_and_to_every_channel(home: Home) -> None:
    publish_by_hand(home, restated=[("2026-10-20", "restated", "-24", "-24")])
    for percent, told in ((2.4, 1), (2.5, 0)):
        config = CONFIG.model_copy(update={"digest": CONFIG.digest.model_copy(update={"restated_percent": percent})})
        assert [len(each.digest.restated) for each in digest.read_all(home, config, now=NOW)] == [told] * 3


def test_fees_and_spread_commitments_do_not_make_the_data_look_newer(home: Home) -> None:
    unused = replace_line(SPEND[0], day=date(2026, 11, 30), billed="0")
    publish_by_hand(home, [*[line for line in SPEND if line[0] <= date(2026, 10, 25)], unused])
    read = digest.read(home, "Example Robotics", now=NOW + timedelta(days=60))
    assert (str(read.week), read.newest_day) == ("2026-W43", date(2026, 10, 25))


def replace_line(line: Line, *, day: date, billed: str) -> Line:
    return (day, *line[1:-1], billed)


def test_an_earlier_week_can_be_asked_for(home: Home) -> None:
    publish_by_hand(home)
    (section,) = digest.read(home, "Example Robotics", now=NOW, week=Week.parse("2026-W42")).sections
    assert section.effective == Compared(Decimal("1100.00"), Decimal("9999.00"))


@pytest.mark.parametrize("week", ["2026-W44", "2026-W39"])
def test_a_week_beyond_the_data_is_refused(home: Home, week: str) -> None:
    publish_by_hand(home)
    with pytest.raises(WeekNotCovered, match=f"{week} .* runs from 1 Oct 2026 to 31 Oct 2026"):
        digest.read(home, "Example Robotics", now=NOW, week=Week.parse(week))


def test_data_without_one_complete_week_is_no_digest(home: Home) -> None:
    publish_by_hand(home, [line for line in SPEND if line[0] == THIS_WEEK])
    with pytest.raises(WeekNotCovered, match="19 Oct 2026 to 19 Oct 2026"):
        digest.read(home, "Example Robotics", now=NOW)


def test_an_empty_warehouse_is_no_digest(home: Home) -> None:
    publish_by_hand(home, [])
    with pytest.raises(WeekNotCovered, match="no charges"):
        digest.read(home, "Example Robotics", now=NOW)


def test_before_the_first_publication_there_is_nothing_to_tell(home: Home, ledger: Ledger) -> None:
    with pytest.raises(NothingPublished, match="mlspend publish"):
        digest.send(home, CONFIG, ledger, NOW)


# To whom


def test_each_team_with_spend_and_the_company_get_a_digest(home: Home) -> None:
    publish_by_hand(home)
    digests = digest.read_all(home, CONFIG, now=NOW)
    assert [(each.channel, each.digest.teams) for each in digests] == [
        ("#ml-spend", ()),
        ("#discovery", ("discovery",)),
        ("#risk", ("risk",)),
    ]


def test_teams_that_share_a_channel_share_a_digest(home: Home) -> None:
    publish_by_hand(home)
    config = make_config({"discovery": "#both", "risk": "#both", "supply-chain": "#ml-spend"})
    company, both = digest.read_all(home, config, now=NOW)
    assert (both.channel, both.digest.teams) == ("#both", ("discovery", "risk"))
    assert both.digest.sections[0].effective.this_week == Decimal("1200.75")
    assert company.channel == "#ml-spend"


def test_a_digest_that_has_nowhere_to_go_is_a_fault_of_the_configuration(home: Home, ledger: Ledger) -> None:
    publish_by_hand(home)
    with pytest.raises(ConfigInvalid, match=r"digest\.channel"):
        digest.send(home, make_config({}, company_channel=None), ledger, NOW)


# Sending


def test_a_digest_is_sent_once_per_channel_and_week(home: Home, ledger: Ledger, workspace: Workspace) -> None:
    publish_by_hand(home)
    sent = digest.send(home, CONFIG, ledger, NOW, "xoxb-1", workspace.url)
    assert [(each.channel, each.week, each.place) for each in sent] == [
        ("#ml-spend", "2026-W43", "CMLSPEND00/1.000000"),
        ("#discovery", "2026-W43", "CDISCOVERY/2.000000"),
        ("#risk", "2026-W43", "CRISK00000/3.000000"),
    ]
    assert workspace.channels() == ["#ml-spend", "#discovery", "#risk"]
    # Another publication in the same week, with other numbers, says nothing new.
    publish_by_hand(home, SPEND[1:])
    assert digest.send(home, CONFIG, ledger, NOW + timedelta(days=1), "xoxb-1", workspace.url) == []
    assert len(workspace.posted) == 3
    assert [(each["destination"], each["reference"]) for each in ledger.messages()] == [
        ("#discovery", "CDISCOVERY/2.000000"),
        ("#ml-spend", "CMLSPEND00/1.000000"),
        ("#risk", "CRISK00000/3.000000"),
    ]


def test_the_next_week_is_another_message(home: Home, ledger: Ledger, workspace: Workspace) -> None:
    publish_by_hand(home)
    digest.send(home, CONFIG, ledger, NOW, "xoxb-1", workspace.url)
    publish_by_hand(home, [*SPEND, replace_line(SPEND[0], day=date(2026, 11, 1), billed="1.00")])
    sent = digest.send(home, CONFIG, ledger, NOW, "xoxb-1", workspace.url)
    assert {each.week for each in sent} == {"2026-W44"}


def test_a_lost_answer_does_not_send_twice(home: Home, ledger: Ledger, workspace: Workspace) -> None:
    publish_by_hand(home)
    workspace.loses_answers = True
    assert len(digest.send(home, CONFIG, ledger, NOW, "xoxb-1", workspace.url)) == 3
    assert workspace.channels() == ["#ml-spend", "#discovery", "#risk"]
    assert digest.send(home, CONFIG, ledger, NOW, "xoxb-1", workspace.url) == []


@pytest.mark.parametrize("had_arrived", [True, False])
def test_after_a_crash_between_claim_and_record_the_channel_is_asked(
    home: Home, ledger: Ledger, workspace: Workspace, had_arrived: bool
) -> None:
    publish_by_hand(home)
    config = make_config({})
    key = "digest/2026-W43/#ml-spend"
    ledger.claim_message(key, kind="digest", destination="#ml-spend", now=NOW)
    if had_arrived:
        metadata = {"event_type": "mlspend_message", "event_payload": {"key": key}}
        workspace.posted.append({"channel": "#ml-spend", "metadata": metadata})
    with pytest.raises(MessageUndelivered, match="try again in 4 minutes"):
        digest.send(home, config, ledger, NOW + timedelta(minutes=1), "xoxb-1", workspace.url)
    (sent,) = digest.send(home, config, ledger, NOW + timedelta(minutes=5), "xoxb-1", workspace.url)
    assert sent.place == "CMLSPEND00/1.000000"
    assert len(workspace.posted) == 1
    assert digest.send(home, config, ledger, NOW + timedelta(minutes=9), "xoxb-1", workspace.url) == []


def test_one_channel_that_refuses_keeps_no_other_from_its_digest(
    home: Home, ledger: Ledger, workspace: Workspace
) -> None:
    publish_by_hand(home)
    workspace.faults = [None, {"ok": False, "error": "not_in_channel"}]
    with pytest.raises(MessageRefused, match=r"#discovery.*\n.*other channels are out"):
        digest.send(home, CONFIG, ledger, NOW, "xoxb-1", workspace.url)
    assert workspace.channels() == ["#ml-spend", "#risk"]
    # Once the app is in the channel, only what was refused goes out.
    (sent,) = digest.send(home, CONFIG, ledger, NOW, "xoxb-1", workspace.url)
    assert sent.channel == "#discovery"


# The outbox


def test_without_a_token_the_outbox_holds_exactly_what_slack_would_be_sent(
    home: Home, ledger: Ledger, workspace: Workspace
) -> None:
    publish_by_hand(home)
    written = digest.send(home, CONFIG, ledger, NOW)
    folder = home.outbox / "2026-W43"
    assert [Path(each.place) for each in written] == [
        folder / f"{channel}.html" for channel in ("ml-spend", "discovery", "risk")
    ]
    digest.send(home, CONFIG, ledger, NOW, "xoxb-1", workspace.url)
    in_outbox = [json.loads(Path(each.place).with_suffix(".json").read_text()) for each in written]
    assert in_outbox == workspace.posted


def test_the_outbox_always_holds_the_newest(home: Home, ledger: Ledger) -> None:
    publish_by_hand(home)
    digest.send(home, make_config({}), ledger, NOW)
    publish_by_hand(home, [*SPEND, replace_line(SPEND[0], day=THIS_WEEK, billed="1.00")])
    (written,) = digest.send(home, make_config({}), ledger, NOW + timedelta(hours=1))
    assert "1,951.10" in Path(written.place).read_text()
    (row,) = ledger.messages()
    assert (row["destination"], row["reference"]) == ("outbox #ml-spend", "outbox/2026-W43/ml-spend.html")


def test_what_was_sent_reads_as_a_line(home: Home) -> None:
    message = digest.SentMessage("#ml-spend", "2026-W43", (), "C1/2.3")
    assert str(replace(message, place="C1/2.4")) == "digest of 2026-W43 for #ml-spend: C1/2.4"
