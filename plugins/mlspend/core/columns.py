"""Which raw column of an export file goes where in the landed line, decided by position and never by a bare name.

AWS allows tag keys that differ only in case; engines that fold case rename one of them by position and swap the values
of two files whose columns stand in another order. So every raw column is known by its place in its own file.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from mlspend.core.export_kinds import Shape

# Legacy CUR: a column per key. CSV prefix, Parquet prefix → the landed map that takes them.
_SPLIT_PREFIXES = (
    ("resourceTags/", "resource_tags_", "tags"),
    ("costCategory/", "cost_category_", "cost_category"),
    ("product/", "product_", "product"),
)
# CUR 2.0: the landed map of each of its maps.
_MAP_COLUMNS = {name: name for name in ("tags", "product", "cost_category", "discount")} | {"resource_tags": "tags"}


class ColumnsAmbiguous(ValueError):
    """Two columns of one file claim the same place in the landed line."""


@dataclass(frozen=True)
class ColumnPlan:
    """Where each raw column goes; numbers are positions in the file.

    `direct` landed column → position; `keyed` landed map → its (key, position) pairs; `whole` landed map → positions
    of raw maps taken over with the keys they have; `absent` landed columns nothing goes into; `extra` raw names no
    export kind knows, kept in `x_extra`.
    """

    direct: Mapping[str, int]
    keyed: Mapping[str, tuple[tuple[str, int], ...]]
    whole: Mapping[str, tuple[int, ...]]
    absent: tuple[str, ...]
    extra: tuple[str, ...]


@dataclass
class _Draft:
    direct: dict[str, int] = field(default_factory=dict)
    keyed: dict[str, list[tuple[str, int]]] = field(default_factory=dict)
    whole: dict[str, list[int]] = field(default_factory=dict)


def legacy_name(name: str) -> str:
    """Return the Parquet name of a legacy CUR column, which is also its CUR 2.0 name.

    An underscore before every capital, lower case, every other character an underscore, none twice
    (reproduced every column of three real months).

    >>> legacy_name("savingsPlan/SavingsPlanARN")
    'savings_plan_savings_plan_a_r_n'
    >>> legacy_name("pricing/publicOnDemandCost")
    'pricing_public_on_demand_cost'
    >>> legacy_name("line_item_usage_type")
    'line_item_usage_type'
    """
    spaced = re.sub(r"([A-Z])", r"_\1", name).lower()
    return re.sub(r"_+", "_", re.sub(r"[^a-z0-9]", "_", spaced)).strip("_")


def plan_columns(shape: Shape, names: Sequence[str]) -> ColumnPlan:
    """Return where the columns `names` of one file go in a landed line of `shape`.

    Raises ColumnsAmbiguous when two columns mean the same landed column; tags, cost categories and product attributes
    are kept side by side instead.

    >>> from mlspend.core.export_kinds import AWS_CUR
    >>> plan = plan_columns(AWS_CUR, ["lineItem/UnblendedCost", "resourceTags/user:Team", "resourceTags/user:team"])
    >>> plan.direct["line_item_unblended_cost"], plan.keyed["tags"]
    (0, (('user:Team', 1), ('user:team', 2)))
    """
    draft = _Draft()
    place = _place_cur if shape.name == "aws_cur" else _place_focus
    for position, name in enumerate(names):
        place(draft, shape, name, position)
    filled = {*draft.direct, *draft.keyed, *draft.whole}
    return ColumnPlan(
        direct=draft.direct,
        keyed={map_name: _with_unique_keys(pairs) for map_name, pairs in draft.keyed.items()},
        whole={map_name: tuple(positions) for map_name, positions in draft.whole.items()},
        absent=tuple(sorted(set(shape.columns) - filled - {"x_extra"})),
        extra=tuple(names[position] for _, position in draft.keyed.get("x_extra", [])),
    )


def _place_cur(draft: _Draft, shape: Shape, name: str, position: int) -> None:
    landed = legacy_name(name) if "/" in name else name
    if landed in _MAP_COLUMNS and "/" not in name:
        draft.whole.setdefault(_MAP_COLUMNS[landed], []).append(position)
    elif landed in shape.columns and landed != "x_extra" and not (landed in draft.direct and "product" in name):
        _place_direct(draft, landed, name, position)
    else:
        map_name, key = _split(name, landed)
        draft.keyed.setdefault(map_name, []).append((key, position))


def _split(name: str, landed: str) -> tuple[str, str]:
    for csv_prefix, parquet_prefix, map_name in _SPLIT_PREFIXES:
        if name.startswith(csv_prefix):
            # CUR 2.0 keeps tag and category names as they are and normalises the keys of its product map.
            return map_name, landed.removeprefix(parquet_prefix) if map_name == "product" else name[len(csv_prefix) :]
        if name.startswith(parquet_prefix):
            return map_name, name[len(parquet_prefix) :]
    return "x_extra", name


def _place_focus(draft: _Draft, shape: Shape, name: str, position: int) -> None:
    landed = _focus_names(shape).get(name.lower())
    if landed is None:
        draft.keyed.setdefault("x_extra", []).append((name, position))
    elif shape.columns[landed].startswith("map"):
        draft.whole.setdefault(landed, []).append(position)
    else:
        _place_direct(draft, landed, name, position)


def _focus_names(shape: Shape) -> dict[str, str]:
    return {landed.replace("_", ""): landed for landed in shape.columns if landed != "x_extra"}


def _place_direct(draft: _Draft, landed: str, name: str, position: int) -> None:
    if landed in draft.direct:
        raise ColumnsAmbiguous(f"columns {draft.direct[landed] + 1} and {position + 1} ({name}) both mean {landed}")
    draft.direct[landed] = position


def _with_unique_keys(pairs: Sequence[tuple[str, int]]) -> tuple[tuple[str, int], ...]:
    """Number the repeats of a key, so that a map holds every column: ('a', 'a') becomes ('a', 'a #2')."""
    taken: set[str] = set()
    unique = []
    for key, position in pairs:
        candidate, repeat = key, 1
        while candidate in taken:
            repeat += 1
            candidate = f"{key} #{repeat}"
        taken.add(candidate)
        unique.append((candidate, position))
    return tuple(unique)
