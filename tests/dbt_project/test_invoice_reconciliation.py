"""The sheet of each invoice, worked out by hand; the view is asked over tables made here, without a build."""

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlspend.adapters.dbt import PROJECT

PARTS = ("tax", "credit", "late", "rounding", "unexplained")
SHEET = ["invoice_total", "billed_cost", "difference", *(f"{part}_difference" for part in PARTS), "status"]

_TABLES = """
create schema marts;
create table marts.monthly_spend (
    x_source varchar, billing_account_id varchar, billing_period varchar, billing_currency varchar,
    sub_account_id varchar, service_name varchar, charge_category varchar, invoice_id varchar,
    billed_cost decimal(38, 12), line_count bigint
);
create table marts.invoices (
    x_source varchar, billing_account_id varchar, billing_period varchar, invoice_id varchar, billing_currency varchar,
    issued_at timestamp, invoice_total decimal(38, 12), tax_total decimal(38, 12), credit_total decimal(38, 12)
);
create table marts.spend_changes (
    x_source varchar, billing_account_id varchar, billing_period varchar, billing_currency varchar,
    change_kind varchar, known_at timestamp, billed_cost_change decimal(38, 12)
);
"""


class Books:
    """Lines and invoices of one account and month, and what the view says of them."""

    def __init__(self) -> None:
        text = (PROJECT / "models/marts/invoice_reconciliation.sql").read_text()
        text = re.sub(r"\{\{ ref\('(\w+)'\)\.include\(database=false\) \}\}", r"marts.\1", text)
        text = re.sub(r"\{#.*?#\}|\{\{ config\(.*?\) \}\}", "", text, flags=re.DOTALL)
        self.connection = duckdb.connect()
        self.connection.execute(_TABLES + f"create view marts.invoice_reconciliation as {text}")

    def line(self, invoice: str | None, cost: str, **columns: str) -> None:
        of_account = {"billing_currency": "USD", "charge_category": "Usage", "service_name": "EC2"} | columns
        self._insert(
            "monthly_spend", invoice_id=invoice, billed_cost=cost, sub_account_id="a", line_count=1, **of_account
        )

    def invoice(
        self, invoice: str, total: str, tax: str | None = None, credit: str | None = None, **columns: Any
    ) -> None:
        stated = {"invoice_total": total, "tax_total": tax, "credit_total": credit, "billing_currency": "USD"}
        self._insert("invoices", invoice_id=invoice, **(stated | columns))

    def change(self, known_at: str, cost: str, kind: str = "restated") -> None:
        self._insert(
            "spend_changes", known_at=known_at, billed_cost_change=cost, change_kind=kind, billing_currency="USD"
        )

    def _insert(self, table: str, **columns: Any) -> None:
        columns = {"x_source": "aws", "billing_account_id": "payer", "billing_period": "2026-10"} | columns
        places = ", ".join("?" for _ in columns)
        self.connection.execute(
            f"insert into marts.{table} ({', '.join(columns)}) values ({places})", list(columns.values())
        )

    def sheets(self) -> dict[str | None, tuple[Any, ...]]:
        """Per invoice id: total, billed cost, difference, the five parts, status."""
        rows = self.connection.execute(
            f"select invoice_id, {', '.join(SHEET)} from marts.invoice_reconciliation"
        ).fetchall()
        assert len({row[0] for row in rows}) == len(rows)
        return {row[0]: tuple(row[1:]) for row in rows}


@pytest.fixture
def books() -> Iterator[Books]:
    made = Books()
    yield made
    made.connection.close()


def sheet(*amounts: str | None) -> tuple[Any, ...]:
    *numbers, status = amounts
    return (*(None if number is None else Decimal(number) for number in numbers), status)


def test_an_invoice_that_its_lines_add_up_to_matches(books: Books) -> None:
    books.line("A", "100.25")
    books.line("A", "8.02", charge_category="Tax")
    books.invoice("A", "108.27", tax="8.02")
    assert books.sheets() == {"A": sheet("108.27", "108.27", "0", "0", None, "0", "0", "0", "matches")}


def test_tax_and_credit_that_the_export_leaves_out_are_told_apart(books: Books) -> None:
    # 100 of use; the invoice adds 8 of tax and takes off 30, of which the export knows 10: 78 against 90.
    books.line("A", "100")
    books.line("A", "-10", charge_category="Credit")
    books.invoice("A", "78", tax="8", credit="-30")
    assert books.sheets()["A"] == sheet("78", "90", "-12", "8", "-20", "0", "0", "0", "explained")


def test_a_credit_memo_is_an_invoice_below_zero(books: Books) -> None:
    books.line("MEMO", "-15.5", charge_category="Credit")
    books.invoice("MEMO", "-15.5", tax="0", credit="-15.5")
    assert books.sheets()["MEMO"] == sheet("-15.5", "-15.5", "0", "0", "0", "0", "0", "0", "matches")


def test_rounding_is_half_a_cent_for_each_account_and_service(books: Books) -> None:
    # Two services: up to 0.01. 10.004 + 20.003 = 30.007, invoiced as 30.01; a third of a cent more is no rounding.
    for name, total in (("A", "30.01"), ("B", "30.018")):
        books.line(name, "10.004")
        books.line(name, "20.003", service_name="S3")
        books.invoice(name, total)
    assert books.sheets() == {
        "A": sheet("30.01", "30.007", "0.003", None, None, "0", "0.003", "0", "explained"),
        "B": sheet("30.018", "30.007", "0.011", None, None, "0", "0", "0.011", "unexplained"),
    }


