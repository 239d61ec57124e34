"""Small FOCUS 1.2 files written by hand: what a person might point `mlspend try` at."""

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from mlspend.core.focus_columns import FOCUS_1_2
from mlspend.core.periods import first_day, shift_period

_LINE = {
    "BillingAccountId": "000000000007",
    "BillingAccountName": "Small",
    "BillingCurrency": "USD",
    "ChargeCategory": "Usage",
    "ChargeDescription": "something used",
    "ChargeFrequency": "Usage-Based",
    "ConsumedQuantity": "1",
    "ConsumedUnit": "Hours",
    "InvoiceIssuerName": "Cloud",
    "PricingCategory": "Standard",
    "PricingQuantity": "1",
    "PricingUnit": "Hours",
    "ProviderName": "Cloud",
    "PublisherName": "Cloud",
    "RegionId": "eu-1",
    "RegionName": "Europe",
    "ResourceId": "machine-1",
    "ServiceCategory": "Compute",
    "ServiceName": "Machines",
    "SkuId": "SKU1",
    "SkuPriceId": "SKU1.1",
    "SubAccountId": "000000000008",
    "SubAccountName": "Team",
}
_COSTS = ("BilledCost", "EffectiveCost", "ListCost", "ContractedCost")


def focus_line(
    period: str, day: int, cost: str, tags: Mapping[str, str] | None = None, **columns: str
) -> dict[str, str]:
    """One line of usage; every cost is `cost` unless `columns` says otherwise."""
    return {
        **_LINE,
        **dict.fromkeys(_COSTS, cost),
        "BillingPeriodStart": f"{first_day(period)}T00:00:00Z",
        "BillingPeriodEnd": f"{first_day(shift_period(period, 1))}T00:00:00Z",
        "ChargePeriodStart": f"{period}-{day:02d}T00:00:00Z",
        "ChargePeriodEnd": f"{period}-{day:02d}T01:00:00Z",
        "Tags": json.dumps(dict(tags or {})),
        **columns,
    }


def write_focus_csv(path: Path, lines: Sequence[Mapping[str, str]]) -> Path:
    """Write the lines with every FOCUS 1.2 column; what a line does not say is empty."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, [name for name, _, _ in FOCUS_1_2], restval="")
        writer.writeheader()
        writer.writerows(lines)
    return path
