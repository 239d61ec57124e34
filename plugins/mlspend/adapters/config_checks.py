"""What can be wrong with a configuration, each as a place in the file and a sentence with what would be right."""

import difflib
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from mlspend.adapters.config_alerts import check_alerts
from mlspend.adapters.config_budget_checks import check_budgets
from mlspend.adapters.config_digest_checks import check_audiences, check_time_zones
from mlspend.adapters.config_gates import check_gates
from mlspend.adapters.config_model import Config
from mlspend.adapters.config_money_checks import check_currencies, check_invoices
from mlspend.adapters.config_ownership_checks import check_keys, check_meanings, check_names, check_ownership
from mlspend.adapters.config_rule_checks import check_rules
from mlspend.adapters.config_shared_cost_checks import check_shared_costs, check_words_of_shares
from mlspend.adapters.config_tag_policy import check_tag_policy
from mlspend.adapters.yaml_lines import Place
from mlspend.core.secret_shapes import is_secret_name, secret_shape

_INSTEAD = (
    "secrets come from Airflow Connections or the environment; remove it here and renew it, as it was written down"
)


def find_secrets(value: Any, place: Place = ()) -> Iterator[tuple[Place, str]]:
    """Find the secrets in plain `value`, by name and by shape; no sentence repeats one."""
    if isinstance(value, dict):
        for key, child in value.items():
            if kind := secret_shape(key):
                yield place, f"holds a key that looks like {kind}; {_INSTEAD}"
            elif is_secret_name(key):
                yield (*place, key), f"is the name of a secret; {_INSTEAD}"
            else:
                yield from find_secrets(child, (*place, key))
    elif isinstance(value, tuple):
        for position, child in enumerate(value):
            yield from find_secrets(child, (*place, position))
    elif isinstance(value, str) and (kind := secret_shape(value)):
        yield place, f"looks like {kind}; {_INSTEAD}"


def explain(detail: dict[str, Any]) -> tuple[Place, str]:
    """Turn one of pydantic's errors into the place and a sentence with what would be right."""
    place: Place = tuple(part for part in detail["loc"] if part != "[key]")
    kind, value = detail["type"], detail["input"]
    if place[-1:] == ("value",) and kind != "missing":
        # An alias is mostly written as its value alone.
        place = place[:-1]
    if kind in {"date_type", "date_from_datetime_inexact", "bool_type"} and (plain := _without_quotes(kind, value)):
        return place, f"is {str(value)!r}; write {plain}, without quotes and without anything else"
    if kind == "extra_forbidden":
        known = _known_keys(place[:-1])
        near = difflib.get_close_matches(str(place[-1]), known, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]}?" if near else f"known here: {', '.join(known)}"
        return place, f"is not a key mlspend knows; {hint}"
    if kind == "missing":
        return place, f"is missing{_wanted(place)}"
    if kind == "literal_error":
        return place, f"is {value!r}; write one of {', '.join(_allowed(place))}"
    if kind == "string_type" and not isinstance(value, dict | tuple | type(None)):
        return place, f"is {value!r}, which YAML does not read as text; put it in quotes"
    if kind == "tuple_type":
        return place, "is not a list; write [one, two], or one item per line with a dash"
    if kind in {"model_type", "mapping_type", "dict_type"}:
        known_here = ", ".join(_known_keys(place)) or "any name with a list of values"
        return place, f"is not a set of keys; known here: {known_here}"
    if value is None or value == "":
        return place, f"is empty{_wanted(place)}"
    told = f"{value:f}" if isinstance(value, Decimal) else repr(value)
    return place, f"is {told}, which cannot be right{_wanted(place)}"


def _without_quotes(kind: str, value: Any) -> str | None:
    """Return how a day, or true or false, is written that was meant by `value`; None where none was."""
    if kind == "bool_type":
        return str(value).lower() if str(value).lower() in {"true", "false"} else None
    try:
        return date.fromisoformat(str(value)[:10]).isoformat()
    except ValueError:
        return None


