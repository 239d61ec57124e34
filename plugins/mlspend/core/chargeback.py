"""A team's statement of a month: exact amounts, and the same rounded so that what is shown adds up to its total."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Context, Decimal

# The default context of 28 digits would round sums of DECIMAL(38,12).
_FLOOR = Context(prec=76, rounding=ROUND_FLOOR)
_NEAREST = Context(prec=76, rounding=ROUND_HALF_UP)

_Key = Callable[["Charge"], tuple[str, ...]]

CHARGE, SHARE, SHARED, ADJUSTMENT = "charge", "share", "shared", "adjustment"


@dataclass(frozen=True)
class Charge:
    """Exact amounts of one project and service on one team's statement.

    `kind` is CHARGE, SHARE (a project's share of shared costs), SHARED (what was split among nobody, filed under the
    shared cost's own name) or ADJUSTMENT.
    """

    team: str
    kind: str
    billing_period: str
    project: str
    service_name: str
    billing_currency: str
    billed_cost: Decimal
    effective_cost: Decimal


@dataclass(frozen=True)
class Line:
    """One charge with its amounts as the statement shows them, in whole cents."""

    charge: Charge
    billed_amount: Decimal
    effective_amount: Decimal


@dataclass(frozen=True)
class Subtotal:
    """Shown amounts of several lines under a name."""

    name: str
    billed_amount: Decimal
    effective_amount: Decimal


@dataclass(frozen=True)
class Statement:
    """What one team is charged in one currency. `note` says what is provisional about it, empty where it is closed."""

    company: str
    team: str
    period: str
    billing_currency: str
    build_id: str
    lines: tuple[Line, ...]
    note: str = ""

    @property
    def status(self) -> str:
        """Return closed or provisional."""
        return "provisional" if self.note else "closed"

    def lines_of(self, kind: str) -> tuple[Line, ...]:
        """Return the lines of one kind."""
        return tuple(line for line in self.lines if line.charge.kind == kind)


def subtotal(name: str, lines: Iterable[Line]) -> Subtotal:
    """Return the sum of what `lines` show."""
    lines = tuple(lines)
    zero = Decimal(0)
    return Subtotal(
        name, sum((one.billed_amount for one in lines), zero), sum((one.effective_amount for one in lines), zero)
    )


def round_charges(charges: Sequence[Charge], units: Mapping[str, Decimal]) -> dict[tuple[str, str], tuple[Line, ...]]:
    """Return the lines of every (team, currency), dearest project first, of all charges of a month at once.

    `units` are the smallest amounts per currency, such as 0.01. The month's total is rounded to the nearest, then split
    in three steps (teams, projects, services) by largest remainder: so the statements of all teams add up to the
    month's total, each statement to its own, and every amount shown is one of the two next to the exact one.
    """
    by_currency: dict[str, list[Charge]] = defaultdict(list)
    for charge in charges:
        by_currency[charge.billing_currency].append(charge)
    statements: dict[tuple[str, str], tuple[Line, ...]] = {}
    for currency, some in sorted(by_currency.items()):
        ordered = sorted(some, key=lambda one: (one.team, *_group(one), one.service_name))
        billed = _round_tree([one.billed_cost for one in ordered], ordered, units[currency])
        effective = _round_tree([one.effective_cost for one in ordered], ordered, units[currency])
        by_team: dict[str, list[Line]] = defaultdict(list)
        for line in map(Line, ordered, billed, effective):
            by_team[line.charge.team].append(line)
        statements |= {(team, currency): tuple(lines) for team, lines in by_team.items()}
    return statements


def round_to_total(parts: Sequence[Decimal], total: Decimal, unit: Decimal) -> list[Decimal]:
    """Return `parts` in whole units that add up to `total`, which is their exact sum rounded up or down.

    Each part is rounded down, then up again where its remainder is largest (ties: the first).

    >>> round_to_total([Decimal("0.334"), Decimal("0.333"), Decimal("0.333")], Decimal("1.00"), Decimal("0.01"))
    [Decimal('0.34'), Decimal('0.33'), Decimal('0.33')]
    """
    floors = [part.quantize(unit, context=_FLOOR) for part in parts]
    missing = int(_FLOOR.divide(_FLOOR.subtract(total, _add(floors)), unit))
    by_remainder = sorted(range(len(parts)), key=lambda place: (floors[place] - parts[place], place))
    raised = set(by_remainder[:missing])
    return [_FLOOR.add(floor, unit) if place in raised else floor for place, floor in enumerate(floors)]


def _group(charge: Charge) -> tuple[str, str, str]:
    return charge.kind, charge.billing_period, charge.project


def _round_tree(amounts: Sequence[Decimal], charges: Sequence[Charge], unit: Decimal) -> list[Decimal]:
    """Round amounts level by level; `charges` are ordered by team, then group."""
    total = _add(amounts).quantize(unit, context=_NEAREST)
    keys: list[_Key] = [lambda one: (one.team,), lambda one: (one.team, *_group(one))]
    return _split(range(len(amounts)), total, amounts, charges, unit, keys)


def _split(
    places: Sequence[int],
    total: Decimal,
    amounts: Sequence[Decimal],
    charges: Sequence[Charge],
    unit: Decimal,
    keys: Sequence[_Key],
) -> list[Decimal]:
    if not keys:
        return round_to_total([amounts[place] for place in places], total, unit)
    groups: dict[tuple[str, ...], list[int]] = {}
    for place in places:
        groups.setdefault(keys[0](charges[place]), []).append(place)
    sums = [_add(amounts[place] for place in group) for group in groups.values()]
    rounded: list[Decimal] = []
    for group, whole in zip(groups.values(), round_to_total(sums, total, unit), strict=True):
        rounded += _split(group, whole, amounts, charges, unit, keys[1:])
    return rounded


def _add(amounts: Iterable[Decimal]) -> Decimal:
    total = Decimal(0)
    for amount in amounts:
        total = _NEAREST.add(total, amount)
    return total
