"""What can be wrong with whom tags and ownership name: teams that are not there, aliases and days that contradict."""

import difflib
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING

from mlspend.adapters.config_attribution import Dated
from mlspend.adapters.config_base import RESERVED_NAMES
from mlspend.adapters.yaml_lines import Place
from mlspend.core.attribution import COST_CATEGORY, canonical_value, fold_key

if TYPE_CHECKING:
    from mlspend.adapters.config_model import Config

Found = Iterator[tuple[Place, str]]


def check_ownership(config: "Config") -> Found:
    """Find what is wrong with the teams of projects, the days they hold, and the aliases."""
    teams = [team.name for team in config.teams]
    for position, project in enumerate(config.projects):
        place: Place = ("projects", position)
        if project.team is not None and project.teams:
            yield (*place, "teams"), "stands beside `team`; keep one of the two"
        elif project.team is not None:
            yield from check_name((*place, "team"), project.team, teams, "team")
        elif not project.teams:
            yield (*place, "team"), "is missing; write the name of one of the teams below"
        for number, each in enumerate(project.teams):
            yield from check_name((*place, "teams", number, "team"), each.team, teams, "team")
            yield from check_days((*place, "teams", number), each)
        yield from _check_twins((*place, "teams"), project.teams, "two teams would answer for the project")
    yield from _check_aliases(config)


def check_name(place: Place, name: str | None, known: Sequence[str], what: str) -> Found:
    """Find that `name` is none of the `known`; None, and every name where nobody listed any, is right."""
    if name is not None and name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {near[0]}?" if near else f"the {what}s are: {', '.join(known) or '(none yet)'}"
        yield place, f"is {name!r}, which is no {what} here; {hint}"


def check_names(names: Sequence[tuple[Place, str]], what: str) -> Found:
    """Find names that tags could not tell apart, that no tag could bear, and those for what has no owner."""
    taken: dict[str, str] = {}
    for place, name in names:
        value = canonical_value(name)
        if not value:
            yield place, f"is {name!r}, in which nothing is left but separators; write a name"
        elif value in RESERVED_NAMES:
            yield place, f"is {name!r}, the name for what has no owner; choose another"
        elif value in taken:
            but = "" if taken[value].lower() == name.lower() else f" ({taken[value]!r}: separators do not count)"
            yield place, f"is {name!r}, like another of the {what}{but}; give each its own name"
        taken.setdefault(value, name)


def check_keys(place: Place, keys: Iterable[str]) -> Found:
    """Find tag keys of which nothing is left that could be compared."""
    for position, key in enumerate(keys):
        if not fold_key(key.removeprefix(COST_CATEGORY)):
            yield (*place, position), f"is {key!r}, in which nothing is left but punctuation; write the key of a tag"


def check_days(place: Place, dated: Dated) -> Found:
    """Find that something ends before it begins."""
    if dated.valid_from and dated.valid_to and dated.valid_to < dated.valid_from:
        yield (
            (*place, "valid_to"),
            f"is {dated.valid_to}, before valid_from {dated.valid_from}; both are included: exchange or correct them",
        )


def overlap(one: Dated, other: Dated) -> bool:
    """Tell whether two things hold on one day."""
    return (one.valid_from or date.min) <= (other.valid_to or date.max) and (other.valid_from or date.min) <= (
        one.valid_to or date.max
    )


def is_dated(dated: Dated) -> bool:
    """Tell whether something begins or ends to hold on some day."""
    return dated.valid_from is not None or dated.valid_to is not None


def told(dated: Dated) -> str:
    """Return the days of something, as people write them."""
    if not is_dated(dated):
        return "for ever"
    begins = f"from {dated.valid_from}" if dated.valid_from else ""
    ends = f"to {dated.valid_to}" if dated.valid_to else ""
    return " ".join(filter(None, (begins, ends)))


def _check_twins(place: Place, twins: Sequence[Dated], harm: str) -> Found:
    for number, each in enumerate(twins):
        for before in twins[:number]:
            if overlap(each, before):
                days = f"holds {told(each)}, which overlaps with the one that holds {told(before)}"
                yield (*place, number), f"{days}: {harm}; let one end before the other begins"
                break


def _check_aliases(config: "Config") -> Found:
    names = {canonical_value(project.name): project.name for project in config.projects}
    meant: list[tuple[str, Dated, str]] = []
    for position, project in enumerate(config.projects):
        for number, alias in enumerate(project.aliases):
            place: Place = ("projects", position, "aliases", number)
            yield from check_days(place, alias)
            value = canonical_value(alias.value)
            owner = names.get(value, project.name)
            if not value:
                yield place, f"is {alias.value!r}, in which nothing is left but separators; write a value of the tag"
            elif alias.value.strip().lower() == project.name.strip().lower():
                yield place, f"is {alias.value!r}, the project's own name: it would own itself; remove it"
            elif value == canonical_value(project.name) and is_dated(alias):
                # Without days it is only said twice; with days there would be two answers on them.
                yield place, f"is {alias.value!r}, the project's own name without its separators; remove the days"
            elif owner != project.name:
                yield place, f"is {alias.value!r}, which already means {owner!r}; keep it in one place"
            twin = next((one for one in meant if one[0] == value and overlap(one[1], alias)), None)
            if twin and twin[2] != project.name:
                words = f"already means {twin[2]!r}" + (f" {told(twin[1])}" if is_dated(twin[1]) else "")
                yield place, f"is {alias.value!r}, which {words}; keep it in one place, or part the days"
            elif twin and (is_dated(alias) or is_dated(twin[1])):
                yield place, f"is {alias.value!r}, which stands here {told(twin[1])} too; let one end before the other"
            meant.append((value, alias, project.name))


def check_meanings(groups: Iterable[tuple[Place, str, tuple[str, ...]]]) -> Found:
    """Find tag values that lead to two names. Each group: place of the synonyms, their name, the synonyms."""
    groups = list(groups)
    meant: dict[str, str] = {}
    for _, name, _ in groups:
        meant.setdefault(canonical_value(name), name)
    for place, name, synonyms in groups:
        for position, word in enumerate(synonyms):
            other = meant.setdefault(canonical_value(word), name)
            if other != name:
                yield (*place, position), f"is {word!r}, which already means {other!r}; keep it in one place"
