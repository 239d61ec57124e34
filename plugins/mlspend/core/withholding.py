"""Which red gates hold a digest back, and what makes one cause of that, which is told once."""

from collections.abc import Collection, Iterable, Sequence

from mlspend.core.digest import Coverage
from mlspend.core.gates import RedGate
from mlspend.core.hashes import hash_of
from mlspend.core.weeks import Week


def choose_gates(
    gates: Iterable[RedGate], week: Week, sources: Collection[str] | None, coverage: Sequence[Coverage]
) -> tuple[RedGate, ...]:
    """Return the gates that concern a digest of `week` that reads these sources (None: all).

    A digest reads the months from the week before on. A source that fell silent does not harm days it delivered
    before: it counts only where what is whole of it ends before the week does. A gate without a source concerns all.
    """
    return tuple(
        gate
        for gate in gates
        if (sources is None or not gate.x_source or gate.x_source in sources)
        and (gate.billing_period is None or gate.billing_period >= f"{week.before.monday:%Y-%m}")
        and not (gate.kind == "freshness" and _reaches(gate.x_source, week, coverage))
    )


def cause_of(gate: RedGate) -> str:
    """Return a name for what is wrong: another one where it went red anew, or for another reason.

    What a sentence says may count hours or rows and change with every look, so sentences do not count.
    """
    return hash_of([gate.x_source, gate.billing_period or "", gate.kind, gate.since.isoformat()])[:12]


def _reaches(source: str, week: Week, coverage: Sequence[Coverage]) -> bool:
    mine = [each for each in coverage if each.x_source == source]
    return bool(mine) and all(each.whole_to >= week.sunday for each in mine if each.last_day >= week.before.monday)
