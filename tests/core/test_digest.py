"""The digest's numbers, added up by hand, and what holds for any numbers."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlspend.core.digest import Compared, Coverage, Section, Spend, choose_week, compose_sections, total
from mlspend.core.weeks import Week

WEEK = Week.parse("2026-W43")
OCTOBER = Coverage("aws", "USD", date(2026, 10, 1), date(2026, 10, 31))


def spend(project: str, stage: str, now: str, before: str, currency: str = "USD", billed: str | None = None) -> Spend:
    return Spend(currency, project, stage, Decimal(now), Decimal(billed or now), Decimal(before), Decimal(before))


SPEND = [
    spend("recommender", "training", "700.10", "500.00", billed="650.00"),
    spend("recommender", "inference", "199.90", "200.00"),
    spend("fraud-detection", "inference", "300.00", "350.00"),
    spend("fraud-detection", "unknown", "0.75", "0.00"),
    spend("unattributed", "unknown", "49.25", "50.00"),
]


def the_section(cells: list[Spend] = SPEND, coverage: list[Coverage] | None = None) -> Section:
    (section,) = compose_sections(cells, [OCTOBER] if coverage is None else coverage, WEEK)
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


def test_movers_are_the_biggest_changes_in_money_each_way() -> None:
    section = the_section()
    assert [(each.project, each.ml_stage, each.effective.change) for each in section.risers] == [
        ("recommender", "training", Decimal("200.10")),
        ("fraud-detection", "unknown", Decimal("0.75")),
    ]
    assert [(each.project, each.ml_stage, each.effective.change) for each in section.fallers] == [
        ("fraud-detection", "inference", Decimal("-50.00")),
        ("unattributed", "unknown", Decimal("-0.75")),
        ("recommender", "inference", Decimal("-0.10")),
    ]


def test_no_more_than_three_movers_each_way_and_none_that_no_invoice_could_show() -> None:
    cells = [spend(f"p{number}", "training", str(number), "0") for number in range(1, 6)]
    cells += [spend("still", "training", "1.004", "1.000"), spend("same", "training", "8", "8")]
    section = the_section(cells)
    assert [each.project for each in section.risers] == ["p5", "p4", "p3"]
    assert section.fallers == ()


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
    assert (section.risers, section.fallers) == ((), ())
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


@pytest.mark.parametrize("text", ["2026-43", "2026-W54", "2026-W00", "", "2025-W53"])
def test_what_is_no_iso_week_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not an ISO week"):
        Week.parse(text)


amounts = st.decimals(-(10**18), 10**18, places=12, allow_nan=False)
names = st.sampled_from(["a", "b", "unattributed"])
stages = st.sampled_from(["training", "unknown"])
currencies = st.sampled_from(["EUR", "USD"])


@given(st.lists(st.builds(Spend, currencies, names, stages, amounts, amounts, amounts, amounts)))
def test_the_parts_add_up_to_the_total_to_the_last_digit(cells: list[Spend]) -> None:
    sections = compose_sections(cells, [OCTOBER], WEEK)
    assert [each.billing_currency for each in sections] == sorted({cell.billing_currency for cell in cells})
    for section in sections:
        mine = [cell for cell in cells if cell.billing_currency == section.billing_currency]
        assert section.effective.this_week == total(cell.effective_cost for cell in mine)
        assert section.effective.this_week == total(each.effective.this_week for each in section.projects)
        assert section.effective.week_before == total(each.effective.week_before or 0 for each in section.projects)
        moved = [*section.risers, *section.fallers]
        assert all((each.effective.change or 0) > 0 for each in section.risers)
        assert len({(each.project, each.ml_stage) for each in moved}) == len(moved)
