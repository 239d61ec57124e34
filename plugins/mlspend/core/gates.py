"""Quality gates: what of a build may be published, and what stands in the way now.

A check that could not be evaluated has neither passed nor failed: it does what its failure would do, and says so.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

GateKind = Literal["schema", "freshness", "completeness", "drift", "unproved"]


@dataclass(frozen=True)
class RedGate:
    """What keeps newer data from being published: of one billing period, of a source (no period), or of all.

    `x_source` is empty where nothing at all can be published (kind `unproved`). `since` is when the gate went red;
    `last_good_at` when that was delivered which readers see instead, None where they see nothing. `sentences` say what
    is wrong, `link` is the address of the checks' page, where one is configured.
    """

    x_source: str
    billing_period: str | None
    kind: GateKind
    since: datetime
    sentences: tuple[str, ...]
    last_good_at: datetime | None
    link: str | None = None


@dataclass(frozen=True)
class HeldDelivery:
    """A delivery that is held back, `version` being that of its lines; the fields are those of the state store.

    `gates` is a hash of what the verdict depends on besides the lines: with another one it is judged anew.
    `held_since` is when the billing period went red, over all versions since. `results` are the red checks as JSON
    (CheckResult, one list), `build_id` is the build they were asked about.
    """

    source: str
    billing_period: str
    version: str
    gates: str
    held_since: datetime
    checked_at: datetime
    reasons: tuple[str, ...]
    build_id: str = ""
    results: str = "[]"
    released_at: datetime | None = None
    accepted_at: datetime | None = None
    accepted_by: str | None = None
    accept_reason: str | None = None

    @property
    def is_open(self) -> bool:
        """Whether it is still held back: neither released nor accepted."""
        return self.released_at is None and self.accepted_at is None


def kind_of(held: HeldDelivery) -> GateKind:
    """Return what kind of gate a held delivery stands at: the layer of its first red check that is called like one.

    Checks of other layers look at lines and columns: their kind is `schema`.

    >>> moment = datetime(2026, 11, 3)
    >>> kind_of(HeldDelivery("aws", "2026-10", "v2", "", moment, moment, (), results='[{"layer": "drift"}]'))
    'drift'
    """
    layers = [result["layer"] for result in json.loads(held.results)]
    return next((kind for layer in layers for kind in get_args(GateKind) if kind == layer), "schema")
