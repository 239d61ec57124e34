"""Each question's answer on a small bill against rows that were worked out by hand (expected/<slug>.yml)."""

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import pytest
import yaml

from mlspend.adapters import questions, warehouse_query
from mlspend.adapters.home import PROJECT_ROOT, Home
from mlspend.core.questions import Question, read_settings, write_in
from tests.questions.small_warehouse import rows_of, small_bill

QUESTIONS = questions.read_questions()
PAGE = PROJECT_ROOT / "docs" / "focus-questions.md"
EXPECTED = Path(__file__).parent / "expected"


class Case(NamedTuple):
    question: Question
    settings: list[str]
    answer: list[list[str]]


def cases() -> list[Any]:
    found = []
    for path in sorted(EXPECTED.glob("*.yml")):
        for number, case in enumerate(yaml.safe_load(path.read_text()), 1):
            answer = [[cell.strip() for cell in line.split("|")] for line in case["answer"].splitlines()]
            found.append(pytest.param(Case(QUESTIONS[path.stem], case["set"], answer), id=f"{path.stem}-{number}"))
    return found


def written(value: Any) -> str:
    """As it stands in the files: – for empty, no zeros at the end."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, Decimal | float):
        number = Decimal(repr(value)) if isinstance(value, float) else value
        return format(number.normalize() if number else Decimal(0), "f")
    return value.isoformat() if isinstance(value, date) else str(value)


def table(rows: list[dict[str, Any]]) -> list[list[str]]:
    return [list(rows[0]), *([written(value) for value in row.values()] for row in rows)]


@pytest.mark.parametrize("case", cases())
def test_the_answer_is_the_one_worked_out_by_hand(case: Case, plain: duckdb.DuckDBPyConnection) -> None:
    values = read_settings(case.question, case.settings)
    rows = rows_of(plain, case.question.sql, values)
    assert table(rows) == case.answer
    pasted = rows_of(plain, write_in(case.question, values))
    assert table(pasted) == case.answer


def test_a_discount_on_a_line_of_its_own_counts_as_what_it_takes_off() -> None:
    """13 off EC2 in October: 130 at list prices, 99 contracted, 91 effective, so 31 and 39 of 130; of all services in
    dollars 150.00036 at list prices, of it 116.00036 effective; contracted 121.70036, effective 132.70036, of it 16.70
    without a list price.
    """
    discount = """insert into marts.focus_costs select * replace (
        'edp' as x_line_id, 'EdpDiscount' as x_line_item_type, 'discount' as x_list_cost_provenance, 0 as list_cost,
        -13 as billed_cost, -13 as effective_cost, -13 as contracted_cost
    ) from marts.focus_costs where x_line_id = 'u2'"""
    october = ["start_date=2026-10-01", "end_date=2026-11-01"]
    wanted = {
        "verify-discounts-applied": (
            ["first_period=2026-10", "last_period=2026-10"],
            "2026-10 AWS 100000000001 Northwind Amazon_EC2 USD 130 99 91 79 23.85 30 0",
        ),
        "effective-savings-rate": (october, "AWS USD 150.00036 121.70036 132.70036 22.67 -9.04 16.7 12.58"),
        "effective-savings-rate-services": (october, "AWS Amazon_EC2 USD 99 91 8 8.08"),
    }
    with small_bill(discount) as bill:
        for slug, (settings, answer) in wanted.items():
            question = QUESTIONS[slug]
            rows = table(rows_of(bill, question.sql, read_settings(question, settings)))
            assert answer in [" ".join(row).replace("Amazon EC2", "Amazon_EC2") for row in rows], rows


def test_the_questions_are_those_of_the_library_and_each_has_an_answer_worked_out_by_hand() -> None:
    published = (Path(__file__).parent / "slugs.txt").read_text().split()
    assert sorted(published) == list(QUESTIONS)
    assert {path.stem for path in EXPECTED.glob("*.yml")} == QUESTIONS.keys()


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS)
def test_every_question_can_be_asked_of_the_published_warehouse(question: Question, example_warehouse: Home) -> None:
    values = read_settings(question, [])
    answer = warehouse_query.query_published(example_warehouse, question.sql, values)
    amounts = [value for row in answer for name, value in row.items() if name.endswith("_cost")]
    assert {type(value) for value in amounts} <= {Decimal, type(None)}


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS)
def test_no_question_adds_up_currencies_or_explains_a_column_that_is_not_there(
    question: Question, plain: duckdb.DuckDBPyConnection
) -> None:
    rows = rows_of(plain, question.sql, read_settings(question, []))
    columns = rows[0].keys()
    assert question.columns.keys() <= columns
    if any("cost" in name for name in columns if not name.startswith("pricing_currency")):
        assert "billing_currency" in columns


@pytest.mark.parametrize(
    ("currency", "condition", "amount"),
    [
        ("USD", "", "283.70036"),
        # c1 31, s1 16, t1 9, r3 5 and o1 4 end where October ends.
        ("USD", "and charge_period_end < timestamp '2026-11-01'", "218.70036"),
        # No row is left: the class of an ordinary charge is empty.
        ("USD", "and charge_class <> 'Correction'", "–"),
        # They are AWS's own services, invoiced by another company of AWS: e1 50 and e2 6.
        ("EUR", "and invoice_issuer_name <> publisher_name", "56"),
    ],
)
def test_what_a_fault_makes_of_october(
    currency: str, condition: str, amount: str, plain: duckdb.DuckDBPyConnection
) -> None:
    october = (
        "charge_date between date '2026-10-01' and date '2026-10-31' and provider_name = 'AWS'"
        f" and billing_currency = '{currency}'"
    )
    query = f"select sum(billed_cost) as cost from marts.focus_costs where {october} {condition}"
    [row] = rows_of(plain, query)
    assert written(row["cost"]) == amount
    assert f"| {amount.replace('–', 'nothing')} |" in PAGE.read_text()


@pytest.mark.parametrize(
    ("provider", "publisher", "is_seller"),
    [
        ("AWS", "Datalark GmbH", True),
        ("AWS", "Google LLC", True),
        ("AWS", "Amazonia Software", True),
        ("AWS", "Amazon Web Services EMEA SARL", False),
        ("Amazon Web Services", "AWS India", False),
        ("Microsoft", "Microsoft Corporation", False),
        ("Microsoft", "AWS", True),
        ("Google Cloud", "Google LLC", False),
    ],
)
def test_a_provider_is_no_seller_on_its_own_marketplace(provider: str, publisher: str, is_seller: bool) -> None:
    question = QUESTIONS["marketplace-vendors-costs"]
    named = f"update marts.focus_costs set provider_name = '{provider}', publisher_name = '{publisher}'"
    with small_bill(named) as connection:
        assert bool(rows_of(connection, question.sql, read_settings(question, []))) == is_seller
