"""Summaries of AWS's invoices, by the Invoicing API. They hold totals, no lines."""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping

from mlspend.adapters import aws_api
from mlspend.core.errors import InvoicesUnreadable
from mlspend.core.invoices import Invoice, read_summary

logger = logging.getLogger(__name__)

_OPERATION = "list_invoice_summaries"
_PERMISSION = "invoicing:ListInvoiceSummaries"
# The most that one answer holds.
_PAGE = 100


def list_invoices(
    source: str,
    accounts: Mapping[str, str],
    periods: Iterable[str],
    *,
    profile: str | None,
    region: str | None,
    note: Callable[[str], None],
) -> Iterator[Invoice]:
    """Give the invoices of billing accounts (id → currency of its lines) in billing periods 'YYYY-MM'.

    `note` is told of every request. Raises ApiAccessDenied, ApiUnavailable, InvoicesUnreadable.
    """
    client = aws_api.connect("invoicing", profile=profile, region=region, note=note)
    for period in periods:
        year, month = period.split("-")
        for account, currency in sorted(accounts.items()):
            what = f"source {source!r}, billing period {period}, account {account}: invoices"
            with aws_api.aws_errors(what, _PERMISSION):
                pages = client.get_paginator(_OPERATION).paginate(
                    Selector={"ResourceType": "ACCOUNT_ID", "Value": account},
                    Filter={"BillingPeriod": {"Month": int(month), "Year": int(year)}},
                    PaginationConfig={"PageSize": _PAGE},
                )
                summaries = [each for page in pages for each in page["InvoiceSummaries"]]
            for summary in summaries:
                try:
                    invoice = read_summary(summary, source=source, currency=currency)
                except ValueError as error:
                    raise InvoicesUnreadable(f"{what} came in a form that is not known ({error})") from error
                if invoice:
                    yield invoice
                else:
                    logger.info("%s: %s is a payment receipt, no invoice", what, summary.get("InvoiceId"))
