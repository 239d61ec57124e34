"""An anomaly in words."""

from datetime import date
from decimal import Decimal
from typing import Any

from mlspend.core.anomalies import KINDS, describe_anomaly

ROW: dict[str, Any] = {
    "anomaly_id": "anomaly-1",
    "anomaly_kind": "level_shift",
    "x_source": "aws",
    "project": "apollo",
    "team": "one",
    "service_name": "Amazon EC2",
    "usage_type": None,
    "billing_currency": "USD",
    "first_date": date(2026, 10, 6),
    "last_date": date(2026, 10, 9),
    "day_count": 4,
    "is_open": True,
    "actual_cost": Decimal(1200),
    "expected_cost": Decimal(400),
    "excess_cost": Decimal(800),
    "score": 20.04,
    "spread_cost": Decimal(10),
    "threshold_cost": Decimal("140.5"),
    "floor_cost": Decimal(12),
    "history_day_count": 42,
    "price_cost": Decimal(-50),
    "quantity_cost": Decimal(700),
    "mix_cost": Decimal(0),
    "unexplained_cost": Decimal(150),
    "cause": "quantity",
    "cause_detail": "SKU1, Standard",
    "detected_date": date(2026, 10, 6),
}


def told(**columns: Any) -> list[str]:
    return list(describe_anomaly({**ROW, **columns}))


def test_it_tells_expectation_spread_threshold_floor_and_cause() -> None:
    assert told() == [
        "anomaly-1: level_shift, a higher level, of four days or more",
        "project apollo, team one, source aws",
        "Amazon EC2, –",
        "6 Oct 2026 to 9 Oct 2026, 4 unusual days; still so on the last complete day; first told of 6 Oct 2026",
        "cost USD 1,200.00, expected USD 400.00: USD 800.00 too much",
        "expected is the level of the week before in the rhythm of the weeks, by 42 days of history",
        "a day usually lies off by USD 10.00 (standard deviation); the most unusual one by 20.0 times that;"
        " it was unusual above USD 140.50",
        "it counts from USD 12.00 too much on: the larger of the configured amount and shares",
        "cause quantity: price USD −50.00, quantity USD +700.00, mix USD 0.00, without a quantity USD +150.00",
        "changed most: SKU1, Standard",
    ]


def test_without_quantities_there_is_no_cause() -> None:
    parts = dict.fromkeys(("price_cost", "quantity_cost", "mix_cost"))
    assert told(**parts, cause="unknown", unexplained_cost=Decimal(800))[-1] == (
        "cause unknown: the export tells no quantities to divide USD 800.00 by"
    )


def test_a_leak_is_held_against_the_weeks_before() -> None:
    assert "the same week four weeks earlier" in " ".join(told(anomaly_kind="slow_leak"))
    assert set(KINDS) == {"spike", "level_shift", "slow_leak", "restatement"}
