from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from mlspend.core.invoices import Invoice, read_summary

ISSUED = datetime(2026, 10, 3, 4, tzinfo=UTC)


def summary(**other: Any) -> dict[str, Any]:
    """As ListInvoiceSummaries answers: 100 and 8.25 of tax in dollars, paid in euros."""
    return {
        "AccountId": "000000000011",
        "InvoiceId": "2026-A",
        "IssuedDate": ISSUED,
        "BillingPeriod": {"Month": 9, "Year": 2026},
        "InvoiceType": "INVOICE",
        "BaseCurrencyAmount": {
            "TotalAmount": "108.25",
            "TotalAmountBeforeTax": "100.00",
            "CurrencyCode": "USD",
            "AmountBreakdown": {"SubTotalAmount": "100.00", "Taxes": {"TotalAmount": "8.25"}},
        },
        "PaymentCurrencyAmount": {"TotalAmount": "98.10", "TotalAmountBeforeTax": "90.62", "CurrencyCode": "EUR"},
    } | other


def read(currency: str = "USD", **other: Any) -> Invoice | None:
    return read_summary(summary(**other), source="aws", currency=currency)


def test_a_summary_of_aws_is_read_in_the_currency_of_the_lines() -> None:
    dollars = Invoice(
        "aws", "2026-A", "2026-09", "000000000011", "USD", Decimal("108.25"), Decimal("8.25"), None, ISSUED,
        "AWS ListInvoiceSummaries",
    )  # fmt: skip
    assert read() == dollars
    assert read("GBP") == dollars, "in the base currency where none fits"
    euros = read("EUR")
    assert euros is not None
    assert (euros.billing_currency, euros.total, euros.tax) == ("EUR", Decimal("98.10"), Decimal("7.48"))


@pytest.mark.parametrize("total", ["20.00", "-20.00"])
def test_a_credit_memo_takes_off_what_it_states(total: str) -> None:
    amount = {"TotalAmount": total, "TotalAmountBeforeTax": total, "CurrencyCode": "USD"}
    memo = read(InvoiceType="CREDIT_MEMO", BaseCurrencyAmount=amount)
    assert memo is not None
    assert (memo.total, memo.tax) == (Decimal(-20), Decimal(0))


def test_a_payment_receipt_is_no_invoice() -> None:
    assert read(InvoiceType="PAYMENT_RECEIPT") is None


@pytest.mark.parametrize(
    ("other", "wanted"),
    [
        ({"BaseCurrencyAmount": {"CurrencyCode": "USD"}}, "invoice 2026-A comes without TotalAmount"),
        ({"BillingPeriod": None}, "invoice 2026-A comes without Year"),
        ({"BaseCurrencyAmount": {"CurrencyCode": "USD", "TotalAmount": "1,000.00"}}, "'1,000.00' is no amount"),
    ],
)
def test_a_summary_that_lacks_what_an_invoice_needs_is_refused(other: dict[str, Any], wanted: str) -> None:
    with pytest.raises(ValueError, match=wanted):
        read(**other)


def test_plain_values_hold_no_exponent_and_no_zone() -> None:
    plain = Invoice("aws", "A", "2026-09", "1", "USD", Decimal("1E+2"), issued_at=ISSUED).plain()
    assert (plain["total"], plain["tax"], plain["issued_at"]) == ("100", None, "2026-10-03 04:00:00")
