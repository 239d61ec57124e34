"""Why an owner was found or not, from the rules as they are stored."""

import re
from typing import Any

import pytest

from mlspend.core.explaining import failed_conditions, read_tags

RULES: dict[str, Any] = {
    "tag_keys": {"project": ["project", "cost_category/ML Project"], "team": ["team"]},
    "tag_values": {"project": {"recommender": "recommender"}, "team": {}},
    "dated_values": {
        "project": [{"value": "rec-sys", "name": "recommender", "valid_from": None, "valid_to": "2026-10-15"}]
    },
}
LINE: dict[str, Any] = {
    "x_source": "aws",
    "sub_account_id": "42",
    "billing_account_id": "11",
    "x_service_code": "AmazonEC2",
    "service_name": "Amazon Elastic Compute Cloud",
    "charge_category": "Usage",
    "x_line_item_type": "Usage",
    "commitment_discount_status": None,
    "x_usage_type": "BoxUsage:g5.xlarge",
    "x_operation": None,
    "resource_id": "i-1",
    "resource_name": None,
    "tags": {"user_App": "Chat Bot"},
}


@pytest.mark.parametrize(("day", "name"), [("2026-10-15", "recommender"), ("2026-10-16", None)])
def test_an_alias_counts_on_its_days(day: str, name: str | None) -> None:
    project, team = read_tags(RULES, {"user_project": " ", "project": "Rec_Sys", "user_team": "Ops"}, {}, day)
    assert (project.decided_by, project.value, project.stands_for) == ("project", "Rec_Sys", name)
    assert project.valid_to == ("2026-10-15" if name else None)
    # Nobody listed teams: the value is the name.
    assert (team.decided_by, team.stands_for) == ("user_team", "ops")


def test_what_is_nothing_but_separators_is_no_value_and_what_nobody_owns_no_name() -> None:
    tags = {"user_project": "--", "project": "Rec_Sys", "user_team": "Shared"}
    project, team = read_tags(RULES, tags, {}, "2026-10-15")
    assert (project.decided_by, project.stands_for) == ("project", "recommender")
    assert (team.value, team.stands_for) == ("Shared", None)


def test_a_cost_category_decides_where_no_tag_has_a_value() -> None:
    project, team = read_tags(RULES, {"project": ""}, {"ml_project": "recommender"}, "2026-10-01")
    assert (project.decided_by, project.stands_for) == ("cost_category/ML Project", "recommender")
    assert (team.decided_by, team.asked) == (None, ())


@pytest.mark.parametrize(
    ("rule", "failed"),
    [
        ({"when": {"services": ["amazonec2"], "accounts": ["42"], "usage_type": "^BoxUsage"}}, []),
        ({"when": {"accounts": ["41", "43"]}}, ["accounts 41, 43: it is 42"]),
        ({"when": {"operation": "Nat", "tags": {"app": ["chat-bot"]}}}, ["operation /Nat/: it is empty"]),
        ({"when": {"tags": {"app": ["search"]}}}, ["tag app search: it is Chat Bot"]),
        ({"when": {"accounts": ["42"]}, "valid_from": "2026-11-01"}, ["holds from 2026-11-01 to ever"]),
    ],
)
def test_what_a_line_does_not_meet_of_a_rule_is_named(rule: dict[str, Any], failed: list[str]) -> None:
    def matches(pattern: str, text: str | None) -> bool:
        return bool(re.search(pattern, text or ""))

    assert failed_conditions(rule, LINE, "2026-10-01", matches) == failed
