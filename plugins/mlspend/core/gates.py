"""Quality gates: what of a build may be published, and what stands in the way now.

A check that could not be evaluated has neither passed nor failed: it does what its failure would do, and says so.
"""

import json
import shlex
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal, get_args

from mlspend.core.deliveries import CheckResult, build_id_at

Place = tuple[str, str]
"""A source and a billing period."""

# A month and its last correction: what lasts longer is no exception any more, but an effect for mlspend.yml.
LONGEST_ACCEPTANCE = timedelta(days=31)

GateKind = Literal["schema", "freshness", "completeness", "drift", "unproved"]


@dataclass(frozen=True)
class RedGate:
    """What keeps newer data from being published: of one billing period, of a source (no period), or of all.

    `x_source` is empty where nothing at all can be published (kind `unproved`). `since` is when the gate went red;
    `last_good_at` when that was delivered which readers see instead, None where they see nothing. `sentences` say what
    is wrong, `link` is the address of the pages about the build's checks, where one is configured, `pages` where they
    lie on this machine. `version` is the delivery that is held back and can be taken as right, None where none can.
    """

    x_source: str
    billing_period: str | None
    kind: GateKind
    since: datetime
    sentences: tuple[str, ...]
    last_good_at: datetime | None
    link: str | None = None
    pages: str | None = None
    version: str | None = None


@dataclass(frozen=True)
class HeldDelivery:
    """A delivery that is held back, `version` being that of its lines; the fields are those of the state store.

    `gates` is a hash of what the verdict depends on besides the lines: with another one it is judged anew.
    `held_since` is when the billing period went red, over all versions since. `results` are the red checks as JSON
    (CheckResult, one list), `build_id` is the build they were asked about. `acceptances` are all there ever were of
    this version, as JSON: a list of objects with `checks` (names), `at`, `by`, `reason` and `until` (a day or null);
    `accepted_at`, `accepted_by` and `accept_reason` are the last one's, None once another check says no.
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
    acceptances: str = "[]"

    @property
    def is_open(self) -> bool:
        """Whether it is still held back: neither released nor accepted."""
        return self.released_at is None and self.accepted_at is None

    @property
    def is_red(self) -> bool:
        """Whether readers still see something older: what is accepted is not published yet."""
        return self.released_at is None


@dataclass(frozen=True)
class Verdict:
    """What must not be published: nothing at all where any check is `stopping`, else the periods `held`."""

    stopping: tuple[CheckResult, ...]
    held: Mapping[Place, tuple[CheckResult, ...]]


def decide(
    results: Iterable[CheckResult],
    rebuilt: Collection[Place],
    accepted: Mapping[Place, Collection[str]] | None = None,
) -> Verdict:
    """Return what follows from the `results` of one build, which wrote the billing periods `rebuilt`.

    `accepted` are the names of checks whose failure somebody took as right, for the very deliveries that were built.
    A failure of effect `hold` stops all where nobody can tell of which period it is; of a period that was not rebuilt,
    or of a source as a whole, there is nothing new to hold back.
    """
    stopping: list[CheckResult] = []
    held: dict[Place, list[CheckResult]] = {}
    for result in results:
        if not result.is_red:
            continue
        if result.effect == "stop" or result.x_source is None:
            stopping.append(result)
        elif result.billing_period is not None:
            place = (result.x_source, result.billing_period)
            if place in rebuilt and result.check_name not in (accepted or {}).get(place, ()):
                held.setdefault(place, []).append(result)
    return Verdict(tuple(stopping), {place: tuple(found) for place, found in sorted(held.items())})


def accepted_checks(
    held: Iterable[HeldDelivery], versions: Mapping[Place, str], build_id: str
) -> dict[Place, set[str]]:
    """Return the names of the checks whose failure somebody took as right, by the billing periods that a build wrote.

    `versions` are what it made them of. An acceptance counts for its own version for ever; with `until`, for every
    version of that source and period in builds begun up to the end of that day, UTC.
    """
    accepted: dict[Place, set[str]] = {}
    for one in held:
        place = (one.source, one.billing_period)
        for acceptance in json.loads(one.acceptances) if place in versions else ():
            if versions[place] == one.version or _lasts(acceptance["until"], build_id):
                accepted.setdefault(place, set()).update(acceptance["checks"])
    return accepted


def _lasts(until: str | None, build_id: str) -> bool:
    if until is None:
        return False
    end = datetime.combine(date.fromisoformat(until) + timedelta(days=1), time.min, UTC)
    return build_id < build_id_at(end)


def accept_command(source: str, period: str, version: str) -> str:
    """Return the command that takes a held delivery as right.

    >>> accept_command("aws", "2026-10", "v2")
    'mlspend gates accept aws 2026-10 --version v2 --by NAME --reason TEXT'
    """
    return shlex.join(["mlspend", "gates", "accept", source, period, "--version", version]) + " --by NAME --reason TEXT"


def kind_of(held: HeldDelivery) -> GateKind:
    """Return what kind of gate a held delivery stands at: the layer of its first red check that is called like one.

    Checks of other layers look at lines and columns: their kind is `schema`.

    >>> moment = datetime(2026, 11, 3)
    >>> kind_of(HeldDelivery("aws", "2026-10", "v2", "", moment, moment, (), results='[{"layer": "drift"}]'))
    'drift'
    """
    layers = [result["layer"] for result in json.loads(held.results)]
    return next((kind for layer in layers for kind in get_args(GateKind) if kind == layer), "schema")
