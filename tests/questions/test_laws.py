"""What holds for every question, whatever it asks: laws that hand-made answers alone would not hold it to."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import duckdb
import pytest

from mlspend.adapters import questions
from mlspend.core.questions import Question, Value, read_settings
from tests.questions.small_warehouse import rows_of, small_bill

QUESTIONS = questions.read_questions()
# Parameters that choose the rows of a column.
CHOOSES = {
    "provider": "provider_name",
    "service": "service_name",
    "sub_account_id": "sub_account_id",
    "resource_id": "resource_id",
    "sku_id": "sku_id",
    "project": "project",
    "pricing_currency": "pricing_currency",
    "pricing_unit": "pricing_unit",
    "unit": "consumed_unit",
}
# Columns that add up over days and billing periods.
SUMS = {
    "billed_cost",
    "effective_cost",
    "contracted_cost",
    "list_cost",
    "pricing_currency_effective_cost",
    "contracted_savings_in_pricing_currency",
    "pricing_quantity",
    "consumed_quantity",
    "commitment_discount_quantity",
    "unused_quantity",
    "charge_count",
}
USE_ONLY = {
    "analyze-capacity-reservations-on-compute-costs",
    "analyze-tag-coverage",
    "analyze-the-different-metered-costs-for-a-particular-sku",
    "calculate-average-rate-of-a-component-resource",
    "calculate-unit-economics",
    "compare-usage-month-over-month",
    "cost-compute-subaccount",
    "daily-anomaly-region",
    "daily-anomaly-services",
    "daily-anomaly-subaccount",
    "determine-contracted-savings-by-virtual-currency",
    "effective-cost-compute",
    "effective-savings-rate",
    "effective-savings-rate-services",
    "forecast-costs",
    "quantify-usage-of-a-component-resource",
    "resource-costs-sku",
    "verify-discounts-applied",
}
# These count corrections of use, which give tokens back.
USE_AND_CORRECTIONS = {
    "calculate-consumption-of-virtual-currency-within-a-billing-period",
    "determine-target-of-virtual-currency-usage",
}
WITHOUT_CORRECTIONS = {
    "commitment-discount-purchases",
    "compare-billed-budget",
    "identify-unused-capacity-reservations",
    "identify-unused-commitments",
}
# Nobody asks for rows by number here: the cut would break the sums.
UNCUT = {"limit": 1000}

Row = dict[str, Any]


def ask(connection: duckdb.DuckDBPyConnection, question: Question, **set_to: Value) -> list[Row]:
    values = read_settings(question, []) | {name: UNCUT[name] for name in UNCUT if name in read_settings(question, [])}
    rows = rows_of(connection, question.sql, values | set_to)
    return [row for row in rows if not row.get("is_forecast")]


def sums(rows: list[Row], times: dict[str, int] | None = None) -> dict[str, float]:
    """The sum of each column that adds up; an empty sum and one of empty cells are the same."""
    added: dict[str, float] = {}
    for row in rows:
        for name in SUMS & row.keys():
            added[name] = added.get(name, 0.0) + float(row[name] or 0) * (times or {}).get(name, 1)
    return {name: round(total, 6) for name, total in added.items() if round(total, 6)}


def all_of(*slugs: str) -> list[Any]:
    return [pytest.param(QUESTIONS[slug], id=slug) for slug in slugs]


def taking(parameter: str) -> list[Any]:
    return all_of(*(slug for slug, each in QUESTIONS.items() if parameter in read_settings(each, [])))


@pytest.fixture(scope="module")
def dearer() -> Iterator[duckdb.DuckDBPyConnection]:
    """Billed cost three times as high, effective cost five times."""
    dear = "update marts.{} set billed_cost = 3 * billed_cost, effective_cost = 5 * effective_cost"
    with small_bill(dear.format("focus_costs"), dear.format("allocated_costs")) as connection:
        yield connection


def check_choice(connection: duckdb.DuckDBPyConnection, question: Question) -> None:
    for parameter, column in CHOOSES.items():
        if parameter not in read_settings(question, []):
            continue
        last: dict[str, Value] = {"last_period": "2026-10"} if "last_period" in read_settings(question, []) else {}
        everything = ask(connection, question, **last)
        assert ask(connection, question, **last, **{parameter: "nobody"}) == []
        if everything and column not in everything[0]:
            # Not to be seen in the answer; at least it must change it, and by what it leaves out.
            parts = [ask(connection, question, **last, provider=name) for name in ("AWS", "Nimbus")]
            assert sums(everything) == sums(parts[0] + parts[1])
            assert parts[0] != everything
            continue
        for value in {row[column] for row in everything} - {None}:
            chosen = ask(connection, question, **last, **{parameter: value})
            assert chosen == [row for row in everything if row[column] == value], (parameter, value)


def check_days(connection: duckdb.DuckDBPyConnection, question: Question) -> None:
    days = connection.execute("select distinct charge_date from marts.focus_costs").fetchall()
    alone = [
        row for (day,) in days for row in ask(connection, question, start_date=day, end_date=day + timedelta(days=1))
    ]
    assert sums(alone) == sums(ask(connection, question))
    assert ask(connection, question, start_date=date(2026, 12, 1)) == []


def check_periods(connection: duckdb.DuckDBPyConnection, question: Question) -> None:
    periods = connection.execute("select distinct billing_period from marts.focus_costs").fetchall()
    alone = [row for (each,) in periods for row in ask(connection, question, first_period=each, last_period=each)]
    assert sums(alone) == sums(ask(connection, question))


def check_costs(plain: duckdb.DuckDBPyConnection, dearer: duckdb.DuckDBPyConnection, question: Question) -> None:
    dear = {"billed_cost": 3, "effective_cost": 5}
    assert sums(ask(dearer, question)) == sums(ask(plain, question), dear)


@pytest.mark.parametrize("question", all_of(*QUESTIONS))
def test_a_parameter_chooses_the_rows_that_the_answer_would_show(
    question: Question, plain: duckdb.DuckDBPyConnection
) -> None:
    check_choice(plain, question)


@pytest.mark.parametrize("question", taking("start_date"))
def test_days_asked_one_by_one_add_up(question: Question, plain: duckdb.DuckDBPyConnection) -> None:
    check_days(plain, question)


@pytest.mark.parametrize("question", taking("first_period"))
def test_billing_periods_asked_one_by_one_add_up(question: Question, plain: duckdb.DuckDBPyConnection) -> None:
    check_periods(plain, question)


@pytest.mark.parametrize("question", all_of(*QUESTIONS))
def test_each_cost_is_the_one_that_its_column_names(
    question: Question, plain: duckdb.DuckDBPyConnection, dearer: duckdb.DuckDBPyConnection
) -> None:
    check_costs(plain, dearer, question)


COPY = "insert into marts.focus_costs select * replace (x_line_id || 'x' as x_line_id, {}) from marts.focus_costs"
CORRECTIONS = COPY.format("'Correction' as charge_class")
TAXES = COPY.format("'Tax' as charge_category") + " where charge_category = 'Usage'"
PURCHASES = COPY.format("'Purchase' as charge_category") + " where charge_category = 'Usage'"


@pytest.mark.parametrize("noise", [CORRECTIONS, TAXES, PURCHASES], ids=["corrections", "taxes", "purchases"])
def test_what_is_no_use_changes_no_answer_about_use(noise: str, plain: duckdb.DuckDBPyConnection) -> None:
    silent = USE_ONLY | (WITHOUT_CORRECTIONS if noise == CORRECTIONS else USE_AND_CORRECTIONS)
    with small_bill(noise) as noisy:
        changed = {slug for slug, each in QUESTIONS.items() if ask(noisy, each) != ask(plain, each)}
    assert not changed & silent
    assert len(changed) > 20


def test_a_list_price_that_is_not_known_makes_no_saving() -> None:
    imputed = "update marts.focus_costs set x_list_cost_provenance = 'contracted_cost'"
    telling = {"list_cost", "savings_over_list_percent", "contracted_discount_percent", "effective_discount_percent"}
    asked = set()
    with small_bill(imputed) as connection:
        for slug, question in QUESTIONS.items():
            for row in ask(connection, question):
                # What is unused of a commitment has a list cost, which is 0.
                assert not any(row[name] for name in telling & row.keys()), slug
                asked |= {slug} if telling & row.keys() else set()
        assert ask(connection, QUESTIONS["determine-contracted-savings-by-virtual-currency"]) == []
    assert len(asked) == 4


def test_an_answer_about_use_is_one_that_asks_for_use() -> None:
    asking = {slug for slug, each in QUESTIONS.items() if "charge_category = 'Usage'" in each.sql}
    assert asking == USE_ONLY | USE_AND_CORRECTIONS
