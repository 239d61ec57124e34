"""A digest read from a published file written by hand: amounts that can be added up on paper."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import duckdb
import pytest

from mlspend.adapters.digests import digest
from mlspend.adapters.digests.reading import read_known
from mlspend.adapters.home import Home
from mlspend.core.alerts import Alert, Candidate, Kind
from mlspend.core.digest import Audience, Cause, Checks, Compared, CompleteDays, OpenPeriod, OwnCost
from mlspend.core.digest_outlook import Budget, DayCost, Outlook, UnitCost
from mlspend.core.errors import WeekNotCovered
from mlspend.core.restatements import Restated
from mlspend.core.weeks import Week
from tests.published_warehouse import NOW, SPEND, THIS_WEEK, Line, add_outlook, add_savings, publish_by_hand

RISK = Audience("team", "#risk", ("risk",))
MANAGEMENT = Audience("management", "#leads")


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
    (section,) = digest.read(home, "Example Robotics", now=NOW, audience=RISK).sections
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
    (told,) = digest.read(home, "Example Robotics", now=NOW, audience=RISK).restated
    assert (told.billing_period, told.billing_currency) == ("2026-09", "USD")
    # 1,000 − 100 + 50 without what was restated in the week.
    assert told.billed == Restated(Decimal(-24), Decimal(950))
    assert told.effective == Restated(Decimal("-19.5"), Decimal(960))
    (before,) = digest.read(home, "Example Robotics", now=NOW, week=Week.parse("2026-W42")).restated
    assert before.billed == Restated(Decimal(-100), Decimal(1000))


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
    with pytest.raises(WeekNotCovered, match=f"{week} .* is whole from 1 Oct 2026 to 30 Oct 2026"):
        digest.read(home, "Example Robotics", now=NOW, week=Week.parse(week))


def test_data_without_one_complete_week_is_no_digest(home: Home) -> None:
    publish_by_hand(home, [line for line in SPEND if line[0] == THIS_WEEK])
    with pytest.raises(WeekNotCovered, match="19 Oct 2026 to 19 Oct 2026"):
        digest.read(home, "Example Robotics", now=NOW)


def test_an_empty_warehouse_is_no_digest(home: Home) -> None:
    publish_by_hand(home, [])
    with pytest.raises(WeekNotCovered, match="no charges"):
        digest.read(home, "Example Robotics", now=NOW)


# Beside the week


def test_the_month_so_far_stands_in_for_a_forecast_that_nobody_made(home: Home) -> None:
    publish_by_hand(home)
    (section,) = digest.read(home, "Example Robotics", now=NOW, audience=RISK).sections
    # 350 + 300 + 0.75; the 31st is not whole.
    as_of = date(2026, 10, 30)
    assert section.outlooks == (Outlook("USD", "team", "risk", "2026-10", as_of, Decimal("650.75")),)
    assert section.budgets == ()


def test_forecast_and_budgets_are_the_readers_own(home: Home) -> None:
    publish_by_hand(home)
    add_outlook(home)
    as_of = date(2026, 10, 30)
    (section,) = digest.read(home, "Example Robotics", now=NOW).sections
    assert section.outlooks == (
        Outlook(
            "USD",
            "company",
            "",
            "2026-10",
            as_of,
            Decimal("21000.5"),
            Decimal("23000.25"),
            Decimal(22000),
            Decimal(24000),
        ),
    )
    assert [each.budget for each in section.budgets] == ["all of it"]
    (section,) = digest.read(home, "Example Robotics", now=NOW, audience=RISK).sections
    (outlook,) = section.outlooks
    assert (outlook.scope_name, outlook.forecast_cost, outlook.reason) == ("risk", None, "not enough evidence")
    assert section.budgets == (
        Budget(
            "USD",
            "fraud",
            "project",
            "fraud-detection",
            "risk",
            "2026-10",
            Decimal(1000),
            Decimal("650.75"),
            "on_track",
        ),
    )


def test_the_month_told_is_that_of_the_weeks_last_day(home: Home) -> None:
    """On the last complete day of October, November is forecast too: the digest of 19-25 October is not about that."""
    publish_by_hand(home)
    add_outlook(home)
    with duckdb.connect(str(home.published_warehouse)) as connection:
        for table in ("forecast", "budgets"):
            connection.execute(f"update marts.{table} set as_of_date = date '2026-10-31'")
            connection.execute(
                f"insert into marts.{table} select * replace ('2026-11' as month, 0 as cost_to_date) from marts.{table}"
            )
        connection.execute("insert into marts.budgets from marts.budgets")
        connection.execute("update marts.budgets set budget = 'ended', month = '2026-08' where rowid >= 4")
    (section,) = digest.read(home, "Example Robotics", now=NOW).sections
    assert [(each.month, each.cost_to_date, each.is_over) for each in section.outlooks] == [
        ("2026-10", Decimal("21000.5"), True)
    ]
    assert [(each.budget, each.month) for each in section.budgets] == [("all of it", "2026-10")]


def test_each_team_of_a_channel_has_its_month_with_a_forecast_or_without(home: Home) -> None:
    publish_by_hand(home)
    add_outlook(home)
    both = Audience("team", "#shared", ("discovery", "risk"))
    (section,) = digest.read(home, "Example Robotics", now=NOW, audience=both).sections
    # 700.10 + 199.90 + 500 + 200 and three times 9999.
    assert [(each.scope_name, each.cost_to_date) for each in section.outlooks] == [
        ("discovery", Decimal(31597)),
        ("risk", Decimal("650.75")),
    ]


def test_the_month_so_far_ends_where_the_slowest_source_that_still_delivers_is_whole(home: Home) -> None:
    more: list[Line] = [
        (date(2026, 10, 20), "gcp", "USD", "recommender", "discovery", "training", "5", "5"),
        (date(2026, 9, 20), "ended", "USD", "recommender", "discovery", "training", "5", "5"),
    ]
    publish_by_hand(home, [*SPEND, *more])
    read = digest.read(home, "Example Robotics", now=NOW)
    (outlook,) = read.sections[0].outlooks
    # Two days of 9999, 500, 200, 350, 50 and 700.10 up to 20 October, and 5.
    assert (outlook.as_of_date, outlook.cost_to_date) == (date(2026, 10, 20), Decimal("21803.10"))
    assert read.complete_to == outlook.as_of_date


def test_a_mover_has_its_anomaly_or_its_usage_type_as_cause(home: Home) -> None:
    publish_by_hand(home)
    add_outlook(home)
    (section,) = digest.read(home, "Example Robotics", now=NOW).sections
    # The anomaly lies within the week; of the larger one nobody knows how much of it does.
    assert [(each.project, each.ml_stage, each.cause) for each in section.movers[:2]] == [
        (
            "recommender",
            "training",
            Cause("quantity", "EC2", "BoxUsage:p4d.24xlarge", "us-east-1", Decimal(190)),
        ),
        ("fraud-detection", "inference", Cause("", "EC2", "usage of inference", "", Decimal(-50))),
    ]


def test_ways_to_save_appear_with_the_first_row_of_their_tables(home: Home) -> None:
    publish_by_hand(home)
    (section,) = digest.read(home, "Example Robotics", now=NOW, audience=MANAGEMENT).sections
    assert (section.findings, section.verified_saving, section.unit_costs) == ((), None, ())
    add_savings(home)
    (section,) = digest.read(home, "Example Robotics", now=NOW, audience=MANAGEMENT).sections
    assert [each.finding_id for each in section.findings] == ["f4", "f3", "f2"]
    assert section.verified_saving == Decimal("120.5")
    assert section.unit_costs == (UnitCost("USD", "1,000 predictions", Decimal("0.25"), Decimal("0.2")),)
    (section,) = digest.read(home, "Example Robotics", now=NOW, audience=RISK).sections
    assert (len(section.findings), section.verified_saving, section.unit_costs) == (3, Decimal("100.5"), ())
    discovery = Audience("team", "#discovery", ("discovery",))
    (section,) = digest.read(home, "Example Robotics", now=NOW, audience=discovery).sections
    assert (section.findings, section.verified_saving) == ((), Decimal(20))


def test_the_management_reads_every_team(home: Home) -> None:
    publish_by_hand(home)
    add_outlook(home)
    (section,) = digest.read(home, "Example Robotics", now=NOW, audience=MANAGEMENT).sections
    assert [(each.team, each.effective) for each in section.teams] == [
        ("discovery", Compared(Decimal(900), Decimal(700))),
        ("risk", Compared(Decimal("300.75"), Decimal(350))),
        ("unattributed", Compared(Decimal("50.25"), Decimal(50))),
    ]
    assert [each.outlook and each.outlook.reason for each in section.teams] == [None, "not enough evidence", None]


def test_the_chart_has_five_weeks_by_day_and_project(home: Home) -> None:
    publish_by_hand(home, [*SPEND, (date(2026, 9, 20), "aws", "USD", "recommender", "discovery", "data", "1", "1")])
    (section,) = digest.read(home, "Example Robotics", now=NOW, audience=RISK).sections
    assert section.days == (
        DayCost(date(2026, 10, 14), "fraud-detection", Decimal(350)),
        DayCost(date(2026, 10, 22), "fraud-detection", Decimal(300)),
        DayCost(date(2026, 10, 23), "fraud-detection", Decimal("0.75")),
    )
    # 20 September is the day before the first of five weeks.
    (section,) = digest.read(home, "Example Robotics", now=NOW).sections
    assert min(each.day for each in section.days) == date(2026, 10, 1)


def test_of_many_projects_the_chart_shows_the_dearest_and_all_others_as_one(home: Home) -> None:
    many: list[Line] = [
        (THIS_WEEK, "aws", "USD", f"p{number}", "discovery", "training", str(number), "1") for number in range(1, 11)
    ]
    publish_by_hand(home, [*many, SPEND[-1]])
    (section,) = digest.read(home, "Example Robotics", now=NOW).sections
    assert {each.project: each.effective_cost for each in section.days} == {
        "": Decimal(1 + 2 + 3 + 4),
        **{f"p{number}": Decimal(number) for number in range(5, 11)},
    }


def test_what_mlspend_used_is_counted_within_the_week_and_how_whole_the_data_is(home: Home) -> None:
    publish_by_hand(home)
    read = digest.read(home, "Example Robotics", now=NOW)
    assert read.own_cost == OwnCost(5, 3, Decimal("0.02"), 1_234_000)
    assert read.complete == (CompleteDays("aws", date(2026, 10, 30)),)


def test_a_week_is_told_once_its_sunday_is_whole(home: Home) -> None:
    publish_by_hand(home)
    monday = datetime(2026, 10, 26, 9, 0, tzinfo=UTC)
    for whole_to, week in (("2026-10-24", "2026-W42"), ("2026-10-25", "2026-W43")):
        with duckdb.connect(str(home.published_warehouse)) as connection:
            connection.execute(f"update marts.complete_sources set last_complete_date = date '{whole_to}'")
        read = digest.read(home, "Example Robotics", now=monday)
        assert (str(read.week), read.newest_day) == (week, date(2026, 10, 31))


def test_an_earlier_file_without_these_tables_can_be_told(home: Home) -> None:
    publish_by_hand(home)
    with duckdb.connect(str(home.published_warehouse)) as connection:
        connection.execute("drop table marts.complete_sources")
    read = digest.read(home, "Example Robotics", now=NOW)
    assert (read.complete, read.sections[0].outlooks) == ((), ())


def test_open_alerts_come_gravest_first_without_the_approved_and_the_snoozed() -> None:
    def alert(title: str, level: str, team: str | None = "risk") -> Alert:
        found = Candidate("anomaly", (title,), level, "scope", title, NOW, team=team)  # type: ignore[arg-type]
        return Alert(found, opened_at=NOW, seen_at=NOW)

    snoozed = replace(alert("later", "critical"), state="snoozed", snoozed_until=NOW + timedelta(hours=1))
    woken = replace(alert("again", "warning"), state="snoozed", snoozed_until=NOW)
    approved = replace(alert("wanted", "critical"), state="approved")
    alerts = [alert("w", "warning"), alert("c", "critical", None), alert("i", "info"), snoozed, woken, approved]
    told = read_known(alerts, (), NOW).alerts
    assert [team for team, _ in told] == ["", "risk", "risk"]
    assert told[0][1].title == "c"
    assert {one.title for _, one in told[1:]} == {"w", "again"}


@pytest.mark.parametrize(
    ("kind", "parts", "scope", "told"),
    [
        ("anomaly", ("anomaly-1",), "recommender: EC2 BoxUsage", ("recommender, EC2 BoxUsage", "", "")),
        ("budget", ("october", "USD", "2026-10"), "team risk", ("october", "2026-10", "")),
        ("drift", ("price_is_usual", "daily", "aws", "2026-10"), "s", ("aws", "2026-10", "price is usual")),
        ("coverage", ("days_are_there", "daily", "", ""), "s", ("daily", "", "days are there")),
        ("gate_red", ("aws", "2026-10", "drift", "20261102T000000Z"), "s", ("aws", "2026-10", "drift")),
        ("data_stopped", ("aws", "never", "24h"), "aws", ("aws", "", "never")),
        ("data_stopped", ("aws", "20261102T000000Z", "24h"), "aws", ("aws", "", "")),
    ],
)
def test_what_an_alert_is_about_is_read_from_its_fingerprint(
    kind: Kind, parts: tuple[str, ...], scope: str, told: tuple[str, str, str]
) -> None:
    found = Candidate(kind, parts, "warning", scope, "title", NOW)
    ((_, alert),) = read_known([Alert(found, opened_at=NOW, seen_at=NOW)], (), NOW).alerts
    assert (alert.kind, alert.scope, alert.month, alert.detail) == (kind, *told)
