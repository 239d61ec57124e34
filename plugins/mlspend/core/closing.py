"""Whether a billing period may be closed, judged by what is published of it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from mlspend.core.deliveries import Receipt
from mlspend.core.errors import ClosingMoved


@dataclass(frozen=True)
class AccountPeriod:
    """A billing account's month in one currency, as published; `final_from` is None while nobody can tell the day.

    `difference` is the largest one that reconciliation found (None: it was not asked).
    """

    x_source: str
    billing_account_id: str
    billing_period: str
    billing_currency: str
    final_from: date | None
    final_reason: str
    is_reconciled: bool
    difference: Decimal | None = None

    def is_final(self, today: date) -> bool:
        """Return whether the provider does not change the month any more (`today` in UTC)."""
        return self.final_from is not None and self.final_from <= today


def list_objections(accounts: Sequence[AccountPeriod], today: date, *, is_provisional: bool) -> list[str]:
    """Return why one source's period may not be closed yet, and what to do; empty where it may.

    `is_provisional` takes it as right that amounts may still change: they become adjustments.
    """
    objections = []
    for one in accounts:
        place = f"source {one.x_source!r}, billing period {one.billing_period}, account {one.billing_account_id}"
        if not one.is_reconciled:
            objections.append(
                f"{place}: the sums of its {one.billing_currency} differ by {one.difference}, so there is nothing to"
                " charge by: `mlspend sql 'from marts.reconciliation'` shows at which hop; correct it and build again"
            )
        if not one.is_final(today) and not is_provisional:
            known = f"final from {one.final_from}" if one.final_from else "not final"
            objections.append(
                f"{place} is {known} ({one.final_reason}): wait, or close it with --provisional REASON; what changes"
                " later becomes an adjustment"
            )
    return objections


def check_moved(receipts: Iterable[Receipt], closed_spend: Iterable[Mapping[str, Any]]) -> None:
    """Raise ClosingMoved where a delivery that counts holds an account's month that another source was closed with.

    Statements are kept per source: the month would be charged once by the closed one, and again by the other.
    """
    closed = {(row["billing_account_id"], row["billing_period"]): row["source"] for row in closed_spend}
    for receipt in receipts:
        delivery = receipt.delivery
        for account in sorted(receipt.billing_accounts):
            source = closed.get((account, delivery.period), delivery.source)
            if source != delivery.source:
                raise ClosingMoved(
                    f"billing account {account}, billing period {delivery.period} was closed as delivered by source"
                    f" {source!r}, and now counts as delivered by {delivery.source!r}: it would be charged twice."
                    f" Either let {source!r} count for its closed months (keep it in `sources`, and its kind first in"
                    " `preferred_kinds`), or take its closings back with `mlspend close --reopen`, newest first, build"
                    f" and publish, and close {delivery.source!r} instead"
                )
