"""A build that lost a day, an account, a service, a project, a provider or owners is told apart from a whole one."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from mlspend.core.check_thresholds import DEFAULT_THRESHOLDS
from tests.spend_by_hand import NEWEST, publish, red

# 36 lines of the account and two services of 12 hours a day, three times.
LINES_A_DAY = 3 * (24 + 12 + 12)
LAST_DAYS = f"charge_date > date '{NEWEST - timedelta(3)}'"
LAST_WEEK = f"charge_date > date '{NEWEST - timedelta(7)}'"


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return publish(tmp_path_factory.mktemp("published") / "warehouse.duckdb")


def test_weeks_like_the_ones_before_are_green_published_before_or_not(published: Path) -> None:
    assert red(published) == {}
    assert red(published, rebuilt=("2026-09", "2026-10")) == {}
    assert red(None) == {}


@pytest.mark.parametrize(
    ("change", "days"),
    [
        ("delete from lines where charge_date = date '2026-10-14'", {date(2026, 10, 14): 0}),
        # Half a day lost of each account and service: 12 of 24 hours and 6 of 12, and one line more.
        (
            """delete from lines where rowid in (
                select rowid from lines where charge_date = date '2026-10-14' order by rowid limit 73)""",
            {date(2026, 10, 14): LINES_A_DAY - 73},
        ),
        (f"delete from lines where {LAST_DAYS}", {NEWEST - timedelta(days): 0 for days in range(3)}),
    ],
    ids=["a-day", "half-a-day", "the-newest-days"],
)
def test_days_that_are_missing_hold_the_month_back(published: Path, change: str, days: dict[date, int]) -> None:
    # Days of a new delivery: what is published ends before them.
    effect, rows = red(published, [change])["days_have_their_lines"]
    assert effect == "hold"
    assert {row["charge_date"]: row["line_count"] for row in rows} == days
    assert {row["line_count_before"] for row in rows} == {LINES_A_DAY}
    assert {row["billing_period"] for row in rows} == {"2026-10"}
    assert {row["compared_with"] for row in rows} == {"the four weeks before", "what is published"}


def test_days_of_a_source_that_was_never_published_are_told_and_hold_nothing(published: Path) -> None:
    found = red(None, ["delete from lines where charge_date = date '2026-10-14'"])
    assert {name: effect for name, (effect, _) in found.items()} == {"days_of_a_new_source_have_their_lines": "warn"}


def test_few_lines_on_the_newest_day_are_told_and_held_once_the_next_day_is_usual(published: Path) -> None:
    def on(newest: date, *changes: str) -> dict[str, str]:
        known = f"delete from lines where charge_date > date '{newest}'"
        return {name: effect for name, (effect, _) in red(published, [known, *changes], newest=newest).items()}

    # Published is up to the 13th; then 40 percent of the lines, on one day or from that day on.
    file = published.with_name("until-the-13th.duckdb")
    if not file.exists():
        publish(file, ["delete from lines where charge_date > date '2026-10-13'"])
    published = file
    few = "delete from lines where hash(rowid) % 10 < 6 and charge_date"
    fourteenth, next_day = date(2026, 10, 14), date(2026, 10, 15)
    assert on(fourteenth, f"{few} = date '2026-10-14'") == {"newest_day_has_its_lines": "warn"}
    assert on(next_day, f"{few} = date '2026-10-14'") == {"days_have_their_lines": "hold"}
    assert on(next_day, f"{few} >= date '2026-10-14'") == {}
    # A day without any line is no saving.
    assert on(fourteenth, "delete from lines where charge_date = date '2026-10-14'") == {
        "days_have_their_lines": "hold"
    }


def test_incomplete_days_never_count(published: Path) -> None:
    newest = NEWEST - timedelta(3)
    # What a delivery of the 23rd holds: three more days, of which the provider has written little as yet.
    few = "rowid % 20 = 0"
    later = f"create or replace table lines as from (from lines where not {LAST_DAYS} or {few})"
    before = ["delete from lines where charge_date > date '2026-10-22'"]
    assert red(None, before, newest=newest) == {}
    assert red(None, [later], newest=newest) == {}


def test_a_lower_level_is_no_gap_once_its_next_day_is_known(published: Path) -> None:
    # From the 14th on a third of the lines, for good: the first such day cannot be told from a gap on that day.
    lower = "delete from lines where charge_date >= date '2026-10-14' and sub_account_id <> 'account-a'"
    at_once = red(None, [lower, "delete from lines where charge_date > date '2026-10-14'"], newest=date(2026, 10, 14))
    assert "days_of_a_new_source_have_their_lines" in at_once
    later = red(None, [lower, "delete from lines where charge_date > date '2026-10-16'"], newest=date(2026, 10, 16))
    assert "days_of_a_new_source_have_their_lines" not in later


def test_work_on_weekdays_only_is_regular(published: Path) -> None:
    weekdays = "delete from lines where dayofweek(charge_date) in (0, 6)"
    assert red(None, [weekdays]) == {}


@pytest.mark.parametrize(
    ("which", "dimension", "segment", "check", "effect"),
    [
        (
            "sub_account_id = 'account-b'",
            "account",
            "account-b",
            "accounts_and_providers_are_still_there",
            "hold",
        ),
        ("service_name = 'S3'", "service", "S3", "services_are_still_there", "warn"),
        ("project = 'chatbot'", "project", "chatbot", "projects_are_still_there", "warn"),
    ],
)
def test_a_segment_without_use_for_three_days_is_missing(
    published: Path, which: str, dimension: str, segment: str, check: str, effect: str
) -> None:
    found = red(published, [f"delete from lines where {which} and {LAST_DAYS}"])
    assert found[check][0] == effect
    [row] = [row for row in found[check][1] if row["dimension"] == dimension]
    assert (row["segment"], row["last_date"]) == (segment, NEWEST - timedelta(3))
    assert row["compared_with"] == "the four weeks before"
    # Two days are a weekend.
    two_days = f"delete from lines where {which} and charge_date > date '{NEWEST - timedelta(2)}'"
    assert check not in red(published, [two_days])


def test_a_provider_that_vanished_holds_the_month_back(published: Path) -> None:
    second = "update lines set provider_name = 'Marketplace' where sub_account_id = 'account-b'"
    gone = f"delete from lines where provider_name = 'Marketplace' and {LAST_DAYS}"
    effect, rows = red(published, [second, gone])["accounts_and_providers_are_still_there"]
    assert effect == "hold"
    assert {(row["dimension"], row["segment"]) for row in rows} >= {("provider", "Marketplace")}


@pytest.mark.parametrize(
    "changes",
    [
        # SNS has a thousandth of the price of EC2: far below one percent of the money.
        [f"delete from lines where service_name = 'SNS' and {LAST_DAYS}"],
        [
            "delete from lines where sub_account_id = 'account-b' and dayofyear(charge_date) % 2 = 0",
            f"delete from lines where sub_account_id = 'account-b' and {LAST_DAYS}",
        ],
    ],
    ids=["little-money", "every-other-day"],
)
def test_what_had_little_money_or_no_rhythm_may_end(published: Path, changes: list[str]) -> None:
    assert "segments_of_a_new_source_are_still_there" not in red(None, changes)


@pytest.mark.parametrize(
    ("which", "checks"),
    [
        (
            "sub_account_id = 'account-b'",
            {"accounts_and_providers_are_still_there": "hold", "projects_are_still_there": "warn"},
        ),
        ("service_name = 'S3'", {"services_are_still_there_after_a_restatement": "hold"}),
    ],
)
def test_a_restatement_that_loses_a_segment_is_held_against_what_is_published(
    published: Path, which: str, checks: dict[str, str]
) -> None:
    # September is delivered again; October stays as it is.
    found = red(published, [f"delete from lines where {which} and billing_period = '2026-09'"], rebuilt=["2026-09"])
    assert {name: effect for name, (effect, _) in found.items() if name in checks} == checks
    for name in checks:
        assert {row["compared_with"] for row in found[name][1]} == {"what is published"}
        assert {row["billing_period"] for row in found[name][1]} == {"2026-09"}


def test_a_restatement_that_loses_a_day_is_held_and_one_that_corrects_it_is_not(published: Path) -> None:
    day = "charge_date = date '2026-09-16'"
    lost = red(published, [f"delete from lines where {day}"], rebuilt=["2026-09"])
    assert lost["days_have_their_lines"][0] == "hold"
    # The same money in a line a day instead of an hour, and a correction of the price: neither loses a day.
    coarser = f"""delete from lines where {day} and rowid not in (
        select min(rowid) from lines where {day} group by sub_account_id, service_name)"""
    dearer = f"update lines set effective_cost = effective_cost * 24 where {day}"
    cheaper = f"update lines set effective_cost = effective_cost / 3 where {day}"
    for changes in ([coarser, dearer], [cheaper]):
        compared = red(published, changes, rebuilt=["2026-09"]).get("days_have_their_lines", ("", []))[1]
        assert [row for row in compared if row["compared_with"] == "what is published"] == []


def test_a_few_lines_come_and_go(tmp_path: Path) -> None:
    few = "delete from lines where hash(rowid) % 200 <> 0"
    file = publish(tmp_path / "warehouse.duckdb", [few])
    lost = "delete from lines where sub_account_id = 'account-b' and billing_period = '2026-09'"
    days = "delete from lines where day(charge_date) < 20"
    found = red(file, [few, lost, days], rebuilt=["2026-09"])
    assert {name for name, (effect, _) in found.items() if effect == "hold"} == set()


def test_a_project_that_other_rules_call_otherwise_is_not_missing(published: Path) -> None:
    renamed = ["update lines set project = 'assistant' where project = 'chatbot'"]
    assert "projects_are_still_there" in red(published, renamed, rebuilt=["2026-09"])
    assert red(published, renamed, rebuilt=["2026-09"], has_published_rules=False) == {}


@pytest.mark.parametrize(
    ("which", "whose"),
    [
        ("project = 'ranking'", {("everybody", "a project"), ("everybody", "a team"), ("search", "any team")}),
        # A fifth of the assistants' lines lose their project, not their team.
        ("project = 'chatbot' and rowid % 5 = 0", {("everybody", "a project"), ("assistants", "a project")}),
    ],
    ids=["a-team", "a-project"],
)
def test_money_that_loses_its_owner_is_a_warning(published: Path, which: str, whose: set[tuple[str, str]]) -> None:
    team = ", team = 'unattributed'" if "ranking" in which else ""
    lost = f"update lines set project = 'unattributed'{team} where {which} and {LAST_WEEK}"
    effect, rows = red(published, [lost])["owner_coverage_holds"]
    assert effect == "warn"
    by_week = {(row["whose"], row["owner"]): row for row in rows if row["compared_with"] == "the four weeks before"}
    assert set(by_week) == whose
    everybody = by_week["everybody", "a project"]
    # 15 of 16 parts had an owner.
    assert everybody["percent_before"] == pytest.approx(93.75, abs=0.2)
    assert everybody["percent_now"] == pytest.approx(62.5 if team else 81.25, abs=1)


def test_coverage_that_a_restated_month_lost_is_a_warning(published: Path) -> None:
    lost = ["update lines set project = 'unattributed' where project = 'ranking' and billing_period = '2026-09'"]
    rows = red(published, lost, rebuilt=["2026-09"])["owner_coverage_holds"][1]
    assert {(row["whose"], row["owner"], row["billing_period"]) for row in rows} >= {
        ("everybody", "a project", "2026-09"),
        ("search", "a project", "2026-09"),
    }
    assert red(published, lost, rebuilt=["2026-09"], has_published_rules=False) == {}


def test_thresholds_are_those_of_the_configuration(published: Path) -> None:
    def with_limits(changes: Sequence[str], **limits: float) -> set[str]:
        completeness = replace(DEFAULT_THRESHOLDS.completeness, **limits)
        return set(red(published, changes, thresholds=replace(DEFAULT_THRESHOLDS, completeness=completeness)))

    one_day = [f"delete from lines where sub_account_id = 'account-b' and charge_date = date '{NEWEST}'"]
    assert "accounts_and_providers_are_still_there" in with_limits(one_day, recent_days=1)
    assert "accounts_and_providers_are_still_there" not in with_limits(one_day)
    sns = [f"delete from lines where service_name = 'SNS' and {LAST_DAYS}"]
    assert "services_are_still_there" in with_limits(sns, smallest_share=0)
    assert "services_are_still_there" not in with_limits(sns)
