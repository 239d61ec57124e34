"""Invoices as their issuer states them: what the lines of a bill are held against, and how AWS tells of them."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any

AWS_INVOICES = "AWS ListInvoiceSummaries"

# Amounts are stored as DECIMAL(38,12).
_LARGEST_AMOUNT = Decimal(10) ** 26
_AMOUNT_DECIMALS = 12


@dataclass(frozen=True)
class Invoice:
    """One invoice, or one credit memo, whose total is then negative.

    `total` is what it asks for in all, `tax` and `credit` what of that is tax and credit (a credit is negative), None
    where it does not say. `issued_at` is UTC; `taken_from` says where it was read.
    """

    source: str
    invoice_id: str
    billing_period: str
    billing_account_id: str
    billing_currency: str
    total: Decimal
    tax: Decimal | None = None
    credit: Decimal | None = None
    issued_at: datetime | None = None
    taken_from: str = ""

    def plain(self) -> dict[str, Any]:
        """Return the invoice as plain values: amounts as text without exponent, the time without a zone."""
        amounts = {name: None if value is None else f"{value:f}" for name, value in self._amounts().items()}
        issued_at = self.issued_at.astimezone(UTC).replace(tzinfo=None).isoformat(sep=" ") if self.issued_at else None
        return {**asdict(self), **amounts, "issued_at": issued_at}

    def _amounts(self) -> dict[str, Decimal | None]:
        return {"total": self.total, "tax": self.tax, "credit": self.credit}


def parse_amount(text: str) -> Decimal | None:
    """Return an amount, None where `text` is no finite number of up to 12 decimals.

    >>> parse_amount("1234.50"), parse_amount("1,234.50"), parse_amount("NaN")
    (Decimal('1234.50'), None, None)
    """
    try:
        amount = Decimal(text)
    except InvalidOperation:
        return None
    if not amount.is_finite() or abs(amount) >= _LARGEST_AMOUNT or "_" in text:
        return None
    return amount if amount == round(amount, _AMOUNT_DECIMALS) else None


def parse_issued(text: str) -> datetime | None:
    """Return when an invoice was issued, in UTC; a day alone means its end. None where `text` is neither.

    >>> parse_issued("2026-10-03"), parse_issued("2026-10-03T10:00:00+02:00")
    (datetime.datetime(2026, 10, 3, 23, 59, 59, tzinfo=datetime.timezone.utc), \
datetime.datetime(2026, 10, 3, 8, 0, tzinfo=datetime.timezone.utc))
    """
    try:
        if len(text) == len("2026-10-03"):
            return datetime.combine(date.fromisoformat(text), time(23, 59, 59), UTC)
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)


def read_summary(summary: Mapping[str, Any], *, source: str, currency: str) -> Invoice | None:
    """Return the invoice that a summary of AWS's ListInvoiceSummaries tells of; None where it is a payment receipt.

    An invoice states its amounts in up to three currencies: taken is the one that the account's lines are billed in,
    `currency`, else the base currency. A credit memo takes off what it states, whatever the sign it is written with.
    Raises ValueError for a summary that lacks what an invoice must have.
    """
    kind = summary.get("InvoiceType", "INVOICE")
    if kind == "PAYMENT_RECEIPT":
        return None
    amounts = [summary.get(f"{name}CurrencyAmount") or {} for name in ("Base", "Payment", "Tax")]
    stated = next((one for one in amounts if one.get("CurrencyCode") == currency), amounts[0])
    period = summary.get("BillingPeriod") or {}
    try:
        invoice = Invoice(
            source=source,
            invoice_id=str(summary["InvoiceId"]),
            billing_period=f"{int(period['Year']):04d}-{int(period['Month']):02d}",
            billing_account_id=str(summary["AccountId"]),
            billing_currency=str(stated["CurrencyCode"]),
            total=_amount(stated["TotalAmount"]),
            tax=_tax(stated),
            issued_at=summary.get("IssuedDate"),
            taken_from=AWS_INVOICES,
        )
    except KeyError as error:
        raise ValueError(f"invoice {summary.get('InvoiceId', '?')} comes without {error.args[0]}") from error
    if kind != "CREDIT_MEMO":
        return invoice
    return replace(invoice, total=-abs(invoice.total), tax=None if invoice.tax is None else -abs(invoice.tax))


def _tax(stated: Mapping[str, Any]) -> Decimal | None:
    """Return the taxes of the breakdown, else what is between the two totals; None where neither is told."""
    taxes = ((stated.get("AmountBreakdown") or {}).get("Taxes") or {}).get("TotalAmount")
    if taxes not in (None, ""):
        return _amount(taxes)
    before_tax = stated.get("TotalAmountBeforeTax")
    return None if before_tax in (None, "") else _amount(stated["TotalAmount"]) - _amount(before_tax)


def _amount(text: Any) -> Decimal:
    amount = parse_amount(str(text))
    if amount is None:
        raise ValueError(f"{text!r} is no amount")
    return amount
