"""Shared costs in mlspend.yml: what is refused, with line and way out, and what a build is told of them."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from mlspend.adapters import config

BEFORE = """\
company: Small
sources:
  - {name: aws, provider: aws, location: exports/aws}
projects:
  - {name: recommender, team: discovery}
  - {name: platform, team: discovery}
teams:
  - {name: discovery}
shared_costs:
"""
FIRST = BEFORE.count("\n") + 1


def check(tmp_path: Path, *shared_costs: str) -> list[tuple[int, str, str]]:
    """Check these shared costs, each of them filled by a rule."""
    file = tmp_path / "mlspend.yml"
    names = dict.fromkeys(each.removeprefix("name: ").partition(",")[0] for each in shared_costs)
    filled = "".join(
        f'  - {{id: rule-{at}, when: {{accounts: ["{at}"]}}, shared: {name}}}\n' for at, name in enumerate(names)
    )
    file.write_text(BEFORE + "".join(f"  - {{{each}}}\n" for each in shared_costs) + "rules:\n" + filled)
    return [(problem.line - FIRST, problem.key, problem.message) for problem in config.check(file)]


@pytest.mark.parametrize(
    ("shared_costs", "at", "key", "words"),
    [
        (["name: net, split: even, among: [net]"], 0, "among[0]", "is 'net' itself"),
        (["name: net, split: even, among: [Unattributed]"], 0, "among[0]", "which gets no share"),
        (
            ['name: net, split: usage, usage: {unit: GB, usage_type: "^(?!Data)Box"}'],
            0,
            "usage.usage_type",
            "no regular expression that RE2 knows",
        ),
        (
            ["name: net, split: spend", "name: control, split: fixed, keys: {net: 0.5, platform: 0.5}"],
            1,
            "keys.net",
            "is split before 'control' and would never be split again: that is a cycle, or the wrong order",
        ),
        (["name: net, split: even, among: [recomender]"], 0, "among[0]", "did you mean recommender?"),
        (
            ["name: net, split: even, among: [contrl]", "name: control, split: even"],
            0,
            "among[0]",
            "did you mean control?",
        ),
        (["name: net, split: even, among: [xyz]"], 0, "among[0]", "known here: recommender, platform"),
        (["name: net, split: even, among: [platform, platform]"], 0, "among[1]", "for the second time"),
        (["name: net, split: fixed, keys: {platform: 0.6, recommender: 0.3}"], 0, "keys", "add up to 0.9; they must"),
        (
            ["name: net, split: fixed, keys: {platform: 0.333333, recommender: 0.666666}"],
            0,
            "keys",
            "add up to 0.999999;",
        ),
        (
            ["name: net, split: fixed, keys: {platform: 0.3333333, recommender: 0.6666667}"],
            0,
            "keys.platform",
            "is 0.3333333; write six digits",
        ),
        (["name: net, split: fixed, keys: {platform: 2, recommender: -1}"], 0, "keys.recommender", "write a part of 1"),
        (["name: net, split: fixed"], 0, "split", "add `keys:"),
        (["name: net, split: fixed, keys: {platform: 1}, among: [platform]"], 0, "among", "remove it"),
        (["name: net, split: even, keys: {platform: 1}"], 0, "keys", "are only for `split: fixed`"),
        (["name: net, split: usage"], 0, "split", "add `usage:"),
        (["name: net, split: spend, usage: {unit: GB}"], 0, "usage", "is only for `split: usage`"),
        (["name: net, split: usage, usage: {services: [S3]}"], 0, "usage.unit", "is missing; write the consumed_unit"),
        (
            ['name: net, split: usage, usage: {unit: GB, usage_type: "("}'],
            0,
            "usage.usage_type",
            "no regular expression that RE2 knows",
        ),
        (["name: net, split: thirds"], 0, "split", "write one of even, fixed, spend, usage"),
        (["name: Platform, split: even"], 0, "name", "the name of a project"),
        (["name: unattributed, split: even"], 0, "name", "the name for what has no owner"),
        (
            ["name: net, split: even", "name: net, split: spend, valid_from: 2026-02-01"],
            1,
            "name",
            "that holds for ever; give",
        ),
        (
            [
                "name: net, split: even, valid_to: 2026-02-01",
                "name: net, split: spend, valid_from: 2026-02-01",
            ],
            1,
            "name",
            "that holds to 2026-02-01; give each its own name, or dates that do not overlap",
        ),
        (
            ["name: net, split: even, valid_from: 2026-02-01, valid_to: 2026-01-31"],
            0,
            "valid_to",
            "before valid_from 2026-02-01",
        ),
    ],
)
def test_a_split_that_cannot_be_made_is_refused_with_line_and_way_out(
    tmp_path: Path, shared_costs: list[str], at: int, key: str, words: str
) -> None:
    found = [message for line, where, message in check(tmp_path, *shared_costs) if (line, where) == (at, _key(at, key))]
    assert len(found) == 1
    assert words in found[0]


def _key(at: int, key: str) -> str:
    return f"shared_costs[{at}].{key}"


def test_an_even_split_needs_somebody_to_receive(tmp_path: Path) -> None:
    file = tmp_path / "mlspend.yml"
    text = "company: Small\nsources: []\nshared_costs:\n  - {name: net, split: even}\n"
    text += "rules: [{id: net, when: {services: [AmazonVPC]}, shared: net}]\n"
    file.write_text(text)
    assert [(problem.line, problem.key) for problem in config.check(file)] == [(4, "shared_costs[0].split")]
    # Where no projects are listed the tag's own value is the project, so any name may turn up.
    file.write_text(text.replace("split: even", "split: even, among: [anybody]"))
    assert config.check(file) == []


def test_a_shared_cost_is_filled_by_a_rule_or_by_an_earlier_one(tmp_path: Path) -> None:
    file = tmp_path / "mlspend.yml"
    rule = "rules: [{id: net, when: {services: [AmazonVPC]}, shared: net}]\n"
    file.write_text(
        BEFORE + "  - {name: net, split: even, among: [control]}\n  - {name: control, split: even}\n"
        "  - {name: idle, split: even}\n" + rule.replace("shared: net", "shared: nets")
    )
    assert [(each.line - FIRST, each.key, each.message.partition(";")[0]) for each in config.check(file)] == [
        (0, "shared_costs[0].name", "is 'net', which no rule and no other shared cost gives anything"),
        (2, "shared_costs[2].name", "is 'idle', which no rule and no other shared cost gives anything"),
        (3, "rules[0].shared", "is 'nets', which is no shared cost here"),
    ]


def test_what_shares_bear_is_no_name_of_an_environment_or_stage(tmp_path: Path) -> None:
    file = tmp_path / "mlspend.yml"
    file.write_text("company: Small\nsources: []\nenvironments: {Shared: []}\nml_stages: {shared: [x]}\n")
    assert [(problem.line, problem.key) for problem in config.check(file)] == [
        (3, "environments.Shared"),
        (4, "ml_stages.shared"),
    ]
    file.write_text("company: Small\nsources: []\nenvironments: {prod: [shared]}\n")
    assert config.check(file) == []


def in_force(file: Path, *days: date) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = config.load(file).attribution(*days)["shared_costs"]
    return found


def test_a_build_is_told_recipients_and_weights_of_what_is_in_force(tmp_path: Path) -> None:
    right = [
        "name: support, split: fixed, keys: {recommender: 0.333333, net: 0.666667}, valid_to: 2026-09-30",
        "name: support, split: spend, valid_from: 2026-10-01",
        "name: net, split: even",
        "name: traffic, split: usage, among: [platform], usage: {unit: GB, services: [S3]}",
    ]
    assert check(tmp_path, *right) == []
    file = tmp_path / "mlspend.yml"
    october = in_force(file, date(2026, 10, 1), date(2026, 10, 31))
    assert [(each["name"], each["split"]) for each in october] == [
        ("support", "spend"),
        ("net", "even"),
        ("traffic", "usage"),
    ]
    assert [each["recipients"] for each in october] == [
        None,
        [
            {"name": "recommender", "is_shared_cost": False, "weight": 1000000},
            {"name": "platform", "is_shared_cost": False, "weight": 1000000},
        ],
        [{"name": "platform", "is_shared_cost": False, "weight": None}],
    ]
    assert [each["step"] for each in october] == [1, 1, 1]
    [support, *_] = in_force(file, date(2026, 9, 30), date(2026, 9, 30))
    assert (support["valid_from"], support["valid_to"]) == (None, None), "throughout these days"
    assert support["recipients"] == [
        {"name": "recommender", "is_shared_cost": False, "weight": 333333},
        {"name": "net", "is_shared_cost": True, "weight": 666667},
    ]
    both = in_force(file, date(2026, 9, 30), date(2026, 10, 1))
    assert [each["valid_to"] for each in both] == ["2026-09-30", None, None, None]
    assert [(each["name"], each["step"]) for each in both] == [
        ("support", 1),
        ("support", 1),
        ("net", 2),
        ("traffic", 1),
    ]


def test_a_split_from_next_month_on_attributes_this_month_as_before(tmp_path: Path) -> None:
    assert check(tmp_path, "name: net, split: even") == []
    month = (date(2026, 10, 1), date(2026, 10, 31))
    before = in_force(tmp_path / "mlspend.yml", *month)
    later = ["name: later, split: fixed, keys: {net: 1}, valid_from: 2026-11-01", "name: net, split: even"]
    assert check(tmp_path, *later) == []
    assert in_force(tmp_path / "mlspend.yml", *month) == before
