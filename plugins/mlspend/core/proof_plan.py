"""What is to be proved of a build: the partitions it wrote and the files that hold them; travels as JSON."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from typing import Any, Self

from mlspend.core.check_effects import Effect
from mlspend.core.check_thresholds import DEFAULT_THRESHOLDS, Thresholds

# The smallest amount an invoice can show, in billing currency: from here on a difference between two sums of the same
# money is seen by somebody, so it stops publication. A smaller limit would stop on rounding, a larger one hide money.
SMALLEST_DIFFERENCE = Decimal("0.01")


@dataclass(frozen=True)
class CheckedPartition:
    """One rebuilt partition: its receipt, its landed Parquet and the lake files the build wrote for it.

    `published_receipt` is that of the delivery it is compared with: the published one of the same billing period, else
    of the newest one before; empty where none is known. `has_published_rules` is false where it is published and was
    attributed by other rules.
    """

    x_source: str
    billing_period: str
    shape: str
    receipt: str
    landed_files: tuple[str, ...]
    focus_files: tuple[str, ...]
    allocated_files: tuple[str, ...]
    published_receipt: str = ""
    has_published_rules: bool = True


@dataclass(frozen=True)
class ProofPlan:
    """The rebuilt partitions, and (source, period) of every partition of which the warehouse must hold lines.

    `effects` are those that the configuration gives to checks, by name, in place of their own. `published`
    is the warehouse file that readers see meanwhile, empty where nothing was ever published.

    >>> plan = ProofPlan(rebuilt=(), held=(("aws", "2026-10"),))
    >>> ProofPlan.from_json(plan.to_json()) == plan
    True
    """

    rebuilt: tuple[CheckedPartition, ...]
    held: tuple[tuple[str, str], ...]
    effects: Mapping[str, Effect] = field(default_factory=dict)
    build_id: str = ""
    published: str = ""
    thresholds: Thresholds = DEFAULT_THRESHOLDS

    def to_json(self) -> str:
        """Return this plan as JSON text; `from_json` gives it back equal."""
        return json.dumps(asdict(self), indent=1)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Return the plan that `to_json` wrote."""
        raw: dict[str, Any] = json.loads(text)
        lists = ("landed_files", "focus_files", "allocated_files")
        rebuilt = tuple(
            CheckedPartition(**{**partition, **{name: tuple(partition[name]) for name in lists}})
            for partition in raw["rebuilt"]
        )
        held = tuple((source, period) for source, period in raw["held"])
        thresholds = Thresholds.from_plain(raw["thresholds"])
        return cls(rebuilt, held, raw["effects"], raw["build_id"], raw["published"], thresholds)
