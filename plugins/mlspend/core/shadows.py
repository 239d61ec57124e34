"""Two exports of one account and billing period: which counts, and which is its shadow, landed and compared only.

The same bill can be exported twice, as CUR 2.0 and as FOCUS, say, while a company moves from one to the other. Added
up, every cost would count twice; so the preferred kind counts, and where none is preferred nothing is guessed.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from mlspend.core.deliveries import Receipt
from mlspend.core.errors import ExportsOverlap


@dataclass(frozen=True)
class Shadow:
    """A landed delivery that does not count, and the source that counts in its place."""

    receipt: Receipt
    preferred: Receipt


@dataclass(frozen=True)
class TotalDifference:
    """Billed cost of one day and billing account in a shadow and in the export that counts, in one currency."""

    charge_date: date
    billing_account_id: str
    billing_currency: str
    billed_cost: Decimal
    preferred_billed_cost: Decimal

    @property
    def difference(self) -> Decimal:
        """How much more the shadow says."""
        return self.billed_cost - self.preferred_billed_cost


def separate_shadows(receipts: Iterable[Receipt], preferred_kinds: Sequence[str]) -> tuple[list[Receipt], list[Shadow]]:
    """Return the receipts that count, by source and period, and the shadows among them.

    `receipts` hold at most one per source and billing period; `preferred_kinds` come most preferred first. Raises
    ExportsOverlap naming both exports where no preference is stated, where both are of one kind, and where the one
    that would be the shadow also holds accounts that no preferred export has.
    """
    counting: list[Receipt] = []
    shadows: list[Shadow] = []
    for receipt in sorted(receipts, key=lambda one: (*_rank(one, preferred_kinds), *_place(one))):
        rivals = [one for one in counting if _overlaps(one, receipt)]
        if not rivals:
            counting.append(receipt)
            continue
        for rival in rivals:
            _refuse_undecided(rival, receipt, preferred_kinds)
        alone = receipt.billing_accounts.difference(*(rival.billing_accounts for rival in rivals))
        if alone:
            _refuse_partial(rivals[0], receipt, sorted(alone))
        shadows.append(Shadow(receipt, rivals[0]))
    return sorted(counting, key=_place), sorted(shadows, key=lambda shadow: _place(shadow.receipt))


def compare_totals(shadow: Shadow) -> list[TotalDifference]:
    """Return the billed cost of both exports per day, billing account and currency, for the shadow's accounts."""
    sums: dict[tuple[date, str, str], list[Decimal]] = {}
    for side, receipt in enumerate((shadow.receipt, shadow.preferred)):
        for total in receipt.control_totals:
            if total.billing_account_id in shadow.receipt.billing_accounts:
                key = (total.charge_date, total.billing_account_id, total.billing_currency)
                sums.setdefault(key, [Decimal(0), Decimal(0)])[side] += total.billed_cost
    return [TotalDifference(*key, *costs) for key, costs in sorted(sums.items())]


def _place(receipt: Receipt) -> tuple[str, str]:
    return receipt.delivery.source, receipt.delivery.period


def _rank(receipt: Receipt, preferred_kinds: Sequence[str]) -> tuple[int]:
    kind = receipt.delivery.export_kind
    return (preferred_kinds.index(kind) if kind in preferred_kinds else len(preferred_kinds),)


def _overlaps(one: Receipt, other: Receipt) -> bool:
    return one.delivery.period == other.delivery.period and bool(one.billing_accounts & other.billing_accounts)


def _refuse_undecided(one: Receipt, other: Receipt, preferred_kinds: Sequence[str]) -> None:
    kinds = {one.delivery.export_kind, other.delivery.export_kind}
    if len(kinds) == 2 and kinds <= set(preferred_kinds):
        return
    way_out = (
        f"state in mlspend.yml which kind counts, that one first: preferred_kinds: [{', '.join(sorted(kinds))}]"
        if len(kinds) == 2
        else "both are of one kind, so remove one of the two sources from mlspend.yml"
    )
    raise ExportsOverlap(f"{_both(one, other)}: counted together every cost would be doubled; {way_out}")


def _refuse_partial(one: Receipt, other: Receipt, alone: Sequence[str]) -> None:
    raise ExportsOverlap(
        f"{_both(one, other)}, and {other.delivery.source!r} also holds {', '.join(alone)}, which the preferred export "
        f"does not: export them apart, or prefer {other.delivery.export_kind}"
    )


def _both(one: Receipt, other: Receipt) -> str:
    shared = ", ".join(sorted(one.billing_accounts & other.billing_accounts))
    named = [f"source {each.delivery.source!r} ({each.delivery.export_kind})" for each in (one, other)]
    return f"billing period {one.delivery.period}: {named[0]} and {named[1]} both hold billing account {shared}"
