"""A digest's sections, added up by hand, and what holds for any numbers."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlspend.core.digest import Cause, Compared, Coverage, Section, total
from mlspend.core.digest_outlook import Budget
from mlspend.core.digest_sections import NO_FACTS, Anomaly, Facts, Spend, UsageChange, choose_week, compose_sections
from mlspend.core.weeks import Week

WEEK = Week.parse("2026-W43")
OCTOBER = Coverage("aws", "USD", date(2026, 10, 1), date(2026, 10, 31))


def spend(
    project: str,
    stage: str,
    now: str,
    before: str,
    currency: str = "USD",
    billed: str | None = None,
    *,
    team: str = "discovery",
    service: str = "EC2",
) -> Spend:
    return Spend(
        currency, project, team, stage, service, Decimal(now), Decimal(billed or now), Decimal(before), Decimal(before)
    )


SPEND = [
    spend("recommender", "training", "700.10", "500.00", billed="650.00"),
    spend("recommender", "inference", "199.90", "200.00"),
    spend("fraud-detection", "inference", "300.00", "350.00"),
    spend("fraud-detection", "unknown", "0.75", "0.00"),
    spend("unattributed", "unknown", "49.25", "50.00"),
]


def the_section(cells: list[Spend] = SPEND, coverage: list[Coverage] | None = None, facts: Facts = NO_FACTS) -> Section:
    (section,) = compose_sections(cells, [OCTOBER] if coverage is None else coverage, WEEK, facts, with_teams=True)
    return section


def test_totals_against_the_week_before() -> None:
    section = the_section()
    assert section.effective == Compared(Decimal("1250.00"), Decimal("1100.00"))
    assert section.effective.change == Decimal("150.00")
    assert section.effective.change_percent is not None
    assert section.effective.change_percent.quantize(Decimal("0.0001")) == Decimal("13.6364")
    assert section.billed == Compared(Decimal("1199.90"), Decimal("1100.00"))


def test_spend_by_project_dearest_first() -> None:
    assert [(each.project, each.effective, each.share_percent) for each in the_section().projects] == [
        ("recommender", Compared(Decimal("900.00"), Decimal("700.00")), Decimal(72)),
        ("fraud-detection", Compared(Decimal("300.75"), Decimal("350.00")), Decimal("24.06")),
        ("unattributed", Compared(Decimal("49.25"), Decimal("50.00")), Decimal("3.94")),
    ]


def test_movers_are_the_three_biggest_changes_in_money_in_either_direction() -> None:
    assert [(each.project, each.ml_stage, each.effective.change) for each in the_section().movers] == [
        ("recommender", "training", Decimal("200.10")),
        ("fraud-detection", "inference", Decimal("-50.00")),
        ("fraud-detection", "unknown", Decimal("0.75")),
    ]


def test_what_no_invoice_could_show_does_not_move() -> None:
    cells = [spend("still", "training", "1.004", "1.000"), spend("same", "training", "8", "8")]
    assert the_section(cells).movers == ()


def mover_of(facts: Facts) -> Cause | None:
    cells = [
        spend("recommender", "training", "600", "500", service="EC2"),
        spend("recommender", "training", "70", "30", service="S3"),
        spend("recommender", "training", "5", "20", service="Support"),
        spend("recommender", "inference", "1", "1", service="Bedrock"),
    ]
    (mover,) = the_section(cells, facts=facts).movers
    assert mover.effective.change == Decimal(125)
    return mover.cause


def anomaly(service: str, excess: str, cause: str = "quantity", project: str = "recommender") -> Anomaly:
    return Anomaly("USD", project, service, f"{service} usage", Decimal(excess), cause, "detail")


def test_the_cause_is_the_service_that_moved_most_with_its_usage_type() -> None:
    assert mover_of(Facts()) == Cause("", "EC2", "", "", Decimal(100))
    usage = [("EC2", "small", "30"), ("EC2", "large", "80"), ("EC2", "idle", "-90"), ("S3", "bytes", "500")]
    changes = tuple(UsageChange("USD", "recommender", service, kind, Decimal(by)) for service, kind, by in usage)
    elsewhere = (
        UsageChange("USD", "other", "EC2", "huge", Decimal(900)),
        UsageChange("EUR", "recommender", "EC2", "euro", Decimal(900)),
    )
    assert mover_of(Facts(usage=changes + elsewhere)) == Cause("", "EC2", "large", "", Decimal(100))


def test_a_usage_type_that_moved_the_other_way_is_no_cause() -> None:
    against = UsageChange("USD", "recommender", "EC2", "large", Decimal(-80))
    assert mover_of(Facts(usage=(against,))) == Cause("", "EC2", "", "", Decimal(100))


def test_an_anomaly_that_explains_a_quarter_of_a_change_is_its_cause() -> None:
    # A quarter of 125 is 31.25.
    expected = Cause("price", "EC2", "EC2 usage", "detail", Decimal("31.25"))
    assert mover_of(Facts(anomalies=(anomaly("EC2", "31.25", "price"),))) == expected


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(anomaly("EC2", "31.24"), id="too small"),
        pytest.param(anomaly("EC2", "100", "unknown"), id="of unknown cause"),
        pytest.param(anomaly("EC2", "-200"), id="other direction"),
        pytest.param(anomaly("Support", "200"), id="of a service that fell"),
        pytest.param(anomaly("Bedrock", "200"), id="of another stage's service"),
        pytest.param(anomaly("EC2", "200", project="fraud"), id="of another project"),
    ],
)
def test_an_anomaly_that_explains_nothing_is_left_out(other: Anomaly) -> None:
    assert mover_of(Facts(anomalies=(other,))) == Cause("", "EC2", "", "", Decimal(100))


def test_an_anomaly_explains_one_mover_and_no_more_than_moved() -> None:
    cells = [
        spend("recommender", "training", "200", "100"),
        spend("recommender", "inference", "160", "100"),
    ]
    movers = the_section(cells, facts=Facts(anomalies=(anomaly("EC2", "5000"),))).movers
    assert [(each.ml_stage, each.cause) for each in movers] == [
        ("training", Cause("quantity", "EC2", "EC2 usage", "detail", Decimal(100))),
        ("inference", Cause("", "EC2", "", "", Decimal(60))),
    ]


def test_a_fall_has_the_service_that_fell_most_as_its_cause() -> None:
    cells = [
        spend("a", "training", "10", "80", service="EC2"),
        spend("a", "training", "90", "30", service="S3"),
    ]
    (mover,) = the_section(cells).movers
    assert mover.cause == Cause("", "EC2", "", "", Decimal(-70))


def test_teams_add_up_to_the_total_the_dearest_first() -> None:
    cells = [
        spend("a", "training", "10", "8", team="one"),
        spend("b", "unknown", "15", "1", team="two"),
        spend("c", "training", "5", "1", team="two"),
        spend("unattributed", "unknown", "1", "1", team="unattributed"),
    ]
    section = the_section(cells)
    assert [(each.team, each.effective.this_week, each.effective.week_before) for each in section.teams] == [
        ("two", Decimal(20), Decimal(2)),
        ("one", Decimal(10), Decimal(8)),
        ("unattributed", Decimal(1), Decimal(1)),
    ]
    assert [each.without_stage.share_percent for each in section.teams] == [Decimal(75), Decimal(0), Decimal(100)]


def test_what_is_not_attributed_is_shown_with_its_share() -> None:
    section = the_section()
    assert (section.without_project.effective_cost, section.without_project.share_percent) == (
        Decimal("49.25"),
        Decimal("3.94"),
    )
    assert (section.without_stage.effective_cost, section.without_stage.share_percent) == (Decimal("50.00"), Decimal(4))


def test_currencies_are_never_added_up() -> None:
    cells = [*SPEND, spend("recommender", "training", "80", "100", currency="EUR")]
    coverage = [OCTOBER, Coverage("azure", "EUR", date(2026, 10, 1), date(2026, 10, 31))]
    euros, dollars = compose_sections(cells, coverage, WEEK)
    assert (euros.billing_currency, euros.effective) == ("EUR", Compared(Decimal(80), Decimal(100)))
    assert (dollars.billing_currency, dollars.effective.this_week) == ("USD", Decimal("1250.00"))


def test_a_budget_in_a_currency_that_nothing_is_billed_in_is_not_lost() -> None:
    def budget(currency: str) -> Budget:
        return Budget(currency, "b", "company", "", "", "2026-10", Decimal(9), Decimal(1), "on_track")

    cells = [*SPEND, spend("recommender", "training", "80", "100", currency="EUR")]
    facts = Facts(budgets=(budget("USD"), budget("GBP")))
    euros, dollars = compose_sections(cells, [OCTOBER], WEEK, facts)
    assert [each.billing_currency for each in euros.budgets] == ["GBP"]
    assert [each.billing_currency for each in dollars.budgets] == ["USD"]


@pytest.mark.parametrize(
    ("coverage", "missing"),
    [
        pytest.param([Coverage("aws", "USD", date(2026, 10, 13), date(2026, 10, 31))], (), id="begins in week before"),
        pytest.param([Coverage("aws", "USD", date(2026, 10, 20), date(2026, 10, 31))], ("aws",), id="begins in week"),
        pytest.param(
            [OCTOBER, Coverage("gcp", "USD", date(2026, 10, 1), date(2026, 10, 24))], ("gcp",), id="one fell behind"
        ),
        pytest.param(
            [OCTOBER, Coverage("gcp", "USD", date(2026, 10, 1), date(2026, 10, 12))], ("gcp",), id="one went silent"
        ),
    ],
)
def test_a_week_that_is_not_covered_is_not_compared(coverage: list[Coverage], missing: tuple[str, ...]) -> None:
    section = the_section(coverage=coverage)
    assert section.effective == Compared(Decimal("1250.00"), None)
    assert section.effective.change is None
    assert section.billed.week_before is None
    assert section.movers == ()
    assert section.missing_sources == missing


def test_a_source_that_ended_before_both_weeks_and_another_currency_do_not_stand_in_the_way() -> None:
    ended = Coverage("old", "USD", date(2026, 1, 1), date(2026, 10, 11))
    late = Coverage("azure", "EUR", date(2026, 10, 25), date(2026, 10, 25))
    section = the_section(coverage=[OCTOBER, ended, late])
    assert section.effective.week_before == Decimal("1100.00")
    assert section.missing_sources == ()


@pytest.mark.parametrize("before", ["0", "-5"])
def test_no_percentage_of_nothing_or_of_a_credit(before: str) -> None:
    cost = Compared(Decimal(10), Decimal(before))
    assert cost.change == 10 - Decimal(before)
    assert cost.change_percent is None


def test_no_shares_of_a_total_that_credits_outweigh() -> None:
    section = the_section([spend("a", "training", "10", "0"), spend("unattributed", "unknown", "-12", "0")])
    assert [each.share_percent for each in section.projects] == [None, None]
    assert section.without_project.share_percent is None


@pytest.mark.parametrize(
    ("newest_day", "today", "week"),
    [
        (date(2026, 10, 25), date(2026, 10, 26), "2026-W43"),
        (date(2026, 10, 24), date(2026, 10, 26), "2026-W42"),
        (date(2026, 10, 31), date(2026, 10, 25), "2026-W42"),
        (date(2027, 1, 4), date(2027, 1, 5), "2026-W53"),
    ],
)
def test_the_week_is_the_last_complete_one_that_the_data_reaches(newest_day: date, today: date, week: str) -> None:
    behind = Coverage("gcp", "USD", date(2026, 1, 1), date(2026, 10, 1))
    assert choose_week([Coverage("aws", "USD", date(2026, 1, 1), newest_day), behind], today) == Week.parse(week)


@pytest.mark.parametrize(
    ("today", "week"),
    [(date(2026, 10, 26), "2026-W42"), (date(2026, 10, 31), "2026-W42"), (date(2026, 11, 1), "2026-W43")],
)
def test_a_week_with_an_unfinished_sunday_waits_but_not_beyond_a_week(today: date, week: str) -> None:
    unfinished = Coverage("aws", "USD", date(2026, 1, 1), date(2026, 10, 31), date(2026, 10, 24))
    assert choose_week([unfinished], today) == Week.parse(week)
    section = the_section(coverage=[unfinished])
    assert (section.effective.change, section.missing_sources) == (None, ("aws",))


def test_a_source_that_one_account_holds_back_for_weeks_is_no_source_that_has_ended() -> None:
    behind = Coverage("gcp", "USD", date(2026, 1, 1), date(2026, 10, 31), date(2026, 10, 1))
    section = the_section(coverage=[OCTOBER, behind])
    assert (section.effective.change, section.missing_sources) == (None, ("gcp",))


@pytest.mark.parametrize("text", ["2026-43", "2026-W54", "2026-W00", "", "2025-W53"])
def test_what_is_no_iso_week_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not an ISO week"):
        Week.parse(text)


amounts = st.decimals(-(10**18), 10**18, places=12, allow_nan=False)
names = st.sampled_from(["a", "b", "unattributed"])
teams = st.sampled_from(["x", "y"])
services = st.sampled_from(["EC2", "S3"])
stages = st.sampled_from(["training", "unknown"])
currencies = st.sampled_from(["EUR", "USD"])


@given(st.lists(st.builds(Spend, currencies, names, teams, stages, services, amounts, amounts, amounts, amounts)))
def test_the_parts_add_up_to_the_total_to_the_last_digit(cells: list[Spend]) -> None:
    sections = compose_sections(cells, [OCTOBER], WEEK, with_teams=True)
    assert [each.billing_currency for each in sections] == sorted({cell.billing_currency for cell in cells})
    for section in sections:
        mine = [cell for cell in cells if cell.billing_currency == section.billing_currency]
        assert section.effective.this_week == total(cell.effective_cost for cell in mine)
        assert section.effective.this_week == total(each.effective.this_week for each in section.projects)
        assert section.effective.this_week == total(each.effective.this_week for each in section.teams)
        assert section.effective.week_before == total(each.effective.week_before or 0 for each in section.projects)
        assert len({(each.project, each.ml_stage) for each in section.movers}) == len(section.movers) <= 3
        moves = [abs(each.effective.change or 0) for each in section.movers]
        assert moves == sorted(moves, reverse=True)
