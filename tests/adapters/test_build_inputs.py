"""Which rules the lines of a delivery are attributed by."""

from datetime import date
from decimal import Decimal

import pytest

from mlspend.adapters.build_inputs import NOTHING_ELSE
from mlspend.adapters.config import Config
from mlspend.adapters.config_attribution import Rule
from mlspend.core.deliveries import ControlTotal, Delivery, Receipt
from tests.landed_by_hand import NOW


def receipt(*days: str) -> Receipt:
    totals = tuple(ControlTotal(date.fromisoformat(day), "1", "2", "USD", 1, Decimal(1)) for day in days)
    return Receipt(Delivery("aws", "aws_cur2", "2026-10", "v1", NOW, ()), "aws_cur", (), len(days), totals)


def config(**validity: date) -> Config:
    rule = Rule.model_validate({"id": "one", "when": {"services": ("AmazonEC2",)}, "shared": "network", **validity})
    return Config(company="Test", sources=(), rules=(rule,))


@pytest.mark.parametrize(
    ("days", "validity", "is_used"),
    [
        # A reservation's fee stands on the 1st or on the 3rd and is spread to the 31st.
        (["2026-10-03"], {"valid_from": date(2026, 10, 31)}, True),
        (["2026-10-03"], {"valid_to": date(2026, 10, 1)}, True),
        (["2026-10-03"], {"valid_from": date(2026, 11, 1)}, False),
        (["2026-10-03"], {"valid_to": date(2026, 9, 30)}, False),
        # Corrections of September come with October's lines.
        (["2026-09-20", "2026-10-03"], {"valid_to": date(2026, 9, 20)}, True),
        (["2026-09-20", "2026-10-03"], {"valid_to": date(2026, 9, 19)}, False),
        (["2026-10-03", "2026-11-01"], {"valid_from": date(2026, 11, 1)}, True),
    ],
)
def test_rules_of_every_day_that_a_cost_may_fall_on_are_used(
    days: list[str], validity: dict[str, date], is_used: bool
) -> None:
    found = NOTHING_ELSE.rules_of(config(**validity), receipt(*days))
    assert [rule["id"] for rule in found["rules"]] == (["one"] if is_used else [])
