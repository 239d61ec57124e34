"""What can be wrong with shared costs once each is right by itself: places in the file, and what would be right."""

import difflib
from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from mlspend.adapters.config_base import RESERVED_NAMES
from mlspend.adapters.config_ownership_checks import Found, check_days, check_name, check_names, overlap, told
from mlspend.adapters.config_patterns import check_patterns
from mlspend.adapters.config_shared_costs import SHARED, WEIGHT_UNIT, SharedCost
from mlspend.adapters.yaml_lines import Place
from mlspend.core.attribution import canonical_value

if TYPE_CHECKING:
    from mlspend.adapters.config_model import Config

_KEY = "shared_costs"


def check_shared_costs(config: "Config") -> Found:
    """Find splits that cannot be made, or would not be the ones that were meant."""
    shared_costs, projects = config.shared_costs, [project.name for project in config.projects]
    filled = {rule.shared for rule in config.rules} | {name for each in shared_costs for name in each.recipients}
    for position, cost in enumerate(shared_costs):
        place = (_KEY, position)
        yield from _check_name(place, cost, projects)
        yield from _check_dates(place, cost, shared_costs[:position])
        yield from _check_fields(place, cost, projects)
        yield from _check_keys(place, cost)
        yield from _check_recipients(place, cost, position, shared_costs, projects)
        if cost.name not in filled:
            yield (
                (*place, "name"),
                f"is {cost.name!r}, which no rule and no other shared cost gives anything; add a rule with"
                f" `shared: {cost.name}`, or remove it",
            )
    names = [each.name for each in shared_costs]
    for position, rule in enumerate(config.rules):
        yield from check_name(("rules", position, "shared"), rule.shared, names, "shared cost")


def check_words_of_shares(config: "Config") -> Found:
    """Find names that would hide what shares of shared costs are filed under."""
    for key, names in (("environments", config.environments), ("ml_stages", config.ml_stages)):
        for name in names:
            if canonical_value(name) == SHARED:
                yield (key, name), f"is {name!r}, what shares of shared costs bear; choose another name"


def _check_name(place: Place, cost: SharedCost, projects: Sequence[str]) -> Found:
    yield from check_names([((*place, "name"), cost.name)], "shared costs")
    if canonical_value(cost.name) in map(canonical_value, projects):
        yield (*place, "name"), f"is {cost.name!r}, the name of a project; choose another"


def _check_dates(place: Place, cost: SharedCost, earlier: Sequence[SharedCost]) -> Found:
    yield from check_days(place, cost)
    for other in earlier:
        if canonical_value(other.name) == canonical_value(cost.name) and overlap(cost, other):
            yield (
                (*place, "name"),
                f"is {cost.name!r}, like another that holds {told(other)}; give each its own name, or dates that do not"
                " overlap (valid_from, valid_to)",
            )


def _check_fields(place: Place, cost: SharedCost, projects: Sequence[str]) -> Found:
    if (cost.split == "fixed") != bool(cost.keys):
        if cost.keys:
            yield (*place, "keys"), f"are only for `split: fixed`, and this one is split by {cost.split}; remove them"
        else:
            yield (*place, "split"), "is fixed; add `keys: {name: 0.6, other: 0.4}`"
    if (cost.split == "usage") != (cost.usage is not None):
        if cost.usage:
            yield (*place, "usage"), f"is only for `split: usage`, and this one is split by {cost.split}; remove it"
        else:
            yield (*place, "split"), "is usage; add `usage: {unit: GB, services: [name]}`"
    if cost.usage and cost.usage.usage_type:
        yield from check_patterns([((*place, "usage", "usage_type"), cost.usage.usage_type)])
    if cost.split == "fixed" and cost.among:
        yield (*place, "among"), "is not used by `split: fixed`, whose keys name the recipients; remove it"
    if cost.split == "even" and not cost.among and not projects:
        yield (*place, "split"), "is even among all projects, and no projects are listed; name them in `among`"


def _check_keys(place: Place, cost: SharedCost) -> Found:
    if cost.split != "fixed" or not cost.keys:
        return
    for name, key in ((name, Decimal(key)) for name, key in cost.keys.items()):
        if not 0 < key <= 1:
            yield (*place, "keys", name), f"is {key:f}; write a part of 1, for example 0.25"
        elif key % WEIGHT_UNIT:
            yield (*place, "keys", name), f"is {key:f}; write six digits after the point at most"
    if (total := sum(map(Decimal, cost.keys.values()), Decimal(0))) != 1:
        yield (*place, "keys"), f"add up to {total:f}; they must add up to exactly 1"


def _check_recipients(
    place: Place, cost: SharedCost, position: int, shared_costs: Sequence[SharedCost], projects: Sequence[str]
) -> Found:
    order = [each.name for each in shared_costs]
    known = list(dict.fromkeys([*projects, *order[position + 1 :]]))
    for at, name in enumerate(cost.recipients):
        where = (*place, "keys", name) if cost.split == "fixed" else (*place, "among", at)
        if name in cost.recipients[:at]:
            yield where, f"is {name!r} for the second time; keep one"
        elif name == cost.name:
            yield where, f"is {name!r} itself: a shared cost cannot be split into itself; remove it"
        elif name in order[:position]:
            yield (
                where,
                f"is {name!r}, which is split before {cost.name!r} and would never be split again: that is a cycle, or"
                " the wrong order; shared costs are split in the order of this list, so move it below, or remove it"
                " here",
            )
        elif canonical_value(name) in RESERVED_NAMES:
            yield where, f"is {name!r}, the name for what has no owner, which gets no share; remove it"
        elif not projects and name not in known and name != canonical_value(name):
            yield (
                where,
                f"is {name!r}, and no project of that name comes from tags, whose values are compared without case and"
                f" separators; write {canonical_value(name)!r}, or list the projects",
            )
        elif name not in known and projects:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]}?" if near else f"known here: {', '.join(known)}"
            yield where, f"is {name!r}, which is neither a project nor a later shared cost; {hint}"
