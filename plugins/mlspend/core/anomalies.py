"""An anomaly in words: what was expected, why it counts as unusual, and what it is owed to."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from mlspend.core import wording
from mlspend.core.wording import day

ID_PREFIX = "anomaly-"

KINDS = {
    "spike": "days that cost more than usual",
    "level_shift": "a higher level, of four days or more",
    "slow_leak": "growth that no single day shows",
    "restatement": "a correction by the provider of days that were known before",
}
_PARTS = ("price", "quantity", "mix")
_COUNTED_FOR_MORE = "it counts from {floor} too much on: the larger of the configured amount and shares"


def describe_anomaly(row: Mapping[str, Any]) -> Iterator[str]:
    """Return a row of marts.anomalies as sentences; amounts are rounded to what is paid.

    >>> from datetime import date
    >>> from decimal import Decimal
    >>> row = {
    ...     "anomaly_id": "anomaly-1", "anomaly_kind": "spike", "project": "apollo", "team": "one", "x_source": "aws",
    ...     "service_name": "EC2", "usage_type": "BoxUsage", "billing_currency": "USD", "first_date": date(2026, 10, 6),
    ...     "last_date": date(2026, 10, 6), "day_count": 1, "is_open": False, "actual_cost": Decimal(300),
    ...     "expected_cost": Decimal(100), "excess_cost": Decimal(200), "score": 20.0, "spread_cost": Decimal(10),
    ...     "threshold_cost": Decimal(140), "floor_cost": Decimal(12), "history_day_count": 42, "price_cost": None,
    ...     "quantity_cost": None, "mix_cost": None, "unexplained_cost": Decimal(200), "cause": "unknown",
    ...     "cause_detail": None, "detected_date": date(2026, 10, 6),
    ... }
    >>> list(describe_anomaly(row))[-1]
    'cause unknown: the export tells no quantities to divide USD 200.00 by'
    """
    currency = row["billing_currency"]

    def amount(name: str) -> str:
        return _money(row[name], currency)

    yield f"{row['anomaly_id']}: {row['anomaly_kind']}, {KINDS[row['anomaly_kind']]}"
    yield f"project {row['project']}, team {row['team']}, source {row['x_source']}"
    yield f"{row['service_name'] or '–'}, {row['usage_type'] or '–'}"
    days = day(row["first_date"])
    if row["last_date"] != row["first_date"]:
        days += f" to {day(row['last_date'])}, {row['day_count']} unusual days"
    state = "still so on the last complete day" if row["is_open"] else "over"
    yield f"{days}; {state}; first told of {day(row['detected_date'])}"
    yield f"cost {amount('actual_cost')}, expected {amount('expected_cost')}: {amount('excess_cost')} too much"
    history = row["history_day_count"]
    if row["anomaly_kind"] == "slow_leak":
        yield "expected is the same week four weeks earlier; each week since has been above the one before it"
    else:
        yield f"expected is the level of the week before in the rhythm of the weeks, by {history} days of history"
        yield (
            f"a day usually lies off by {amount('spread_cost')} (standard deviation); the most unusual one by"
            f" {row['score']:.1f} times that; it was unusual above {amount('threshold_cost')}"
        )
    yield _COUNTED_FOR_MORE.format(floor=amount("floor_cost"))
    if row["price_cost"] is None:
        yield f"cause unknown: the export tells no quantities to divide {amount('unexplained_cost')} by"
        return
    parts = ", ".join(f"{part} {_money(row[f'{part}_cost'], currency, with_sign=True)}" for part in _PARTS)
    if row["unexplained_cost"]:
        parts += f", without a quantity {_money(row['unexplained_cost'], currency, with_sign=True)}"
    yield f"cause {row['cause']}: {parts}"
    if row["cause_detail"]:
        yield f"changed most: {row['cause_detail']}"


def _money(value: Decimal, currency: str, *, with_sign: bool = False) -> str:
    """Return an amount behind its currency, with a space that terminals print."""
    return f"{currency} {wording.amount(value, currency, with_sign=with_sign)}"
