"""The part of mlspend.yml that splits shared costs among projects."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Literal

from pydantic import Field

from mlspend.adapters.config_attribution import Dated
from mlspend.adapters.config_base import Strict, Text, Words
from mlspend.core.attribution import within

# What shares bear as environment and ML stage: they come from no tag.
SHARED = "shared"
# Weights are whole numbers of this unit, so that amounts are divided in integers.
WEIGHT_UNIT = Decimal("0.000001")


class Usage(Strict):
    """Which lines' consumed quantity is a project's weight."""

    unit: Text = Field(description="the consumed_unit of the lines, for example GB; units are not added up")
    services: Words = Field(default=(), description="names of services as in service_name; none: all")
    usage_type: Text | None = Field(default=None, description="a regular expression for x_usage_type")


class SharedCost(Dated):
    """A pool of costs that no project owns, and how it is split.

    `among` are projects or later shared costs; without it all projects there are (even) or that have any weight (spend,
    usage). With `keys` their names are the recipients.
    """

    name: Text
    split: Literal["even", "fixed", "spend", "usage"]
    among: Words = ()
    keys: Mapping[str, Decimal | int] = {}
    usage: Usage | None = None

    @property
    def recipients(self) -> tuple[str, ...]:
        """The names that stand in the configuration; none where all projects receive."""
        return tuple(self.keys) if self.split == "fixed" else self.among


def shared_costs_in_force(
    shared_costs: Sequence[SharedCost], projects: Sequence[str], first: date | None, last: date | None
) -> list[dict[str, Any]]:
    """Return the shared costs in force on some day from `first` to `last` in the order of splitting, as plain values.

    `recipients` are names with their weights in whole numbers of 1e-6 where the weight is known beforehand, or None:
    every project that turns out to have a weight. Those of one `step` give each other nothing; steps count from 1.
    """
    held = [(each, within(each.valid_from, each.valid_to, first, last)) for each in shared_costs]
    in_force = [(each, days) for each, days in held if days is not None]
    pools = {each.name for each in shared_costs}
    steps = dict.fromkeys(pools, 1)
    for giver, _ in in_force:
        for name in pools.intersection(giver.recipients):
            steps[name] = max(steps[name], steps[giver.name] + 1)

    def recipient(cost: SharedCost, name: str) -> dict[str, Any]:
        known = {"even": Decimal(1), "fixed": Decimal(cost.keys.get(name, 0))}.get(cost.split)
        weight = None if known is None else int(known / WEIGHT_UNIT)
        return {"name": name, "is_shared_cost": name in pools, "weight": weight}

    def plain(cost: SharedCost, days: tuple[date | None, date | None]) -> dict[str, Any]:
        names = cost.recipients or (tuple(projects) if cost.split == "even" else ())
        return {
            "name": cost.name,
            "split": cost.split,
            "step": steps[cost.name],
            "recipients": [recipient(cost, name) for name in names] or None,
            "usage": cost.usage.model_dump(mode="json") if cost.usage else None,
            "valid_from": days[0].isoformat() if days[0] else None,
            "valid_to": days[1].isoformat() if days[1] else None,
        }

    return [plain(cost, days) for cost, days in in_force]
