"""Which changes of a known month are worth a line."""

from decimal import Decimal

import pytest

from mlspend.core.restatements import Restated, Restatement, worth_telling


def restated(billed: str, effective: str = "0", *, without: str = "1000", period: str = "2026-09") -> Restatement:
    return Restatement(
        period, "USD", Restated(Decimal(billed), Decimal(without)), Restated(Decimal(effective), Decimal(without))
    )


@pytest.mark.parametrize(
    ("change", "is_told"),
    [
        pytest.param(restated("10"), True, id="at the threshold"),
        pytest.param(restated("9.99"), False, id="below it"),
        pytest.param(restated("-10"), True, id="less is a change too"),
        pytest.param(restated("0", "-25"), True, id="only effective cost"),
        pytest.param(restated("0.99", without="2"), False, id="half of nearly nothing"),
        pytest.param(restated("-1000"), True, id="withdrawn"),
        pytest.param(restated("5", without="0"), True, id="part of nothing"),
        pytest.param(restated("5", without="-7"), True, id="part of a credit"),
        pytest.param(restated("0.5", without="0"), False, id="little of nothing"),
    ],
)
def test_a_change_is_told_from_a_percentage_and_one_unit_on(change: Restatement, is_told: bool) -> None:
    assert worth_telling([change], 1.0) == ((change,) if is_told else ())


def test_a_threshold_is_taken_as_it_is_written() -> None:
    """As a binary fraction 0.1 is a little more than a tenth."""
    assert worth_telling([restated("1")], 0.1)


def test_the_newest_month_comes_first() -> None:
    months = [restated("50", period=period) for period in ("2026-07", "2026-09", "2026-08")]
    assert [each.billing_period for each in worth_telling(months, 1)] == ["2026-09", "2026-08", "2026-07"]
