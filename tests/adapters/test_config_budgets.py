"""Budgets in mlspend.yml: what is refused, with line and way out, and what a build is told of them."""

from pathlib import Path

import pytest

from mlspend.adapters import config
from mlspend.adapters.config_budgets import budget_rows

BEFORE = """\
company: Small
sources:
  - {name: aws, provider: aws, location: exports/aws}
projects:
  - {name: recommender, team: discovery}
  - name: platform
    teams:
      - {team: discovery, valid_to: 2026-03-31}
      - {team: core, valid_from: 2026-04-01}
teams:
  - {name: discovery}
  - {name: core}
budgets:
"""
FIRST = BEFORE.count("\n") + 1
WITHOUT_LISTS = "company: Small\nsources:\n  - {name: aws, provider: aws, location: exports/aws}\nbudgets:\n"


def check(tmp_path: Path, *budgets: str, before: str = BEFORE) -> list[tuple[int, str, str]]:
    file = tmp_path / "mlspend.yml"
    file.write_text(before + "".join(f"  - {{{each}}}\n" for each in budgets))
    first = before.count("\n") + 1
    return [
        (problem.line - first, problem.key.removeprefix("budgets"), problem.message) for problem in config.check(file)
    ]


MINE = "project: recommender, amount: 100, currency: USD"


@pytest.mark.parametrize(
    ("budgets", "at", "key", "words"),
    [
        (["name: a, amount: 100, currency: USD"], 0, "[0]", "one of `project`, `team` and `company: true`"),
        (["name: a, company: false, amount: 1, currency: USD"], 0, "[0]", "one of `project`, `team`"),
        ([f"name: a, team: core, {MINE}"], 0, "[0]", "one of `project`, `team` and `company: true`"),
        (["name: a, project: recomender, amount: 1, currency: USD"], 0, "[0].project", "did you mean recommender?"),
        (["name: a, team: data, amount: 1, currency: USD"], 0, "[0].team", "the teams are: discovery, core"),
        (["name: a, company: true, amount: 0, currency: USD"], 0, "[0].amount", "is 0, which cannot be right"),
        (["name: a, company: true, amount: -1.5, currency: USD"], 0, "[0].amount", "a number above 0"),
        (['name: a, company: true, amount: "1", currency: USD'], 0, "[0].amount", "which cannot be right"),
        (["name: a, company: true, amount: true, currency: USD"], 0, "[0].amount", "which cannot be right"),
        (["name: a, company: true, currency: USD"], 0, "[0].amount", "is missing"),
        (["name: a, company: true, amount: 1"], 0, "[0].currency", "is missing"),
        (["name: a, company: true, amount: 1, currency: usd"], 0, "[0].currency", "three capital letters"),
        ([f"name: a, {MINE}, valid_from: 2026-13"], 0, "[0].valid_from", "the first month, as YYYY-MM"),
        ([f"name: a, {MINE}, valid_from: 2026-04, valid_to: 2026-03"], 0, "[0].valid_to", "before valid_from 2026-04"),
        ([f"name: a, {MINE}, warn_at: [0]"], 0, "[0].warn_at[0]", "is 0, which cannot be right; write percentages"),
        ([f"name: a, {MINE}, warn_at: 80"], 0, "[0].warn_at", "is not a list"),
        ([f"name: a, {MINE}, owner: me"], 0, "[0].owner", "is not a key mlspend knows"),
        (
            [f"name: a, {MINE}", f"name: b, {MINE}"],
            1,
            "[1]",
            "is for the same as budgets[0], in the same months (for ever)",
        ),
        (
            [f"name: a, {MINE}, valid_to: 2026-06", f"name: a, {MINE}, valid_from: 2026-06"],
            1,
            "[1]",
            "in the same months (to 2026-06); let one end before the other begins",
        ),
        (
            [f"name: a, {MINE}", "name: A, company: true, amount: 1, currency: USD"],
            1,
            "[1].name",
            "is 'A', like budgets[0], which is for something else",
        ),
        (
            [f"name: a, {MINE}", "name: a, project: recommender, amount: 1, currency: EUR"],
            1,
            "[1].currency",
            "is EUR, and budgets[0] of the same name is in USD",
        ),
    ],
)
def test_what_cannot_be_a_budget_is_refused(tmp_path: Path, budgets: list[str], at: int, key: str, words: str) -> None:
    ((line, found, message),) = check(tmp_path, *budgets)
    assert (line, found) == (at, key)
    assert words in message


@pytest.mark.parametrize(
    "budgets",
    [
        ["name: a, project: unattributed, amount: 1, currency: USD"],
        [f"name: a, {MINE}, valid_to: 2026-05", f"name: a, {MINE}, valid_from: 2026-06"],
        [f"name: a, {MINE}", "name: b, project: recommender, amount: 1, currency: EUR"],
        [f"name: a, {MINE}", "name: b, team: discovery, amount: 1, currency: USD"],
    ],
)
def test_what_can_stand_side_by_side(tmp_path: Path, budgets: list[str]) -> None:
    assert check(tmp_path, *budgets) == []


def test_where_nobody_lists_projects_a_budget_names_what_tags_say(tmp_path: Path) -> None:
    assert check(tmp_path, "name: a, project: my-model, amount: 1, currency: USD", before=WITHOUT_LISTS) == []
    ((_, key, message),) = check(tmp_path, "name: a, project: My_Model, amount: 1, currency: USD", before=WITHOUT_LISTS)
    assert key == "[0].project"
    assert "write 'my-model', or list the projects" in message


def test_a_build_is_told_amounts_to_the_last_digit_and_who_answers(tmp_path: Path) -> None:
    budgets = (
        "name: p, project: platform, amount: 1234567890.000000000001, currency: USD, warn_at: [100, 62.5]",
        "name: t, team: core, amount: 10, currency: EUR, valid_from: 2026-02, valid_to: 2026-03",
        "name: c, company: true, amount: 3.10, currency: USD",
    )
    assert check(tmp_path, *budgets) == []
    rows = budget_rows(config.load(tmp_path / "mlspend.yml"))
    assert [tuple(row.values()) for row in rows] == [
        ("p", "project", "platform", "core", "1234567890.000000000001", "USD", None, None, [62.5, 100.0]),
        ("t", "team", "core", "core", "10", "EUR", "2026-02", "2026-03", []),
        ("c", "company", "", None, "3.10", "USD", None, None, []),
    ]
