"""A digest made by hand, for what renders one."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from mlspend.core.digest import (
    Audience,
    Checks,
    CompleteDays,
    Coverage,
    Digest,
    GateNote,
    NewestDelivery,
    OpenAlert,
    OpenPeriod,
    OwnCost,
    Reconciliation,
)
from mlspend.core.digest_outlook import Budget, DayCost, Finding, Outlook, UnitCost
from mlspend.core.digest_sections import NO_FACTS, Anomaly, Facts, Spend, UsageChange, compose_sections
from mlspend.core.restatements import Restatement
from mlspend.core.weeks import Week

WEEK = Week.parse("2026-W43")
NOW = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)
COMPANY = Audience("company", "#ml-spend")
FRENCH = Audience("team", "#risque", ("risk",), "fr", "Europe/Paris")
MANAGEMENT = Audience("management", "#leads")


def spend(
    project: str,
    stage: str,
    now: str,
    before: str,
    currency: str = "USD",
    team: str = "discovery",
    service: str = "AmazonEC2",
) -> Spend:
    """Billed cost is a tenth below effective cost."""
    billed = Decimal("0.9")
    return Spend(
        currency,
        project,
        team,
        stage,
        service,
        Decimal(now),
        billed * Decimal(now),
        Decimal(before),
        billed * Decimal(before),
    )


SPEND = (
    spend("recommender", "training", "12000.504", "10000"),
    spend("fraud-detection", "inference", "3000", "4000", team="risk"),
    spend("unattributed", "unknown", "1000", "1000", team="unattributed"),
)

OUTLOOK = Outlook(
    "USD",
    "company",
    "",
    "2026-10",
    date(2026, 10, 30),
    Decimal("66000"),
    Decimal("68500.5"),
    Decimal("67000"),
    Decimal("70000.25"),
)
BUDGET = Budget(
    "USD",
    "october",
    "company",
    "",
    "",
    "2026-10",
    Decimal("68000"),
    Decimal("66000"),
    "will_burst",
    Decimal("500.5"),
    date(2026, 10, 31),
)
FINDING = Finding("f1", "USD", "recommender", "12 volumes nobody uses", "Delete them.", Decimal("312.4"))
ALERT = OpenAlert(
    "a1",
    "critical",
    "recommender spends too much on AmazonEC2",
    NOW - timedelta(days=1),
    Decimal("900.5"),
    "USD",
    "anomaly",
    "recommender, AmazonEC2",
)


def five_weeks(project: str = "recommender", daily: str = "100") -> tuple[tuple[str, DayCost], ...]:
    """The same cost on each of the 35 days that a chart shows."""
    first = WEEK.monday - timedelta(weeks=4)
    return tuple(("USD", DayCost(first + timedelta(days=n), project, Decimal(daily))) for n in range(35))


FULL = Facts(
    anomalies=(Anomaly("USD", "recommender", "AmazonEC2", "p4d.24xlarge", Decimal(1800), "quantity", "us-east-1"),),
    usage=(UsageChange("USD", "fraud-detection", "AmazonEC2", "g5.xlarge", Decimal(-700)),),
    outlooks=(OUTLOOK,),
    budgets=(BUDGET,),
    findings=(FINDING,),
    verified_savings=(("USD", Decimal("1250")),),
    days=(*five_weeks(), *five_weeks("fraud-detection", "40"), *five_weeks("unattributed", "10")),
)
OF_MANAGEMENT = Facts(
    outlooks=(OUTLOOK,),
    budgets=(BUDGET,),
    team_outlooks=(Outlook("USD", "team", "risk", "2026-10", date(2026, 10, 30), Decimal(9000), Decimal(9500)),),
    team_budgets=(Budget("USD", "risk", "team", "risk", "risk", "2026-10", Decimal(12000), Decimal(9000), "on_track"),),
    unit_costs=(UnitCost("USD", "1,000 predictions", Decimal("0.25"), Decimal("0.2")),),
    days=FULL.days,
)
GATE = GateNote("aws", "2026-08", "drift", NOW - timedelta(days=2))


def make_digest(
    cells: tuple[Spend, ...] = SPEND,
    *,
    teams: tuple[str, ...] = (),
    audience: Audience | None = None,
    company: str = "Example Robotics",
    first_day: date = date(2026, 10, 1),
    last_day: date = date(2026, 10, 31),
    unreconciled: tuple[str, ...] = (),
    open_periods: tuple[OpenPeriod, ...] = (),
    restated: tuple[Restatement, ...] = (),
    warned: tuple[str, ...] = (),
    facts: Facts = NO_FACTS,
    **others: Any,
) -> Digest:
    """Return the digest of 2026-W43 as of 2 November 2026."""
    currencies = sorted({cell.billing_currency for cell in cells})
    coverage = tuple(Coverage("aws", currency, first_day, last_day) for currency in currencies)
    reader = audience or (Audience("team", "#team", teams) if teams else COMPANY)
    return Digest(
        company=company,
        audience=reader,
        week=WEEK,
        composed_at=NOW,
        sections=compose_sections(cells, coverage, WEEK, facts, with_teams=reader.kind == "management"),
        coverage=coverage,
        complete=(CompleteDays("aws", date(2026, 10, 30)),),
        deliveries=(NewestDelivery("aws", NOW - timedelta(hours=30)),),
        reconciliation=tuple(
            Reconciliation(currency, 3, unreconciled, Decimal("48000.5"), Decimal("48000.5"), Decimal("0E-12"))
            for currency in currencies
        ),
        open_periods=open_periods,
        restated=restated,
        checks=Checks(112 - len(warned), 112, warned),
        own_cost=others.get("own_cost", OwnCost(12, 2, Decimal("0.1"), 1_234_000_000)),
        alerts=others.get("alerts", ()),
        gates=others.get("gates", ()),
        build_id="20261102T073000-b7",
        published_at=NOW - timedelta(minutes=30),
    )
