"""Whether a billing period may be closed, judged by what is published of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal


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