def _field_at(place: Place) -> FieldInfo | None:
    """Return pydantic's description of the field at `place`, None where there is none."""
    model: type[BaseModel] | None = Config
    found = None
    for key in (part for part in place if isinstance(part, str)):
        found = _fields(model).get(key) if model else None
        model = _model_in(found) if found else None
    return found


def _fields(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """Return the fields by the keys that people write."""
    return {described.alias or name: described for name, described in model.model_fields.items()}


def _model_in(described: FieldInfo) -> type[BaseModel] | None:
    return next(_models(described.annotation), None)


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    """Yield the models in an annotation, also those within lists and Annotated."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models(inner)


def _known_keys(place: Place) -> list[str]:
    described = _field_at(place)
    model = _model_in(described) if described else None if place else Config
    return list(_fields(model)) if model else []


def _allowed(place: Place) -> list[str]:
    described = _field_at(place)
    return [str(value) for value in _literals(described.annotation)] if described else []


def _literals(annotation: Any) -> Iterator[Any]:
    """Yield the values of a Literal, also of one within a list."""
    for inner in get_args(annotation):
        if get_args(inner):
            yield from _literals(inner)
        elif inner not in (Ellipsis, type(None)):
            yield inner


def _wanted(place: Place) -> str:
    described = _field_at(place)
    if described is None:
        return ""
    if allowed := [value for value in get_args(described.annotation) if isinstance(value, str)]:
        return f"; write one of {', '.join(allowed)}"
    return f"; write {described.description}" if described.description else ""


def written(place: Place) -> str:
    """Return `place` as people write it: sources[0].name."""
    text = ""
    for part in place:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def cross_check(config: Config) -> Iterator[tuple[Place, str]]:
    """Find what only shows when the parts are seen together."""
    yield from check_names([(("sources", at, "name"), each.name) for at, each in enumerate(config.sources)], "sources")
    yield from check_names([(("teams", at, "name"), each.name) for at, each in enumerate(config.teams)], "teams")
    yield from check_names(
        [(("projects", at, "name"), each.name) for at, each in enumerate(config.projects)], "projects"
    )
    yield from check_names([(("environments", name), name) for name in config.environments], "environments")
    yield from check_names([(("ml_stages", name), name) for name in config.ml_stages], "ml_stages")
    yield from _check_locations(config)
    yield from _check_queues(config)
    yield from check_time_zones(config)
    yield from check_audiences(config)
    for dimension, keys in config.tags.model_dump().items():
        yield from check_keys(("tags", dimension), keys)
    yield from check_ownership(config)
    yield from check_meanings([(("environments", name), name, words) for name, words in config.environments.items()])
    yield from check_meanings([(("ml_stages", name), name, words) for name, words in config.ml_stages.items()])
    yield from check_rules(config)
    yield from check_tag_policy(config)
    yield from check_currencies(config)
    yield from check_shared_costs(config)
    yield from check_words_of_shares(config)
    yield from check_invoices(config)
    yield from check_gates(config.gates)
    yield from check_alerts(config)
    yield from check_budgets(config)


def _check_locations(config: Config) -> Iterator[tuple[Place, str]]:
    for position, source in enumerate(config.sources):
        scheme, found, _ = source.location.partition("://")
        if found and scheme != "s3":
            yield ("sources", position, "location"), f"starts with {scheme}://; write s3://bucket/prefix or a folder"


def _check_queues(config: Config) -> Iterator[tuple[Place, str]]:
    """Two sources at one queue would take each other's messages; S3 announces nothing of a folder."""
    listeners: dict[str, str] = {}
    for position, source in enumerate(config.sources):
        place = ("sources", position, "queue")
        if source.queue is None:
            continue
        if not source.location.startswith("s3://"):
            yield (
                place,
                "announces deliveries in S3, and the location is a folder; remove it, or write s3://bucket/prefix",
            )
        if (first := listeners.setdefault(source.queue, source.name)) != source.name:
            yield place, f"is the queue of {first!r} already; give each source its own"
