"""Explain one published cost: the charge, its tags, the rule, the splits, the close; from published tables alone."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlspend.adapters.home import Home
from mlspend.adapters.warehouse_query import Row, query_file
from mlspend.core.errors import LineUnknown, NothingPublished
from mlspend.core.explaining import TagSeen, describe_line_type, failed_conditions, read_tags

_RULES_TOLD = 5
_FOUND = """
    select * from marts.allocated_costs
    where starts_with(x_line_id, ?)
    qualify dense_rank() over (order by x_line_id) <= 5
    order by x_line_id
"""
_LINE = "select * from marts.focus_costs where x_source = ? and billing_period = ? and x_line_id = ?"
_VERSION = """
    select one.rules as version, versions.rules, publications.build_id
    from ops.publications as publications
    cross join unnest(publications.partitions) as partitions (one)
    left join ops.rule_versions as versions on versions.version = one.rules
    where publications.is_current and one.x_source = ? and one.billing_period = ?
"""
_CLOSING = "select closed_at, closed_by, note from marts.closed_periods where x_source = ? and billing_period = ?"
# The money that a share is a part of, and its other parts: split day by day, account by account, service by service.
_SPLIT = """
    select
        project, is_shared_cost, allocated_method_details is null as is_negating,
        sum(billed_cost) as billed_cost, sum(effective_cost) as effective_cost
    from marts.{table}
    where x_source = ? and billing_period = ? and charge_date = ? and x_allocated_from = ?
        and billing_account_id = ? and sub_account_id is not distinct from ?
        and service_name is not distinct from ? and billing_currency = ?
    group by all
    order by is_negating desc, abs(sum(effective_cost)) desc, project
"""


@dataclass(frozen=True)
class Explanation:
    """Everything known of one cost. `line` is None for a share; `untried` are (rule id, failed conditions)."""

    cost: Row
    line: Row | None
    line_type: str
    tags: list[TagSeen]
    rule: dict[str, Any] | None
    missed_rules: list[tuple[str, list[str]]]
    split: list[Row]
    split_details: dict[str, Any] | None
    rules_version: str
    build_id: str
    closing: Row | None


def explain(home: Home, line: str) -> Explanation:
    """Explain the published cost whose x_line_id is `line` or begins with it, a charge or a share.

    Raises LineUnknown where none does, or several do.
    """
    file = home.published_warehouse
    if not file.exists():
        raise NothingPublished(f"nothing is published at {file} yet: run `mlspend run` first")
    cost = _find(file, line)
    place = [cost["x_source"], cost["billing_period"]]
    lines = query_file(file, _LINE, [*place, cost["x_line_id"]])
    charge = lines[0] if lines and cost["allocated_method_id"] is None else None
    (version,) = query_file(file, _VERSION, place) or [{"version": "", "rules": None, "build_id": ""}]
    rules = json.loads(version["rules"]) if version["rules"] else None
    closing = query_file(file, _CLOSING, place)
    day = f"{cost['charge_date']:%Y-%m-%d}"
    tags, missed = [], []
    if charge and rules:
        tags = read_tags(rules, charge["tags"] or {}, charge["x_cost_categories"] or {}, day)
        missed = _missed_rules(file, rules, cost, charge, day)
    known = {rule["id"]: rule for rule in (rules or {}).get("rules", [])}
    details = cost["allocated_method_details"]
    return Explanation(
        cost=cost,
        line=charge,
        line_type=describe_line_type(charge["x_line_item_type"] if charge else None, cost["charge_category"]),
        tags=tags,
        rule=known.get(cost["x_matched_rule_id"]),
        missed_rules=missed,
        split=_read_split(file, cost),
        split_details=json.loads(details) if details else None,
        rules_version=version["version"],
        build_id=version["build_id"],
        closing=closing[0] if closing else None,
    )


def _find(file: Path, line: str) -> Row:
    if not line.strip():
        raise LineUnknown("write the x_line_id of a charge, or its beginning: marts.allocated_costs holds them")
    found = query_file(file, _FOUND, [line.strip().lower()])
    if not found:
        raise LineUnknown(
            f"no published cost has an x_line_id that begins with {line!r}: look it up in marts.allocated_costs, for"
            " example with `mlspend sql`; lines that are too old are kept as sums only"
        )
    if len({row["x_line_id"] for row in found}) > 1:
        ids = ", ".join(sorted({row["x_line_id"] for row in found}))
        raise LineUnknown(f"several costs have an id that begins with {line!r}: write more of it; for example {ids}")
    return found[0]


def _missed_rules(file: Path, rules: dict[str, Any], cost: Row, line: Row, day: str) -> list[tuple[str, list[str]]]:
    """Return the first rules before the one that matched, each with what the line did not meet."""

    def matches(pattern: str, text: str | None) -> bool:
        return bool(query_file(file, "select regexp_matches(?, ?) as found", [text or "", pattern])[0]["found"])

    missed: list[tuple[str, list[str]]] = []
    if cost["x_attributed_by"] == "tag":
        return missed
    for rule in rules.get("rules", []):
        if rule["id"] == cost["x_matched_rule_id"] or len(missed) == _RULES_TOLD:
            break
        missed.append((rule["id"], failed_conditions(rule, line, day, matches)))
    return missed


def _read_split(file: Path, cost: Row) -> list[Row]:
    """Return how the shared cost or node that this cost is filed under, or is a share of, was split that day."""
    if cost["allocated_method_id"] == "split_cost":
        table, split_from = "container_costs_split", cost["x_allocated_from"]
    elif cost["allocated_method_id"] or cost["is_shared_cost"]:
        table, split_from = "shared_costs_split", cost["x_allocated_from"] or cost["project"]
    else:
        table, split_from = "container_costs_split", cost["resource_id"]
    if split_from is None:
        return []
    names = ("x_source", "billing_period", "charge_date")
    grain = ("billing_account_id", "sub_account_id", "service_name", "billing_currency")
    parameters = [*(cost[name] for name in names), split_from, *(cost[name] for name in grain)]
    return query_file(file, _SPLIT.format(table=table), parameters)
