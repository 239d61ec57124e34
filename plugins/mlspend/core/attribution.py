"""How tags name an owner: which delivered keys carry a dimension, which values are one, what holds on which days."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

# AWS writes user-defined tags as user:Team (legacy CSV) and user_team (CUR 2.0); its own as aws:createdBy.
_USER_PREFIX = re.compile(r"^user[:_]")
# RE2, DuckDB's engine, takes \s for ASCII blanks without the vertical tab: these are named one by one.
_SEPARATORS = re.compile(r"[\t\n\v\f\r \u00a0_\-./:]+")
# Other scripts stay as they are, with the marks above and below their letters: keys that differ in them are two.
_PUNCTUATION = re.compile(r"[^a-z0-9\u0080-\U0010ffff]+")

# A cost category is asked like a tag: cost_category/<its name>. It stands in a map of its own, under that very name.
COST_CATEGORY = "cost_category/"

# What is written where nobody owns a charge, or everybody does: no tag can name an owner so.
UNOWNED = ("unattributed", "unknown", "shared")

# The conditions of rules that ask what AWS's split cost allocation writes as a tag.
# https://docs.aws.amazon.com/cur/latest/userguide/split-cost-allocation-data.html
KUBERNETES_KEYS = {"namespace": "aws:eks:namespace", "cluster": "aws:eks:cluster-name"}

# Who made a resource, as AWS tags it: legacy exports and CUR 2.0 spell the key in two ways.
CREATOR_KEYS = ("aws:createdBy", "aws_created_by")


def canonical_value(value: str) -> str:
    """Return a tag's value without case, outer separators and the choice of separators; the macro does the same.

    >>> canonical_value(" ML_Platform "), canonical_value("team: Risk / EU"), canonical_value("--")
    ('ml-platform', 'team-risk-eu', '')
    """
    # One character at a time, as DuckDB folds case: İ is the one that Python makes two of.
    folded = "".join(character.lower()[0] for character in value)
    return _SEPARATORS.sub("-", folded).strip("-")


def fold_key(key: str) -> str:
    """Return a tag key without case and ASCII punctuation; empty where it holds nothing else.

    >>> fold_key("ML-Project"), fold_key("user:ml_project"), fold_key("aws:createdBy"), fold_key("-")
    ('ml_project', 'user_ml_project', 'aws_createdby', '')
    """
    return _PUNCTUATION.sub("_", key.strip().lower()).strip("_")


def match_tag_keys(configured: Mapping[str, Sequence[str]], delivered: Iterable[str]) -> dict[str, list[str]]:
    """Return, per dimension, the delivered tag keys that carry it, in the order in which they are to be asked.

    `configured` maps dimensions to keys, most trusted first. Of delivered keys that mean the same configured key the
    one spelt like it is asked first, then the others in the order of their spelling. AWS's prefix for user-defined tags
    counts as part of a delivered key only where a key is configured with it. Cost categories are asked as configured.

    >>> match_tag_keys({"project": ["project", "proj"]}, ["user_proj", "user_Project", "user:project", "name"])
    {'project': ['user:project', 'user_Project', 'user_proj']}
    >>> match_tag_keys({"team": ["accountTag/team", "cost_category/Team"]}, ["user_team", "accountTag/Team"])
    {'team': ['accountTag/Team', 'cost_category/Team']}
    >>> match_tag_keys({"team": ["group"], "project": ["user_group"]}, ["group", "user_user_group"])
    {'team': ['group'], 'project': ['user_user_group']}
    """
    spellings: dict[str, list[str]] = {}
    for key in sorted(set(delivered), key=lambda key: (key.lower(), key)):
        for folded in dict.fromkeys((fold_key(_without_prefix(key)), fold_key(key))):
            spellings.setdefault(folded, []).append(key)
    return {
        dimension: list(dict.fromkeys(key for wanted in keys for key in _best_first(wanted, spellings)))
        for dimension, keys in configured.items()
    }


def keys_of_rules(rules: Sequence[Mapping[str, Any]]) -> dict[str, list[str]]:
    """Return the tag keys that rules ask for, each as the one way to write itself: what `match_tag_keys` takes.

    >>> keys_of_rules([{"when": {"namespace": ["ml"], "tags": {"app": ["x"]}}}])
    {'app': ['app'], 'aws:eks:namespace': ['aws:eks:namespace']}
    """
    asked = [key for rule in rules for key in rule["when"].get("tags", {})]
    asked += [key for condition, key in KUBERNETES_KEYS.items() if any(condition in rule["when"] for rule in rules)]
    return {key: [key] for key in asked}


def _best_first(wanted: str, spellings: Mapping[str, Sequence[str]]) -> list[str]:
    if wanted.startswith(COST_CATEGORY):
        return [wanted]
    delivered = spellings.get(fold_key(wanted), ())
    return sorted(delivered, key=lambda key: wanted not in (key, _without_prefix(key)))


def _without_prefix(key: str) -> str:
    return _USER_PREFIX.sub("", key)


def within(
    valid_from: date | None, valid_to: date | None, first: date | None, last: date | None
) -> tuple[date | None, date | None] | None:
    """Return from when to when what is valid on these days holds within others, all ends included; None: never.

    An end is empty where it lies outside: what holds throughout holds from None to None, whatever its own ends.

    >>> within(date(2026, 1, 1), date(2026, 10, 15), date(2026, 10, 1), date(2026, 10, 31))
    (None, datetime.date(2026, 10, 15))
    >>> within(None, date(2026, 9, 30), date(2026, 10, 1), date(2026, 10, 31)) is None
    True
    """
    begins = valid_from if valid_from and (first is None or valid_from > first) else None
    ends = valid_to if valid_to and (last is None or valid_to < last) else None
    if (begins and last and begins > last) or (ends and first and ends < first):
        return None
    return begins, ends


def turning_days(validities: Iterable[tuple[date | None, date | None]]) -> list[date]:
    """Return the days on which something begins to hold or holds no more, in order; between two nothing changes.

    The last day there is, 9999-12-31, ends nothing.

    >>> turning_days([(None, date(2026, 10, 15)), (date(2026, 10, 16), None)])
    [datetime.date(2026, 10, 16)]
    """
    days: set[date] = set()
    for begins, ends in validities:
        if begins:
            days.add(begins)
        if ends and ends < date.max:
            days.add(ends + timedelta(days=1))
    return sorted(days)
