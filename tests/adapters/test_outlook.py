"""Forecasts and budgets through real builds: money to the last digit, two currencies, and budgets that change."""

import os
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from mlspend.adapters import pipeline, publication
from mlspend.adapters.config import Config
from mlspend.adapters.config_budgets import Budget
from mlspend.adapters.config_money import Currencies, StatedRate
from mlspend.adapters.home import Home
from mlspend.adapters.ledger import Ledger
from mlspend.adapters.warehouse_query import query_published
from mlspend.core.deliveries import Build
from tests.focus_csv import focus_line, write_focus_csv
from tests.handmade_build import prove_by_hand

# The 19th ended 26 hours before: it is the last day that is whole.
DELIVERED = datetime(2026, 10, 21, 2, tzinfo=UTC)
CHAT, SEARCH = {"project": "chat", "team": "nlp"}, {"project": "search", "team": "nlp"}
TINY = "0.000000000001"


def deliver(home: Home, ledger: Ledger) -> None:
    """August to 20 October: 10 dollars a day of chat, 20 euros a day of search, a fee, and a new project.

    Of 20 October there is half a day. The fee of 30 dollars comes on the 1st, a subscription of 5 on the 25th.
    """
    first = date(2026, 8, 1)
    days = [first + timedelta(number) for number in range(81)]
    by_period: dict[str, list[dict[str, str]]] = {}
    for day in days:
        period = f"{day:%Y-%m}"
        lines = by_period.setdefault(period, [])
        lines.append(focus_line(period, day.day, "5" if day == days[-1] else "10", CHAT))
        lines.append(focus_line(period, day.day, TINY, CHAT, ServiceName="Disks"))
        lines.append(focus_line(period, day.day, "20", SEARCH, BillingCurrency="EUR", BillingAccountId="eur"))
        if day >= date(2026, 10, 8):
            lines.append(focus_line(period, day.day, "1", {"project": "young", "team": "new"}))
        if day.day == 1:
            lines.append(focus_line(period, 1, "30", CHAT, ServiceName="Support", ChargeCategory="Purchase"))
        if day.day == 25:
            lines.append(focus_line(period, 25, "5", CHAT, ServiceName="Tracker"))
    for period, lines in by_period.items():
        file = write_focus_csv(home.root / "exports" / f"{period}.csv", lines)
        os.utime(file, (DELIVERED.timestamp(), DELIVERED.timestamp()))
    landed = pipeline.land("cloud", str(home.root / "exports"), home, ledger, now=DELIVERED, tell=lambda _: None)
    landed.raise_rejections()


@pytest.fixture
def ledger(home: Home) -> Iterator[Ledger]:
    with Ledger.open(home) as opened:
        yield opened


def budget(name: str, amount: str, currency: str = "USD", **scope: Any) -> Budget:
    return Budget(name=name, amount=Decimal(amount), currency=currency, **scope)


def publish(home: Home, ledger: Ledger, *budgets: Budget, reporting: bool = False) -> Build:
    rates = tuple(
        StatedRate.model_validate({"month": month, "from": "EUR", "to": "USD", "rate": Decimal("1.5")})
        for month in ("2026-08", "2026-09", "2026-10")
    )
    used = Config(
        company="Test",
        sources=(),
        budgets=budgets,
        currencies=Currencies(reporting="USD", rates=rates) if reporting else None,
    )
    build = pipeline.make_build(home, used, ledger, publication.read_published(home), now=DELIVERED)
    prove_by_hand(build)
    publication.publish(build, home, ledger, now=DELIVERED)
    return build


def ask(home: Home, sql: str) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in query_published(home, sql)]


