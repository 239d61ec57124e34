"""What can be wrong with the rules for what carries no tag: names, days, regular expressions, their order."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from mlspend.adapters import duckdb_files
from mlspend.adapters.config_attribution import PATTERNS, Rule
from mlspend.adapters.config_base import RESERVED_NAMES
from mlspend.adapters.config_ownership_checks import Found, check_days, check_name, overlap, told
from mlspend.adapters.resource_links import read_links
from mlspend.adapters.yaml_lines import Place
from mlspend.core.attribution import canonical_value
from mlspend.core.errors import ConfigInvalid

if TYPE_CHECKING:
    from mlspend.adapters.config_model import Config

# RE2 refuses programs that are too large by itself; a longer text is no rule somebody can read.
_LONGEST_PATTERN = 1000


def check_rules(config: "Config") -> Found:
    """Find what is wrong with each rule, then what they are to one another."""
    yield from _check_patterns(config.rules)
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
    if not _named(rule):
        yield place, "names nothing; write project, shared, team, environment or ml_stage"
    yield from _check_target(config, place, rule)
    if config.teams:
        yield from check_name((*place, "team"), rule.team, [team.name for team in config.teams], "team")
    yield from check_name((*place, "environment"), rule.environment, list(config.environments), "environment")
    yield from check_name((*place, "ml_stage"), rule.ml_stage, list(config.ml_stages), "ML stage")
    sources = [source.name for source in config.sources]
    for number, name in enumerate(rule.when.sources):
        yield from check_name((*place, "when", "sources", number), name, sources, "source")


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
    projects = [project.name for project in config.projects]
    if rule.project in RESERVED_NAMES:
        yield (*place, "project"), f"is {rule.project!r}, the name for what has no owner; name a project"
    elif projects:
        yield from check_name((*place, "project"), rule.project, projects, "project")
    taken = {canonical_value(name) for name in (*projects, *RESERVED_NAMES)}
    if rule.shared is not None and canonical_value(rule.shared) in taken:
        yield (*place, "shared"), f"is {rule.shared!r}, the name of a project; a shared cost needs one of its own"


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


def _check_patterns(rules: Sequence[Rule]) -> Found:
    """Have DuckDB compile every regular expression: RE2 takes no time that grows faster than the text."""
    written = [
        (("rules", position, "when", name), pattern)
        for position, rule in enumerate(rules)
        for name in PATTERNS
        if (pattern := getattr(rule.when, name)) is not None
    ]
    if not written:
        return
    with duckdb_files.connect() as connection:
        for place, pattern in written:
            if len(pattern) > _LONGEST_PATTERN:
                yield place, f"is longer than {_LONGEST_PATTERN} characters; part it into several rules"
                continue
            try:
                connection.execute(f"select regexp_matches('', {duckdb_files.quote(pattern)})")
            except duckdb_files.Error as error:
                reason = str(error).splitlines()[0].partition(": ")[2]
                yield (
                    place,
                    f"is {pattern!r}, no regular expression that RE2 knows ({reason}); it has neither lookaround nor"
                    " back references, and repeats at most 1000 times",
                )


def _check_order(place: Place, rule: Rule, before: Sequence[Rule]) -> Found:
    """Find earlier rules that leave this one nothing, or contradict it."""
    twin = next((one for one in before if one.id == rule.id and overlap(one, rule)), None)
    if twin:
        yield (
            (*place, "id"),
            f"is {rule.id!r}, like a rule that holds {told(twin)}; name it otherwise, or part the days",
        )
    for earlier in before:
        names = _named(rule) & _named(earlier)
        if names and _conditions(earlier) == _conditions(rule) and overlap(earlier, rule):
            yield (
                (*place, "when"),
                f"is that of rule {earlier.id!r}, which holds {told(earlier)}: only the first would count; keep one,"
                " or part the days",
            )
            return
    covering = {name: next((one for one in before if _covers(one, rule, name)), None) for name in _named(rule)}
    if covering and all(covering.values()):
        earlier = next(one for one in before if one in covering.values())
        yield (
            (*place, "when"),
            f"matches nothing that rule {earlier.id!r} before it does not match; put this rule first, or remove it",
        )


def _covers(earlier: Rule, rule: Rule, name: str) -> bool:
    """Tell whether everything that `rule` matches is matched by the `earlier` one, which names the same thing."""
    if name not in _named(earlier) or (name == "owner" and rule.over_tags and not earlier.over_tags):
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
