from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from mlspend.core.exchange_rates import ExchangeRates, FileRate, Rate, newest_of_months

FILE = Rate(Decimal("1.3"), date(2026, 9, 30), "file")
FROZEN = Rate(Decimal("1.2"), date(2026, 9, 28), "frozen")
SEPTEMBER = ("2026-09", "EUR")


def test_what_is_stated_beats_what_is_frozen_and_that_beats_the_file() -> None:
    rates = ExchangeRates("USD", {}, {}, {SEPTEMBER: FILE})
    assert rates.rate(*SEPTEMBER) == FILE
    rates = ExchangeRates("USD", {}, {SEPTEMBER: FROZEN}, {SEPTEMBER: FILE})
    assert rates.rate(*SEPTEMBER) == FROZEN
    assert rates.moved() == [("2026-09", "EUR", FROZEN, FILE)]
    rates = ExchangeRates("USD", {SEPTEMBER: Decimal("1.1")}, {SEPTEMBER: FROZEN}, {SEPTEMBER: FILE})
    assert rates.rate(*SEPTEMBER) == Rate(Decimal("1.1"), date(2026, 9, 30), "configuration")
    assert rates.moved() == []


def test_freezing_what_was_used_converts_nothing_anew() -> None:
    in_file = ExchangeRates("USD", {}, {}, {SEPTEMBER: FILE})
    frozen = ExchangeRates("USD", {}, {SEPTEMBER: Rate(Decimal("1.300000000"), FILE.rate_date, "frozen")}, {})
    assert in_file.plain("2026-09", ["EUR"]) == frozen.plain("2026-09", ["EUR"])


def test_a_month_depends_on_its_own_rates_and_currencies_only() -> None:
    before = ExchangeRates("USD", {SEPTEMBER: Decimal("1.1")})
    after = ExchangeRates("USD", {**before.stated, ("2026-10", "EUR"): Decimal(2), ("2026-09", "GBP"): Decimal(3)})
    assert before.plain("2026-09", ["EUR", "USD"]) == after.plain("2026-09", ["USD", "EUR", "EUR"])


@given(
    st.lists(
        st.tuples(st.dates(date(2026, 8, 1), date(2026, 10, 31)), st.sampled_from(["EUR", "GBP"])),
        unique=True,
        max_size=30,
    )
)
def test_the_newest_day_of_each_month_counts_in_whatever_order_the_lines_stand(days: list[tuple[date, str]]) -> None:
    lines = [FileRate(day, currency, "USD", Decimal(day.toordinal())) for day, currency in days]
    found = newest_of_months([*lines, FileRate(date(2026, 10, 31), "EUR", "CHF", Decimal(1))], "USD")
    for (month, currency), rate in found.items():
        of_month = [day for day, each in days if each == currency and day.isoformat().startswith(month)]
        assert (rate.rate_date, rate.rate) == (max(of_month), Decimal(max(of_month).toordinal()))
    assert len(found) == len({(f"{day:%Y-%m}", currency) for day, currency in days})
