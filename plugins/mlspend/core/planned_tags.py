"""The tags that a resource of a Terraform plan will carry, as far as the plan knows them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

# Per provider the attributes that hold tags: first the ones with everything, then what the resource itself says. A dot
# leads into a block. The google provider's `tags` are network tags.
_GOOGLE = (
    "effective_labels",
    "terraform_labels",
    "labels",
    "resource_labels",
    "user_labels",
    "settings.user_labels",
    "metadata.effective_labels",
    "metadata.terraform_labels",
    "metadata.labels",
)
_ATTRIBUTES = {
    "aws": ("tags_all", "tags", "tag"),
    "awscc": ("tags",),
    "azurerm": ("tags",),
    "azapi": ("tags",),
    "google": _GOOGLE,
    "google-beta": _GOOGLE,
}
# These merge a resource's own tags with its provider's default ones.
_MERGED = {"tags_all", "effective_labels", "terraform_labels", "metadata.effective_labels", "metadata.terraform_labels"}


@dataclass(frozen=True)
class Planned:
    """Key → value, None where it is unknown until apply. Not `is_complete`: there may be keys that nobody knows yet."""

    values: Mapping[str, str | None]
    is_complete: bool
    is_secret: bool


def planned_tags(change: Mapping[str, Any], with_defaults: frozenset[str]) -> Planned | None:
    """Return the tags of one of `resource_changes` after the apply, None where it cannot carry any.

    `with_defaults`: the providers that are configured with default tags. Where only what merges them is unknown, and
    there are none, nothing is added to the resource's own: providers leave tags_all and effective_labels unknown for
    a resource without any tag.
    """
    provider = str(change.get("provider_name", "")).rpartition("/")[2]
    after, unknown = change["change"].get("after") or {}, change["change"].get("after_unknown") or {}
    found = [
        (path, _at(after, path), _at(unknown, path))
        for path in _ATTRIBUTES.get(provider, ())
        if _is_there(after, path) or _is_there(unknown, path)
    ]
    if not found:
        return None
    values: dict[str, str | None] = {}
    for _, known, hidden in reversed(found):
        values |= dict(_pairs(known, hidden))
    hidden_ones = {path for path, _, hidden in found if hidden is True}
    merged = {path for path, _, _ in found if path in _MERGED}
    is_complete = bool(merged - hidden_ones) or not ((hidden_ones - merged) or (merged and provider in with_defaults))
    secret = change["change"].get("after_sensitive") or {}
    # Terraform says true of the whole where everything in it is secret.
    is_secret = secret is True or any(_at(secret, path) for path, _, _ in found)
    return Planned(values, is_complete, is_secret)


def _block(value: Any) -> Any:
    """Blocks are lists; the ones with labels stand once."""
    return value[0] if isinstance(value, list) and value else value


def _is_there(value: Any, path: str) -> bool:
    *blocks, last = path.split(".")
    for name in blocks:
        value = _block(value.get(name)) if isinstance(value, Mapping) else None
    return isinstance(value, Mapping) and last in value


def _at(value: Any, path: str) -> Any:
    for name in path.split("."):
        value = _block(value) if isinstance(value, list) else value
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _pairs(known: Any, hidden: Any) -> Iterator[tuple[str, str | None]]:
    """Yield the entries of a map, or of blocks with a key and a value."""
    if isinstance(known, list):
        marks = hidden if isinstance(hidden, list) else []
        for at, block in enumerate(known):
            if isinstance(block, Mapping) and isinstance(block.get("key"), str):
                yield from _pair(block["key"], block.get("value"), _at(marks[at], "value") if at < len(marks) else None)
        return
    values = known if isinstance(known, Mapping) else {}
    marked = hidden if isinstance(hidden, Mapping) else {}
    for key in {**values, **marked}:
        yield from _pair(key, values.get(key), marked.get(key))


def _pair(key: str, value: Any, is_hidden: Any) -> Iterator[tuple[str, str | None]]:
    """A value of null is no tag, unless it is only not known yet."""
    if is_hidden or value is not None:
        yield key, None if is_hidden else str(value)
