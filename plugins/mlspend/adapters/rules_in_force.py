"""The rules of attribution in force on given days, as plain values: what the plan tells dbt, and what is hashed."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

from mlspend.adapters.config_attribution import Dated, Rule
from mlspend.adapters.config_shared_costs import shared_costs_in_force
from mlspend.adapters.resource_links import ResourceLink, read_links
from mlspend.core.attribution import canonical_value, turning_days, within

if TYPE_CHECKING:
    from mlspend.adapters.config_model import Config

_Days = tuple[date | None, date | None]


def rules_in_force(config: "Config", first: date | None = None, last: date | None = None) -> dict[str, Any]:
    """Return the rules in force on some day between `first` and `last`, both included (None: on any day).

    `tag_keys`: dimension → keys, most trusted first. `tag_values`: dimension → {canonical value: its name}, for values
    that mean the same on all these days; `dated_values`: dimension → rows of value, name and days for the others.
    `projects`: rows of name, aliases, team and days; where there are none, a project tag's value is the project.
    `rules`: the rules for what carries no tag, in their order; `links`: rows of resource, linked and days, where a rule
    asks for them. `turning_days`: between two of them nothing changes.
    `shared_costs`: how they are split, see `shared_costs_in_force`.
    Days are text, valid_from and valid_to, both included; empty where the thing holds to the end of these days.
    """
    days: list[_Days] = []

    def in_force(dated: Dated | ResourceLink) -> dict[str, str | None] | None:
        found = within(dated.valid_from, dated.valid_to, first, last)
        if found is None:
            return None
        days.append(found)
        return {"valid_from": _text(found[0]), "valid_to": _text(found[1])}

    always: dict[str, str] = {canonical_value(project.name): project.name for project in config.projects}
    dated_values, projects = [], []
    for project in config.projects:
        aliases = [(alias.value, held) for alias in project.aliases if (held := in_force(alias)) is not None]
        for value, held in aliases:
            if any(held.values()):
                dated_values.append({"value": canonical_value(value), "name": project.name, **held})
            else:
                always[canonical_value(value)] = project.name
        row = {"name": project.name, "aliases": [value for value, _ in aliases]}
        owned = [(owner.team, held) for owner in project.ownerships if (held := in_force(owner)) is not None]
        projects += [{**row, "team": team, **held} for team, held in owned] or [
            {**row, "team": None, "valid_from": None, "valid_to": None}
        ]
    rules = [
        {**_plain(rule), **_as_tagged(config, rule), **held}
        for rule in config.rules
        if (held := in_force(rule)) is not None
    ]
    asks_links = any(rule["when"].get("linked") for rule in rules)
    links = [
        {"resource": link.resource, "linked": link.linked, **held}
        for link in (read_links(config.resource_links) if asks_links and config.resource_links else ())
        if (held := in_force(link)) is not None
    ]
    return {
        "tag_keys": {dimension: list(keys) for dimension, keys in config.tags.model_dump().items()},
        "tag_values": {
            "environment": _synonyms(config.environments),
            "ml_stage": _synonyms(config.ml_stages),
            "project": always,
            "team": _synonyms({team.name: () for team in config.teams}),
        },
        "dated_values": {"project": dated_values},
        "projects": projects,
        "teams": [team.name for team in config.teams],
        "rules": rules,
        **({"links": links} if asks_links else {}),
        "shared_costs": shared_costs_in_force(
            config.shared_costs, [project.name for project in config.projects], first, last
        ),
        "turning_days": [day.isoformat() for day in turning_days(days)],
    }


def _plain(rule: Rule) -> dict[str, Any]:
    """Return a rule as plain values, without the conditions that it does not state."""
    stated: dict[str, Any] = rule.model_dump(mode="json", exclude={"valid_from", "valid_to"})
    return {**stated, "when": {name: wanted for name, wanted in stated["when"].items() if wanted}}


def _as_tagged(config: "Config", rule: Rule) -> dict[str, str | None]:
    """Return the owners that a rule names as a tag's value names them, where nobody listed projects or teams."""
    listed = {"project": config.projects, "team": config.teams}
    return {
        name: canonical_value(written)
        for name, known in listed.items()
        if not known and (written := getattr(rule, name)) is not None
    }


def _synonyms(names: Mapping[str, Iterable[str]]) -> dict[str, str]:
    """Return every spelling in its canonical form → the name it stands for."""
    return {canonical_value(word): name for name, words in names.items() for word in (name, *words)}


def _text(day: date | None) -> str | None:
    return day.isoformat() if day else None
