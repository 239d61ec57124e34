"""`gates` in mlspend.yml: which check stops, holds back, warns or only informs, and the thresholds of checks."""

import difflib
from collections.abc import Iterator

from pydantic import Field

from mlspend.adapters.config_base import Strict, Text
from mlspend.adapters.config_gate_thresholds import Completeness, Drift
from mlspend.adapters.yaml_lines import Place
from mlspend.core.check_effects import CHECKS, Effect
from mlspend.core.check_thresholds import Thresholds


class CheckEffect(Strict):
    """What a check's failure does here, in place of its own effect, and why."""

    check: Text = Field(description="a check's name as in marts.data_quality, for example charge_date_near_period")
    effect: Effect = Field(description="stop, hold, warn or inform")
    reason: Text = Field(description="why, in a sentence")


class Gates(Strict):
    """What follows from each data-quality check."""

    effects: tuple[CheckEffect, ...] = ()
    data_docs_url: str | None = Field(
        default=None,
        pattern=r"^https?://\S+$",
        description="the address at which the folder data_docs of MLSPEND_HOME is served, https://…",
    )
    completeness: Completeness = Completeness()
    drift: Drift = Drift()

    @property
    def effect_of(self) -> dict[str, Effect]:
        """The effects that differ from the checks' own, by name."""
        return {one.check: one.effect for one in self.effects}

    def thresholds(self) -> Thresholds:
        """Return from where on the checks of completeness and of drift speak up."""
        return Thresholds(self.completeness.thresholds(), self.drift.thresholds())


def check_gates(gates: Gates) -> Iterator[tuple[Place, str]]:
    """Find names that no check has, checks that are named twice, and effects that no configuration can give."""
    seen: set[str] = set()
    for position, one in enumerate(gates.effects):
        place: Place = ("gates", "effects", position)
        own = CHECKS.get(one.check)
        if own is None:
            near = difflib.get_close_matches(one.check, CHECKS, n=1)
            hint = f"did you mean {near[0]}?" if near else "docs/gates.md lists them all"
            yield (*place, "check"), f"is {one.check!r}, which is no check; {hint}"
        elif one.check in seen:
            yield (*place, "check"), f"is {one.check} a second time; state one effect of it"
        elif own == "stop" and one.effect != "stop":
            yield (
                (*place, "effect"),
                f"is {one.effect}, but {one.check} always stops: it is about conservation of money, or about what all"
                " billing periods share, so a failure is no single period's; remove the entry",
            )
        seen.add(one.check)
