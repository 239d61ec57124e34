"""Why a charge costs what it costs and belongs to whom it does, in words, from the line and the stored rules."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mlspend.core.attribution import COST_CATEGORY, KUBERNETES_KEYS, UNOWNED, canonical_value, match_tag_keys

# What each of AWS's line types means for billed and effective cost; field by field in docs/analysts.md.
_AMORTISATION = {
    "Usage": "usage at its rate: effective cost is billed cost",
    "DiscountedUsage": "usage that a reservation covers: nothing is billed, its share of the reservation is effective",
    "SavingsPlanCoveredUsage": "usage that a savings plan covers: nothing is billed, the plan's rate is effective cost",
    "SavingsPlanNegation": "cancels the on-demand price of covered usage: no cost of its own",
    "RIFee": "monthly fee of a reservation: billed, and effective where it is used or left unused",
    "SavingsPlanRecurringFee": "hourly fee of a savings plan: billed, and effective where it is used",
    "SavingsPlanUpfrontFee": "upfront fee of a savings plan: billed now, effective over its term",
    "Fee": "a fee; one for a reservation is billed now and effective over its term",
    "Tax": "tax: effective cost is billed cost",
    "Credit": "credit: lowers billed and effective cost alike",
    "Refund": "refund; of an upfront fee it is billed only, as that fee was",
}


@dataclass(frozen=True)
class TagSeen:
    """What the line's tags say of one dimension: every key asked, in order, and which one decided."""

    dimension: str
    asked: tuple[tuple[str, str], ...]
    decided_by: str | None
    value: str | None
    stands_for: str | None
    valid_from: str | None = None
    valid_to: str | None = None


def describe_line_type(line_type: str | None, charge_category: str | None) -> str:
    """Return what a line's type means for its cost.

    >>> describe_line_type("Tax", "Tax"), describe_line_type("EdpDiscount", None), describe_line_type(None, "Usage")
    ('tax: effective cost is billed cost', 'discount: lowers billed and effective cost alike', 'Usage, as delivered')
    """
    if line_type in _AMORTISATION:
        return _AMORTISATION[line_type]
    if line_type and line_type.endswith("Discount"):
        return "discount: lowers billed and effective cost alike"
    return f"{line_type or charge_category or 'charge'}, as delivered"


def read_tags(
    rules: Mapping[str, Any], tags: Mapping[str, str], cost_categories: Mapping[str, str], day: str
) -> list[TagSeen]:
    """Return per dimension which tag decided, and what its value stands for on `day` (YYYY-MM-DD)."""
    seen = []
    for dimension, keys in match_tag_keys(rules["tag_keys"], tags).items():
        asked = [(key, value) for key in keys if (value := _value(key, tags, cost_categories))]
        if not asked:
            seen.append(TagSeen(dimension, (), None, None, None))
            continue
        key, value = asked[0]
        name, row = _stands_for(rules, dimension, value, day)
        seen.append(TagSeen(dimension, tuple(asked), key, value, name, row.get("valid_from"), row.get("valid_to")))
    return seen


def _value(key: str, tags: Mapping[str, str], cost_categories: Mapping[str, str]) -> str:
    """Return a tag's value, empty where it is nothing but separators: the macro `first_tag` does the same."""
    values = [tags.get(key)]
    if key.startswith(COST_CATEGORY):
        name = key.removeprefix(COST_CATEGORY)
        values = [cost_categories.get(name), cost_categories.get(name.lower().replace(" ", "_").replace("-", "_"))]
    return next((value for value in values if value and canonical_value(value)), "")


def _stands_for(rules: Mapping[str, Any], dimension: str, value: str, day: str) -> tuple[str | None, Mapping[str, Any]]:
    canonical = canonical_value(value)
    names = rules["tag_values"].get(dimension, {})
    if canonical in names:
        return names[canonical], {}
    for row in rules.get("dated_values", {}).get(dimension, []):
        if row["value"] == canonical and _holds(row, day):
            return row["name"], row
    # Where nobody listed projects (or teams), the value itself is the name.
    return (None, {}) if names or canonical in UNOWNED else (canonical, {})


def describe_conditions(when: Mapping[str, Any]) -> str:
    """Return the conditions of a stored rule as a configuration file has them.

    >>> describe_conditions({"services": ["AmazonS3"], "resource": "-dumps-", "tags": {"app": ["a", "b"]}})
    'services: AmazonS3; resource: "-dumps-"; tag app: a, b'
    """
    words = []
    for condition, wanted in when.items():
        if condition == "tags":
            words += [f"tag {key}: {', '.join(values)}" for key, values in wanted.items()]
        elif isinstance(wanted, bool):
            words += [f"{condition}: true"] if wanted else []
        elif isinstance(wanted, str):
            words.append(f'{condition}: "{wanted}"')
        elif wanted:
            words.append(f"{condition}: {', '.join(wanted)}")
    return "; ".join(words)


def failed_conditions(
    rule: Mapping[str, Any], line: Mapping[str, Any], day: str, matches: Callable[[str, str | None], bool]
) -> list[str]:
    """Return which conditions of a rule a line does not meet, in words; empty where it meets all that can be judged.

    `line` is a row of focus_costs; `matches` tells whether a regular expression finds anything in a text, as the engine
    of the build does. What needs other lines (`linked`), or parts of a resource's name, is left to the build.
    """
    when = rule["when"]
    failed = (
        []
        if _holds(rule, day)
        else [f"holds from {rule.get('valid_from') or 'ever'} to {rule.get('valid_to') or 'ever'}"]
    )
    for condition, columns in {
        "sources": ("x_source",),
        "accounts": ("sub_account_id",),
        "billing_accounts": ("billing_account_id",),
        "services": ("x_service_code", "service_name"),
        "charge_categories": ("charge_category",),
        "line_item_types": ("x_line_item_type",),
        "commitment_status": ("commitment_discount_status",),
    }.items():
        if when.get(condition) and not _is_one_of(when[condition], [line[column] for column in columns]):
            failed.append(f"{condition} {', '.join(when[condition])}: it is {_shown(line[columns[0]])}")
    for condition, columns in {
        "usage_type": ("x_usage_type",),
        "operation": ("x_operation",),
        "resource": ("resource_id", "resource_name"),
    }.items():
        if when.get(condition) and not any(matches(when[condition], line[column]) for column in columns):
            failed.append(f"{condition} /{when[condition]}/: it is {_shown(line[columns[0]])}")
    tags: Mapping[str, str] = line["tags"] or {}
    for key, values in when.get("tags", {}).items():
        held = next(
            (tags[each] for each in match_tag_keys({key: [key]}, tags)[key] if canonical_value(tags[each] or "")), None
        )
        if held is None or canonical_value(held) not in {canonical_value(each) for each in values}:
            failed.append(f"tag {key} {', '.join(values)}: it is {_shown(held)}")
    for condition, key in KUBERNETES_KEYS.items():
        if when.get(condition) and (held := tags.get(key)) and not _is_one_of(when[condition], [held]):
            failed.append(f"{condition} {', '.join(when[condition])}: it is {held}")
    return failed


def _holds(row: Mapping[str, Any], day: str) -> bool:
    return (row.get("valid_from") or "") <= day <= (row.get("valid_to") or "9999-12-31")


def _is_one_of(wanted: Sequence[str], values: Sequence[str | None]) -> bool:
    return bool({each.lower() for each in wanted} & {each.lower() for each in values if each})


def _shown(value: str | None) -> str:
    return value or "empty"
