"""Invoices in a CSV file: one line each, as somebody keeps them or a payables system exports them."""

import csv
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path

from mlspend.adapters.config_money import CURRENCY
from mlspend.core.errors import InvoicesUnreadable
from mlspend.core.invoices import Invoice, parse_amount, parse_issued
from mlspend.core.periods import parse_period

_REQUIRED = ("invoice_id", "billing_period", "billing_account_id", "billing_currency", "total")
_OPTIONAL = ("tax", "credit", "issued_at")
_AN_AMOUNT = "write a number with a point and up to 12 decimals"


def read_invoices(path: Path, *, source: str, written: str) -> list[Invoice]:
    """Return the invoices of `source` that stand in the CSV file `path`; `written` is how mlspend.yml names it.

    Raises InvoicesUnreadable listing what is wrong, with the lines; then none of the file is taken.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "is not UTF-8 text"
        raise InvoicesUnreadable(
            f"source {source!r}: the invoices in {path} cannot be read ({reason}): put the file there, or correct"
            " `file` in invoices"
        ) from error
    invoices: dict[str, Invoice] = {}
    problems = list(_read_lines(text, source, written, invoices))
    if problems:
        raise InvoicesUnreadable("\n".join(f"source {source!r}: {path}:{line}: {told}" for line, told in problems))
    return list(invoices.values())


def _read_lines(text: str, source: str, written: str, found: dict[str, Invoice]) -> Iterator[tuple[int, str]]:
    """Add the invoices to `found` by their ids; give line and sentence of what is wrong."""
    reader = csv.DictReader(text.splitlines(), restval="")
    names = [name.strip().lower() for name in reader.fieldnames or ()]
    if missing := [name for name in _REQUIRED if name not in names]:
        yield 1, f"has no column {', '.join(missing)}: the first line must name {', '.join(_REQUIRED)}"
        return
    reader.fieldnames = names
    first: dict[str, int] = {}
    for row in reader:
        line = reader.line_num
        values = {name: str(row.get(name) or "").strip() for name in (*_REQUIRED, *_OPTIONAL)}
        if not any(values.values()):
            continue
        wrong = list(_wrong(values))
        if not wrong and first.setdefault(values["invoice_id"], line) != line:
            wrong = [f"holds invoice {values['invoice_id']} again (line {first[values['invoice_id']]} does already)"]
        yield from ((line, told) for told in wrong)
        if not wrong:
            found[values["invoice_id"]] = _invoice(values, source, written)


def _wrong(values: Mapping[str, str]) -> Iterator[str]:
    for name in _REQUIRED:
        if not values[name]:
            yield f"{name} is empty"
    if values["billing_period"]:
        try:
            parse_period(values["billing_period"])
        except ValueError:
            yield f"billing_period is {values['billing_period']!r}: write it as YYYY-MM, for example 2026-10"
    if values["billing_currency"] and not re.fullmatch(CURRENCY, values["billing_currency"]):
        yield f"billing_currency is {values['billing_currency']!r}: write three capital letters, for example USD"
    for name in ("total", "tax", "credit"):
        if values[name] and parse_amount(values[name]) is None:
            yield f"{name} is {values[name]!r}: {_AN_AMOUNT}"
    credit = parse_amount(values["credit"]) if values["credit"] else None
    if credit is not None and credit > 0:
        yield f"credit is {values['credit']}: write it as it stands in the total, negative"
    if values["issued_at"] and parse_issued(values["issued_at"]) is None:
        yield f"issued_at is {values['issued_at']!r}: write a day as YYYY-MM-DD, or a time in ISO 8601"


def _invoice(values: Mapping[str, str], source: str, written: str) -> Invoice:
    def amount(name: str) -> Decimal | None:
        return parse_amount(values[name]) if values[name] else None

    return Invoice(
        source=source,
        invoice_id=values["invoice_id"],
        billing_period=values["billing_period"],
        billing_account_id=values["billing_account_id"],
        billing_currency=values["billing_currency"],
        total=amount("total") or Decimal(0),
        tax=amount("tax"),
        credit=amount("credit"),
        issued_at=parse_issued(values["issued_at"]) if values["issued_at"] else None,
        taken_from=written,
    )