def test_lines_without_an_invoice_explain_what_invoices_ask_for_in_excess_the_largest_first(books: Books) -> None:
    # 7 bear no invoice. B misses 5 and takes 5, A misses 4 and takes the 2 that are left; C asks for less than its
    # lines, which no line that is missing can explain.
    for name, cost, total in (("A", "10", "14"), ("B", "20", "25"), ("C", "30", "29")):
        books.line(name, cost)
        books.invoice(name, total)
    books.line(None, "7")
    assert books.sheets() == {
        "A": sheet("14", "10", "4", None, None, "2", "0", "2", "unexplained"),
        "B": sheet("25", "20", "5", None, None, "5", "0", "0", "explained"),
        "C": sheet("29", "30", "-1", None, None, "0", "0", "-1", "unexplained"),
        None: sheet(None, "7", None, None, None, None, None, None, "not_invoiced"),
    }


def test_what_changed_after_the_invoice_was_issued_is_late(books: Books) -> None:
    # Issued over 50. Later 6 were added to its lines and 1 without an invoice; 2 are left that nothing explains.
    books.line("A", "58")
    books.line(None, "1")
    books.invoice("A", "50", issued_at="2026-11-03 12:00:00")
    books.change("2026-11-01 00:00:00", "50", "first")
    books.change("2026-11-03 11:00:00", "100")
    books.change("2026-11-04 06:00:00", "7")
    assert books.sheets()["A"] == sheet("50", "58", "-8", None, None, "-6", "0", "-2", "unexplained")
    # With a second invoice in the month nobody can say whose lines changed.
    books.invoice("B", "0")
    assert books.sheets()["A"] == sheet("50", "58", "-8", None, None, "0", "0", "-8", "unexplained")


def test_invoices_without_lines_and_lines_without_an_invoice_are_told(books: Books) -> None:
    books.invoice("GONE", "12", tax="2")
    books.line("HEARD", "5")
    assert books.sheets() == {
        "GONE": sheet("12", "0", "12", "2", None, "0", "0", "10", "no_lines"),
        "HEARD": sheet(None, "5", None, None, None, None, None, None, "invoice_not_known"),
    }


def test_amounts_of_two_currencies_are_never_held_against_each_other(books: Books) -> None:
    books.line("A", "100")
    books.invoice("A", "90", billing_currency="EUR")
    rows = books.connection.execute(
        "select billing_currency, invoice_total, billed_cost, difference, status from marts.invoice_reconciliation"
        " order by all"
    ).fetchall()
    assert rows == [
        ("EUR", Decimal(90), Decimal(0), None, "other_currency"),
        ("USD", None, Decimal(100), None, "other_currency"),
    ]


def test_the_example_of_the_documents_is_what_the_view_says(books: Books) -> None:
    text = (PROJECT.parent / "docs" / "reconciliation.md").read_text().partition("### An example")[2]
    told = dict(re.findall(r"^\| `(\w+)` \| ([-\d.]+) \|", text, re.MULTILINE))
    books.line("NW-1001", "700.123456")
    books.line("NW-1001", "300", service_name="S3")
    books.line("NW-1001", "-100", charge_category="Credit")
    books.line(None, "50")
    books.line(None, "29.77", service_name="S3")
    books.invoice("NW-1001", "1046.30", tax="86.40", credit="-120.00")
    found = dict(zip(SHEET, books.sheets()["NW-1001"], strict=True))
    assert found.pop("status") == "explained"
    assert found == {name: Decimal(amount) for name, amount in told.items()}


amounts = st.integers(-(10**8), 10**8).map(lambda quanta: str(Decimal(quanta).scaleb(-4)))
lines = st.tuples(
    st.sampled_from(["A", "B", None, ""]), amounts, st.sampled_from(["Usage", "Tax", "Credit"]), st.sampled_from("xyz")
)
stated = st.tuples(amounts, st.none() | amounts, st.none() | amounts)


@settings(max_examples=40, deadline=None)
@given(st.lists(lines, max_size=8), st.dictionaries(st.sampled_from("ABC"), stated), st.lists(amounts, max_size=2))
def test_the_parts_of_every_sheet_add_up_and_no_line_is_lost(
    found: list[tuple[str | None, str, str, str]],
    invoiced: dict[str, tuple[str, str | None, str | None]],
    changed: list[str],
) -> None:
    books = Books()
    for invoice, cost, category, service in found:
        books.line(invoice, cost, charge_category=category, service_name=service)
    for name, (total, tax, credit) in invoiced.items():
        books.invoice(name, total, tax, credit, issued_at="2026-11-03 12:00:00")
    for cost in changed:
        books.change("2026-11-05 00:00:00", cost)
    sheets = books.sheets()
    assert sum(row[1] for row in sheets.values()) == sum(Decimal(cost) for _, cost, _, _ in found)
    open_cost = sum(Decimal(cost) for invoice, cost, _, _ in found if not invoice)
    for name, (total, billed, difference, *parts, status) in sheets.items():
        if name in invoiced:
            assert (total, difference) == (Decimal(invoiced[name][0]), total - billed)
            assert sum(part or 0 for part in parts) == difference
            services = {service for invoice, _, _, service in found if invoice == name}
            assert abs(parts[3]) <= Decimal("0.005") * len(services)
            assert (status == "unexplained") == (parts[4] != 0 and bool(services))
        else:
            assert (total, difference, *parts) == (None,) * 7
    if not changed and invoiced:
        late = sum(row[5] for name, row in sheets.items() if name in invoiced)
        assert abs(late) <= abs(open_cost), "late lines explain no more than there is of them"
    books.connection.close()