@pytest.mark.usefixtures("warm_builds")
def test_forecasts_and_budgets_of_a_company_with_two_currencies(home: Home, ledger: Ledger) -> None:
    deliver(home, ledger)
    publish(home, ledger, budget("chat", "500", project="chat"), budget("all", "900", company=True))
    found = ask(
        home,
        """select scope, scope_name, billing_currency, month, as_of_date, cost_to_date, round(forecast_cost, 6),
            forecast_low_cost < forecast_cost and forecast_cost < forecast_high_cost, forecast_method, reason
        from marts.forecast order by all""",
    )
    day, cents = date(2026, 10, 19), Decimal("0.000000000019")
    # 19 days of 10, the fee of the 1st; the other 12 days cost 120, and the subscription of the 25th is to come.
    chat = (190 + 30 + cents, Decimal("345.000000"))
    reason = "only 12 complete days are known, and 14 are needed"
    assert found == [
        ("company", None, "EUR", "2026-10", day, Decimal(380), Decimal(620), True, "holt_winters", None),
        ("company", None, "USD", "2026-10", day, chat[0] + 12, found[1][6], True, "holt_winters", None),
        ("project", "chat", "USD", "2026-10", day, *chat, True, "holt_winters", None),
        ("project", "search", "EUR", "2026-10", day, Decimal(380), Decimal(620), True, "holt_winters", None),
        ("project", "young", "USD", "2026-10", day, Decimal(12), None, None, None, reason),
        ("team", "new", "USD", "2026-10", day, Decimal(12), None, None, None, reason),
        ("team", "nlp", "EUR", "2026-10", day, Decimal(380), Decimal(620), True, "holt_winters", None),
        ("team", "nlp", "USD", "2026-10", day, *chat, True, "holt_winters", None),
    ]
    # The new project costs 1 a day since the 8th: between none and all of its 12 days are expected.
    assert 345 + 12 < found[1][6] < 345 + 12 + 12
    # August and September are over; forecasts of these days knew the fees of the month before, if there was one.
    tested = ask(
        home,
        """select month, day(as_of_date), round(forecast_cost, 6), actual_cost, is_covered
        from marts.forecast_backtest where scope = 'project' and scope_name = 'chat' order by all""",
    )
    august, september = 340 + 5 + 31 * Decimal(TINY), 330 + 5 + 30 * Decimal(TINY)
    assert tested == [
        # Without a month before, the subscription of the 25th takes it by surprise: 5 more than the band of 17 days.
        ("2026-08", 14, Decimal(340), august, False),
        ("2026-08", 21, Decimal(340), august, False),
        ("2026-09", 7, Decimal(335), september, True),
        ("2026-09", 14, Decimal(335), september, True),
        ("2026-09", 21, Decimal(335), september, True),
    ]
    assert ask(home, "select budget, month, status, reason from marts.budgets order by all") == [
        *(
            (
                "all",
                month,
                "unknown",
                "it is in USD, and EUR is spent too: with USD as currencies.reporting all would count",
            )
            for month in ("2026-08", "2026-09", "2026-10")
        ),
        ("chat", "2026-08", "on_track", None),
        ("chat", "2026-09", "on_track", None),
        ("chat", "2026-10", "on_track", None),
    ]
    before = ask(home, "select * from marts.forecast order by all")
    # Another budget is another build, in which no line is touched, and every figure stays. 80 are left of 300, and 125
    # expected in 12 days: they last for 7.7 days.
    again = publish(home, ledger, budget("chat", "300", project="chat"), budget("all", "900", company=True))
    assert (again.is_unchanged, again.rebuilt) == (False, ())
    assert ask(home, "select * from marts.forecast order by all") == before
    assert ask(
        home,
        "select status, exhausted_date, projected_over_cost > 44 from marts.budgets where month = '2026-10'"
        " and budget = 'chat'",
    ) == [("will_burst", date(2026, 10, 27), True)]
    # With a reporting currency the company's budget counts euros too, at 1.5 dollars.
    publish(home, ledger, budget("all", "1280", company=True), reporting=True)
    assert ask(
        home,
        "select month, cost_to_date, forecast_cost > 345 + 930, status from marts.budgets where month >= '2026-09'"
        " order by all",
    ) == [
        ("2026-09", 335 + 30 * Decimal(TINY) + 900, False, "on_track"),
        ("2026-10", chat[0] + 12 + 570, True, "will_burst"),
    ]
    assert len(ask(home, "select * from marts.forecast")) == len(before)
