"""Ranges of billing periods: what they hold, and what is none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlspend.core.periods import PeriodRange, shift_period

PERIODS = st.builds("{:04d}-{:02d}".format, st.integers(2015, 2035), st.integers(1, 12))


@given(PERIODS, st.integers(0, 40))
def test_a_range_holds_every_month_from_the_first_to_the_last_and_no_other(first: str, months: int) -> None:
    last = shift_period(first, months)
    held = PeriodRange(first, last)
    assert all(shift_period(first, number) in held for number in range(months + 1))
    assert shift_period(first, -1) not in held
    assert shift_period(last, 1) not in held


@pytest.mark.parametrize("bounds", [("2026-13", None), (None, "2026-1"), ("October", "2026-10"), ("2026-10-01", None)])
def test_what_is_no_billing_period_bounds_nothing(bounds: tuple[str | None, str | None]) -> None:
    with pytest.raises(ValueError, match="YYYY-MM"):
        PeriodRange(*bounds)


def test_a_range_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(ValueError, match="2026-02 to 2026-01"):
        PeriodRange("2026-02", "2026-01")
