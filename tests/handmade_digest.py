"""A digest made by hand, for what renders one."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from mlspend.core.digest import (
    Checks,
    Coverage,
    Digest,
    NewestDelivery,
    OpenPeriod,
    Reconciliation,
    Spend,
    compose_sections,
)
from mlspend.core.restatements import Restatement
from mlspend.core.weeks import Week

WEEK = Week.parse("2026-W43")
NOW = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)


def spend(project: str, stage: str, now: str, before: str, currency: str = "USD") -> Spend:
    """Billed cost is a tenth below effective cost."""
    billed = Decimal("0.9")
    return Spend(
        currency, project, stage, Decimal(now), billed * Decimal(now), Decimal(before), billed * Decimal(before)
    )


SPEND = (
    spend("recommender", "training", "12000.504", "10000"),
    spend("fraud-detection", "inference", "3000", "4000"),
    spend("unattributed", "unknown", "1000", "1000"),
)


def make_digest(
    cells: tuple[Spend, ...] = SPEND,
    *,
    teams: tuple[str, ...] = (),
    company: str = "Example Robotics",
    first_day: date = date(2026, 10, 1),
    last_day: date = date(2026, 10, 31),
    unreconciled: tuple[str, ...] = (),
    open_periods: tuple[OpenPeriod, ...] = (),
    restated: tuple[Restatement, ...] = (),
    warned: tuple[str, ...] = (),
) -> Digest:
    """Return the digest of 2026-W43 as of 2 November 2026."""
    currencies = sorted({cell.billing_currency for cell in cells})
    coverage = tuple(Coverage("aws", currency, first_day, last_day) for currency in currencies)
    return Digest(
        company=company,
        teams=teams,
        week=WEEK,
        composed_at=NOW,
        sections=compose_sections(cells, coverage, WEEK),
        coverage=coverage,
        deliveries=(NewestDelivery("aws", NOW - timedelta(hours=30)),),
        reconciliation=tuple(
            Reconciliation(currency, 3, unreconciled, Decimal("48000.5"), Decimal("48000.5"), Decimal("0E-12"))
            for currency in currencies
        ),
        open_periods=open_periods,
        restated=restated,
        checks=Checks(112 - len(warned), 112, warned),
        build_id="20261102T073000-b7",
        published_at=NOW - timedelta(minutes=30),
    )
