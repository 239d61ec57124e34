"""What Cost Explorer says of each account's month against what is published."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from mlspend.core.periods import first_day, shift_period

# What AWS asks for one request, in USD. https://aws.amazon.com/aws-cost-management/aws-cost-explorer/pricing/
PRICE = Decimal("0.01")
METRICS = ("UnblendedCost", "NetUnblendedCost")

Place = tuple[str, str, str]
"""Billing period, account that caused the cost, currency."""


@dataclass(frozen=True)
class AccountMonth:
    """One account's month: what is published, what Cost Explorer says, None where it is not known there.

    `is_estimated` while AWS may still change it.
    """

    billing_period: str
    sub_account_id: str
    billing_currency: str
    billed_cost: Decimal | None
    cost_explorer_cost: Decimal | None
    is_estimated: bool

    @property
    def difference(self) -> Decimal:
        """How much more Cost Explorer says."""
        return (self.cost_explorer_cost or Decimal(0)) - (self.billed_cost or Decimal(0))


def build_request(periods: Iterable[str]) -> dict[str, Any]:
    """Return the request for the months from the first to the last of `periods`, by account.

    >>> build_request(["2026-10", "2026-08"])["TimePeriod"]
    {'Start': '2026-08-01', 'End': '2026-11-01'}
    """
    months = sorted(periods)
    return {
        "TimePeriod": {"Start": f"{first_day(months[0])}", "End": f"{first_day(shift_period(months[-1], 1))}"},
        "Granularity": "MONTHLY",
        "Metrics": list(METRICS),
        "GroupBy": [{"Type": "DIMENSION", "Key": "LINKED_ACCOUNT"}],
    }


def read_answers(
    pages: Iterable[Mapping[str, Any]], net_periods: Iterable[str]
) -> tuple[dict[Place, Decimal], set[str]]:
    """Return the cost per place, net of discounts in `net_periods`, and the months that are estimated still."""
    net = set(net_periods)
    costs: dict[Place, Decimal] = {}
    estimated: set[str] = set()
    for month in (each for page in pages for each in page["ResultsByTime"]):
        period = month["TimePeriod"]["Start"][:7]
        if month.get("Estimated"):
            estimated.add(period)
        for group in month.get("Groups", ()):
            amount = group["Metrics"][METRICS[period in net]]
            place = (period, group["Keys"][0], amount["Unit"])
            costs[place] = costs.get(place, Decimal(0)) + Decimal(amount["Amount"])
    return costs, estimated


def compare(
    published: Mapping[Place, Decimal], found: Mapping[Place, Decimal], periods: Iterable[str], estimated: set[str]
) -> list[AccountMonth]:
    """Return every place of `periods` that either side has any money in, by month and account."""
    wanted = set(periods)
    places = sorted(place for place in {*published, *found} if place[0] in wanted)
    rows = [AccountMonth(*place, published.get(place), found.get(place), place[0] in estimated) for place in places]
    return [row for row in rows if row.billed_cost or row.cost_explorer_cost]
