"""What can be wrong with the rules for what carries no tag: names, days, regular expressions, their order."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from mlspend.adapters.config_attribution import CLOSED_LISTS, PATTERNS, Rule
from mlspend.adapters.config_base import RESERVED_NAMES
from mlspend.adapters.config_ownership_checks import Found, check_days, check_keys, check_name, is_dated, overlap, told
from mlspend.adapters.config_patterns import check_patterns
from mlspend.adapters.resource_links import read_links
from mlspend.adapters.yaml_lines import Place
from mlspend.core.attribution import canonical_value
from mlspend.core.errors import ConfigInvalid

if TYPE_CHECKING:
    from mlspend.adapters.config_model import Config


def check_rules(config: "Config") -> Found:
    """Find what is wrong with each rule, then what they are to one another."""
    yield from check_patterns(
        [
            (("rules", position, "when", name), pattern)
            for position, rule in enumerate(config.rules)
            for name in PATTERNS
            if (pattern := getattr(rule.when, name)) is not None
        ]
    )
    yield from _check_links(config)
    for position, rule in enumerate(config.rules):
        yield from _check_rule(config, ("rules", position), rule)
        yield from _check_order(("rules", position), rule, config.rules[:position])


def _check_rule(config: "Config", place: Place, rule: Rule) -> Found:
    yield from check_days(place, rule)
    if not _conditions(rule):
        yield (
            (*place, "when"),
            "holds no condition, so it would match everything; write one, for example sources: [aws]",
        )
    yield from _check_words(place, rule)
    if not _named(rule):
        yield place, "names nothing; write project, shared, team, environment or ml_stage"
    yield from _check_target(config, place, rule)
    yield from _check_team(config, place, rule)
    if config.teams:
        yield from check_name((*place, "team"), rule.team, [team.name for team in config.teams], "team")
    yield from check_name((*place, "environment"), rule.environment, list(config.environments), "environment")
    yield from check_name((*place, "ml_stage"), rule.ml_stage, list(config.ml_stages), "ML stage")
    sources = [source.name for source in config.sources]
    for number, name in enumerate(rule.when.sources):
        yield from check_name((*place, "when", "sources", number), name, sources, "source")


def _check_words(place: Place, rule: Rule) -> Found:
    """Find conditions that ask for nothing, or for what no charge is."""
    place = (*place, "when")
    for name in rule.when.model_fields_set:
        if not getattr(rule.when, name) and name not in PATTERNS and name != "linked":
            yield (*place, name), "is empty, so it asks for nothing; write at least one value, or remove the key"
    for key, values in rule.when.tags.items():
        yield from (((*place, "tags", key), words) for _, words in check_keys((), [key]))
        if not values:
            yield (*place, "tags", key), "is empty, so it would match nothing; write at least one value"
        for number, value in enumerate(values):
            if not canonical_value(value):
                yield (*place, "tags", key, number), f"is {value!r}, which no tag is compared as; write a value"
    for condition, known in CLOSED_LISTS.items():
        for number, value in enumerate(getattr(rule.when, condition)):
            if value.lower() not in [each.lower() for each in known]:
                words = condition.replace("_", " ")
                yield (*place, condition, number), f"is {value!r}; the {words} are: {', '.join(known)}"


def _check_target(config: "Config", place: Place, rule: Rule) -> Found:
    """Find what is wrong with the project or shared cost that a rule names."""
    targets = [name for name in ("project", "shared") if getattr(rule, name) is not None]
    if len(targets) == 2:
        yield (*place, "shared"), "stands beside `project`; keep one: whose it is, or that it is shared"
    if rule.when.linked and targets:
        yield (
            (*place, targets[0]),
            "stands beside `linked: true`, which takes the project of what is linked; remove one",
        )
    if rule.when.linked and rule.over_tags:
        yield (
            (*place, "over_tags"),
            "stands beside `linked: true`, which is asked only of what has no project by its tags; remove one",
        )
    projects = [project.name for project in config.projects]
    for what in ("project", "team"):
        if (name := getattr(rule, what)) is not None and canonical_value(name) in ("", *RESERVED_NAMES):
            yield (*place, what), f"is {name!r}, the name for what has no owner; name a {what}"
    if projects and canonical_value(rule.project or "") not in RESERVED_NAMES:
        yield from check_name((*place, "project"), rule.project, projects, "project")
    taken = {canonical_value(name) for name in (*projects, *RESERVED_NAMES)}
    if rule.shared is not None and canonical_value(rule.shared) in taken:
        yield (*place, "shared"), f"is {rule.shared!r}, the name of a project; a shared cost needs one of its own"


def _check_team(config: "Config", place: Place, rule: Rule) -> Found:
    """Find a team that never counts, because the project that the rule names has one for ever."""
    owners = [each for one in config.projects if one.name == rule.project for each in one.ownerships]
    for owner in owners:
        if rule.team not in (None, owner.team) and not is_dated(owner):
            yield (
                (*place, "team"),
                f"is {rule.team!r}, and the team of {rule.project!r} is {owner.team!r}, which comes first: remove it"
                " here, or change the team of the project",
            )


def _check_links(config: "Config") -> Found:
    for position, rule in enumerate(config.rules):
        if rule.when.linked and config.resource_links is None:
            place = ("rules", position, "when", "linked")
            yield place, "asks which resource leads to which, and `resource_links` names no file; write one"
    if config.resource_links is not None:
        try:
            read_links(config.resource_links)
        except ConfigInvalid as error:
            yield ("resource_links",), str(error)


def _check_order(place: Place, rule: Rule, before: Sequence[Rule]) -> Found:
    """Find earlier rules that leave this one nothing, or contradict it."""
    twin = next((one for one in before if one.id == rule.id and overlap(one, rule)), None)
    if twin:
        yield (
            (*place, "id"),
            f"is {rule.id!r}, like a rule that holds {told(twin)}; name it otherwise, or part the days",
        )
    named = sorted(_named(rule))
    for earlier in before:
        if named and all(_is_twin(earlier, rule, name) for name in named):
            yield (
                (*place, "when"),
                f"is that of rule {earlier.id!r}, which holds {told(earlier)}: only the first would count; keep one,"
                " or part the days",
            )
            return
    hiding = {
        name: one for name in named for one in before[::-1] if _is_twin(one, rule, name) or _covers(one, rule, name)
    }
    if hiding and len(hiding) == len(named):
        earlier = min(hiding.values(), key=before.index)
        yield (
            (*place, "when"),
            f"matches nothing that rule {earlier.id!r} before it does not match; put this rule first, or remove it",
        )
        return
    for name, earlier in hiding.items():
        owner = "project" if rule.project else "shared" if rule.shared else "when"
        yield (
            (*place, owner if name == "owner" else name),
            f"stands behind rule {earlier.id!r}, which holds {told(earlier)}, matches as much and names one"
            " too: that one counts; remove it here, put this rule first, or part the days",
        )


def _comes_first(earlier: Rule, rule: Rule, name: str) -> bool:
    """Tell whether what the `earlier` rule names counts before what `rule` names: not where only that is over tags."""
    return name in _named(earlier) and not (name == "owner" and rule.over_tags and not earlier.over_tags)


def _is_twin(earlier: Rule, rule: Rule, name: str) -> bool:
    """Tell whether two rules have the same conditions on some day, so that only the first can name this."""
    return _comes_first(earlier, rule, name) and _conditions(earlier) == _conditions(rule) and overlap(earlier, rule)


def _covers(earlier: Rule, rule: Rule, name: str) -> bool:
    """Tell whether everything that `rule` matches is matched by the `earlier` one, which names the same thing."""
    if not _comes_first(earlier, rule, name):
        return False
    if (earlier.valid_from or date.min) > (rule.valid_from or date.min):
        return False
    if (earlier.valid_to or date.max) < (rule.valid_to or date.max):
        return False
    wide, narrow = _conditions(earlier), _conditions(rule)
    return all(condition in narrow and _implies(narrow[condition], wanted) for condition, wanted in wide.items())


def _implies(narrow: Any, wide: Any) -> bool:
    return bool(narrow <= wide if isinstance(wide, frozenset) else narrow == wide)


def _conditions(rule: Rule) -> Mapping[str, Any]:
    """Return what a rule asks, comparable: lists as sets without case, tags each by its key."""
    stated = {name: value for name, value in rule.when if value and name != "tags"}
    found = {
        name: frozenset(word.lower() for word in value) if isinstance(value, tuple) else value
        for name, value in stated.items()
    }
    tags = {f"tags.{key}": frozenset(canonical_value(word) for word in rule.when.tags[key]) for key in rule.when.tags}
    return {**found, **tags}


def _named(rule: Rule) -> set[str]:
    """Return what a rule names: its owner, and each of the other dimensions."""
    owner = {"owner"} if rule.project or rule.shared or rule.when.linked else set()
    return owner | {name for name in ("team", "environment", "ml_stage") if getattr(rule, name)}
