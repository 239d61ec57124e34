"""What one run checks: the partitions a build wrote and the files that hold them. Written by the caller as JSON."""

import json
from dataclasses import asdict, dataclass
from typing import Self


@dataclass(frozen=True)
class CheckedPartition:
    """One rebuilt partition: its receipt, its landed Parquet and the lake files the build wrote for it."""

    x_source: str
    billing_period: str
    shape: str
    receipt: str
    landed_files: tuple[str, ...]
    focus_files: tuple[str, ...]
    allocated_files: tuple[str, ...]


@dataclass(frozen=True)
class Plan:
    """The rebuilt partitions, and (source, period) of every partition the warehouse holds."""

    rebuilt: tuple[CheckedPartition, ...]
    held: tuple[tuple[str, str], ...]

    def to_json(self) -> str:
        """Return this plan as JSON text; `from_json` gives it back equal."""
        return json.dumps(asdict(self), indent=1)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Return the plan that `to_json` wrote."""
        raw = json.loads(text)
        return cls(
            rebuilt=tuple(
                CheckedPartition(**{k: tuple(v) if isinstance(v, list) else v for k, v in partition.items()})
                for partition in raw["rebuilt"]
            ),
            held=tuple((source, period) for source, period in raw["held"]),
        )
