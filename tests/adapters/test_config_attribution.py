"""What is wrong with aliases, ownership and rules is answered with its line and a way out; what is in force when."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from mlspend.adapters import config, duckdb_files
from mlspend.adapters.config_model import Config
from mlspend.adapters.home import Home

HEAD = """\
company: Small
sources:
  - {name: aws, provider: aws, location: exports}
teams: [{name: ta}, {name: tb}]
projects:
  - {name: apple, team: ta, aliases: [a-1]}
  - {name: berry, team: tb}
"""
RULE = "  - {id: one, when: {services: [S, T], usage_type: Nat}, project: apple}\n"


def problems(tmp_path: Path, text: str) -> list[tuple[int, str, str]]:
    path = tmp_path / "mlspend.yml"
    path.write_text(text)
    return [(one.line, one.key, one.message) for one in config.check(path)]


@pytest.mark.parametrize(
    ("rules", "line", "key", "words"),
    [
        # Rules against one another; the first of the list stands on line 9.
        (
            RULE + "  - {id: two, when: {usage_type: Nat, services: [t, s]}, shared: net}",
            10,
            "rules[1].when",
            "is that of rule 'one', which holds for ever: only the first would count; keep one, or part the days",
        ),
        (
            RULE + "  - {id: two, when: {services: [S], usage_type: Nat, operation: Run}, shared: net}",
            10,
            "rules[1].when",
            "matches nothing that rule 'one' before it does not match; put this rule first, or remove it",
        ),
        (RULE + RULE.replace("Nat", "Out"), 10, "rules[1].id", "is 'one', like a rule that holds for ever"),
        # Names.
        (RULE.replace("apple", "appel"), 9, "rules[0].project", "which is no project here; did you mean apple?"),
        (RULE.replace("apple", "unattributed"), 9, "rules[0].project", "the name for what has no owner"),
        (RULE.replace("project: apple", "shared: Berry"), 9, "rules[0].shared", "the name of a project"),
        (RULE.replace("apple", "apple, team: tc"), 9, "rules[0].team", "which is no team here; the teams are: ta, tb"),
        (RULE.replace("apple", "apple, ml_stage: trainin"), 9, "rules[0].ml_stage", "did you mean training?"),
        (RULE.replace("apple", "apple, environment: x"), 9, "rules[0].environment", "the environments are: prod"),
        (RULE.replace("apple", "apple, shared: net"), 9, "rules[0].shared", "stands beside `project`; keep one"),
        (RULE.replace("services: [S, T]", "sources: [awz]"), 9, "rules[0].when.sources[0]", "did you mean aws?"),
        (RULE.replace(", project: apple", ""), 9, "rules[0]", "names nothing; write project, shared, team"),
        ("  - {id: one, when: {}, project: apple}", 9, "rules[0].when", "would match everything; write one"),
        ("  - {id: one, when: {linked: true}}", 9, "rules[0].when.linked", "`resource_links` names no file; write one"),
        (
            "  - {id: one, when: {linked: true}, project: apple}\nresource_links: none.csv",
            9,
            "rules[0].project",
            "takes the project of what is linked; remove one",
        ),
        ("  - {id: one, when: {linked: true}}\nresource_links: none.csv", 10, "resource_links", "cannot be read"),
        # Days.
        (
            RULE.replace("apple", "apple, valid_from: 2026-02-01, valid_to: 2026-01-31"),
            9,
            "rules[0].valid_to",
            "is 2026-01-31, before valid_from 2026-02-01; both are included",
        ),
        (RULE.replace("apple", "apple, valid_to: soon"), 9, "rules[0].valid_to", "write the last day it holds, for"),
        # Regular expressions.
        (
            RULE.replace("Nat", "'(open'"),
            9,
            "rules[0].when.usage_type",
            "no regular expression that RE2 knows (missing",
        ),
        (RULE.replace("Nat", "'a(?=b)'"), 9, "rules[0].when.usage_type", "neither lookaround nor back references"),
        (RULE.replace("Nat", r"'(a)\1'"), 9, "rules[0].when.usage_type", "neither lookaround nor back references"),
        (RULE.replace("Nat", "'a{1001}'"), 9, "rules[0].when.usage_type", "repeats at most 1000 times"),
        (RULE.replace("Nat", "'((a{100}){100}){100}'"), 9, "rules[0].when.usage_type", "RE2 knows"),
        (RULE.replace("Nat", "a" * 1001), 9, "rules[0].when.usage_type", "is longer than 1000 characters"),
        # What no charge is, and what asks for nothing.
        (RULE.replace("[S, T]", "[]"), 9, "rules[0].when.services", "is empty, so it asks for nothing"),
        (RULE.replace("usage_type: Nat", "tags: {}"), 9, "rules[0].when.tags", "is empty, so it asks for nothing"),
        (RULE.replace("usage_type: Nat", "tags: {app: []}"), 9, "rules[0].when.tags.app", "at least one value"),
        (
            RULE.replace("usage_type: Nat", "tags: {app: [x, '--']}"),
            9,
            "rules[0].when.tags.app[1]",
            "is '--', which no",
        ),
        (
            RULE.replace("usage_type: Nat", "charge_categories: [tax, Taxes]"),
            9,
            "rules[0].when.charge_categories[1]",
            "is 'Taxes'; the charge categories are: Usage, Purchase, Tax, Credit, Adjustment",
        ),
        (
            RULE.replace("usage_type: Nat", "commitment_status: [unused, unusd]"),
            9,
            "rules[0].when.commitment_status[1]",
            "are: Used, Unused",
        ),
        (RULE.replace("usage_type: Nat", "tags: {'-': [x]}"), 9, "rules[0].when.tags.-", "left but punctuation"),
        # What never counts.
        (
            RULE + RULE.replace("one,", "two,").replace("apple", "berry, ml_stage: training"),
            10,
            "rules[1].project",
            "stands behind rule 'one', which holds for ever, matches as much and names one too",
        ),
        (
            RULE
            + RULE.replace("one,", "two,").replace("Nat", "Nat, operation: Run").replace("apple", "berry, team: ta"),
            10,
            "rules[1].project",
            "stands behind rule 'one'",
        ),
        (
            RULE.replace("apple", "apple, over_tags: true") + RULE.replace("one,", "two,"),
            10,
            "rules[1].when",
            "only the first would count",
        ),
        (
            RULE.replace("apple", "apple, team: tb"),
            9,
            "rules[0].team",
            "the team of 'apple' is 'ta', which comes first",
        ),
        (
            "  - {id: one, when: {linked: true}, over_tags: true}\nresource_links: none.csv",
            9,
            "rules[0].over_tags",
            "is asked only of what has no project by its tags",
        ),
        # Days and truths in quotes.
        (
            RULE.replace("apple", "apple, valid_to: '2026-01-31'"),
            9,
            "rules[0].valid_to",
            "write 2026-01-31, without quotes",
        ),
        (RULE.replace("apple", "apple, over_tags: 'true'"), 9, "rules[0].over_tags", "write true, without quotes"),
        # Keys.
        (RULE.replace("usage_type", "usagetype"), 9, "rules[0].when.usagetype", "did you mean usage_type?"),
    ],
)
def test_a_wrong_rule_is_answered_with_its_line_and_a_way_out(
    tmp_path: Path, home: Home, rules: str, line: int, key: str, words: str
) -> None:
    found = problems(tmp_path, f"{HEAD}rules:\n{rules}\n")
    assert [(at, where) for at, where, message in found if words in message] == [(line, key)], found


@pytest.mark.parametrize(
    "rules",
    [
        RULE + "  - {id: two, when: {services: [S, U], usage_type: Nat}, project: berry}",
        RULE + "  - {id: two, when: {services: [S]}, project: berry}",
        RULE + RULE.replace("one,", "two,").replace("apple", "apple, over_tags: true"),
        RULE.replace("apple", "apple, team: ta, valid_to: 9999-12-31"),
        RULE.replace("usage_type: Nat", "charge_categories: [Tax, credit], commitment_status: [Unused]"),
        RULE + "  - {id: two, when: {services: [S], usage_type: Nat}, project: berry, over_tags: true}",
        RULE + "  - {id: two, when: {services: [S], usage_type: Nat}, ml_stage: training}",
        RULE.replace("apple", "apple, valid_to: 2026-01-31") + RULE.replace("apple", "berry, valid_from: 2026-02-01"),
        # Linear in RE2, endless in engines that go back.
        RULE.replace("Nat", "'(a+)+$'"),
    ],
)
def test_rules_that_leave_one_another_something_are_right(tmp_path: Path, home: Home, rules: str) -> None:
    assert problems(tmp_path, f"{HEAD}rules:\n{rules}\n") == []


@pytest.mark.parametrize(
    ("old", "new", "key", "words"),
    [
        ("[a-1]", "[Apple]", "projects[0].aliases[0]", "the project's own name: it would own itself; remove it"),
        (
            "[a-1]",
            "[' apple-', {value: _Apple, valid_from: 2026-02-01}]",
            "projects[0].aliases[1]",
            "the project's own name without its separators; remove the days",
        ),
        ("[a-1]", "[{valu: x}]", "projects[0].aliases[0].valu", "did you mean value?"),
        ("[a-1]", "[BERRY]", "projects[0].aliases[0]", "which already means 'berry'; keep it in one place"),
        ("[a-1]", "['--']", "projects[0].aliases[0]", "nothing is left but separators"),
        ("team: tb}", "team: tb, aliases: [A_1]}", "projects[1].aliases[0]", "which already means 'apple'"),
        (
            "[a-1]",
            "[{value: x, valid_from: 2026-02-01, valid_to: 2026-01-01}]",
            "projects[0].aliases[0].valid_to",
            "is 2026-01-01, before valid_from 2026-02-01",
        ),
        (
            "[a-1]",
            "[{value: x, valid_to: 2026-02-01}, {value: X, valid_from: 2026-02-01}]",
            "projects[0].aliases[1]",
            "stands here to 2026-02-01 too; let one end before the other",
        ),
        (
            "team: tb}",
            "team: tb, aliases: [{value: a-1, valid_from: 2026-02-01}]}",
            "projects[1].aliases[0]",
            "already means 'apple'; keep it in one place, or part the days",
        ),
        ("team: tb}", "teams: [{team: tb}, {team: ta}]}", "projects[1].teams[1]", "two teams would answer"),
        (
            "team: tb}",
            "teams: [{team: tb, valid_to: 2026-02-01}, {team: ta, valid_from: 2026-02-01}]}",
            "projects[1].teams[1]",
            "holds from 2026-02-01, which overlaps with the one that holds to 2026-02-01",
        ),
        ("team: tb}", "teams: [{team: tc}]}", "projects[1].teams[0].team", "which is no team here; the teams are"),
        ("team: tb}", "team: tb, teams: [{team: ta}]}", "projects[1].teams", "stands beside `team`; keep one"),
        ("berry, team: tb}", "berry}", "projects[1].team", "is missing; write the name of one of the teams"),
        ("berry,", "a_1,", "projects[0].aliases[0]", "which already means 'a_1'"),
    ],
)
def test_a_wrong_alias_or_ownership_is_answered_with_a_way_out(
    tmp_path: Path, old: str, new: str, key: str, words: str
) -> None:
    assert old in HEAD
    found = problems(tmp_path, HEAD.replace(old, new))
    assert [where for _, where, message in found if words in message] == [key], found
    assert found[0][0] == (6 if key.startswith("projects[0]") else 7)


@pytest.mark.parametrize(
    ("part", "key", "words"),
    [
        ("teams: [{name: ml-x}, {name: ML_X}]", "teams[1].name", "like another of the teams ('ml-x': separators"),
        ("teams: [{name: Un-Known}, {name: '_unknown'}]", "teams[1].name", "the name for what has no owner"),
        (
            "teams: [{name: t}]\nprojects: [{name: ml-platform, team: t}, {name: ML Platform, team: t}]",
            "projects[1].name",
            "is 'ML Platform', like another of the projects ('ml-platform': separators do not count)",
        ),
        ("teams: [{name: t}]\nprojects: [{name: '--', team: t}]", "projects[0].name", "nothing is left but separators"),
        (
            "teams: [{name: t}]\nprojects: [{name: 'unattributed ', team: t}]",
            "projects[0].name",
            "the name for what has no owner",
        ),
        ("tags: {project: [project, '_']}", "tags.project[1]", "is '_', in which nothing is left but punctuation"),
        ("tags: {project: [project, cost_category/]}", "tags.project[1]", "nothing is left but punctuation"),
        ("tags: {project: [プロジェクト], team: [チーム]}\ntag_policy: {required: [project, team]}", "", ""),
        ("environments: {Unknown: [x]}", "environments.Unknown", "the name for what has no owner"),
        ("ml_stages: {train: [x], Train-: [y]}", "ml_stages.Train-", "like another of the ml_stages ('train'"),
        ("rules: [{id: r, when: {services: [S]}, project: Unattributed}]", "rules[0].project", "has no owner; name a"),
        ("rules: [{id: r, when: {services: [S]}, team: un_known-}]", "", ""),
        ("rules: [{id: r, when: {services: [S]}, team: Unknown-}]", "rules[0].team", "has no owner; name a team"),
    ],
)
def test_names_are_told_apart_as_tags_tell_them_apart(tmp_path: Path, part: str, key: str, words: str) -> None:
    """As tags `ML Platform` and `ml-platform` are one value: two projects of these names would both own its charges."""
    found = problems(tmp_path, f"company: Small\nsources: []\n{part}\n")
    assert [where for _, where, message in found if words in message] == ([key] if key else []), found
    assert bool(found) == bool(key)


def test_where_nobody_listed_projects_a_rule_names_one_as_tags_do() -> None:
    rule = {"id": "r", "when": {"services": ("S",)}, "project": "ML_Platform", "team": "A B"}
    [named] = made(rules=(rule,)).attribution()["rules"]
    assert (named["project"], named["team"]) == ("ml-platform", "a-b")
    listed = made(rules=(rule,), projects=({"name": "ML_Platform"},), teams=({"name": "A B"},)).attribution()
    assert (listed["rules"][0]["project"], listed["rules"][0]["team"]) == ("ML_Platform", "A B")


def test_what_holds_to_the_last_day_there_is_holds_for_ever() -> None:
    project = {"name": "p", "aliases": ({"value": "old", "valid_to": date.max},)}
    assert made(projects=(project,)).attribution()["turning_days"] == []


def test_re2_takes_no_more_time_for_what_other_engines_never_end() -> None:
    """An engine that goes back tries 2^100000 ways to read this text: it would be at it when the test times out."""
    with duckdb_files.connect() as connection:
        answer = connection.execute("select regexp_matches(repeat('a', 100000) || '!', '^(a+)+$')").fetchone()
    assert answer == (False,)


def made(**parts: Any) -> Config:
    return Config.model_validate({"company": "x", "sources": (), **parts})


def test_only_what_is_in_force_counts() -> None:
    """October's rules know nothing of what ended before it or begins after it, nor of ends outside it."""
    october = (date(2026, 10, 1), date(2026, 10, 31))

    def rules(ends: date, begins: date) -> dict[str, Any]:
        alias = {"value": "old", "valid_to": ends}
        teams = ({"team": "ta", "valid_to": ends}, {"team": "tb", "valid_from": begins})
        rule = {"id": "r", "when": {"services": ("S",)}, "project": "p", "valid_from": begins}
        return made(
            projects=({"name": "p", "aliases": (alias,), "teams": teams},), rules=(rule,), teams=({"name": "ta"},)
        ).attribution(*october)

    before = rules(date(2026, 9, 1), date(2026, 9, 2))
    assert before == rules(date(2026, 9, 30), date(2026, 10, 1))
    assert before["turning_days"] == []
    assert before["tag_values"]["project"] == {"p": "p"}
    assert [(each["team"], each["valid_from"], each["valid_to"]) for each in before["projects"]] == [("tb", None, None)]
    within = rules(date(2026, 10, 9), date(2026, 10, 20))
    assert within != before
    assert within["turning_days"] == ["2026-10-10", "2026-10-20"]
    assert within["dated_values"]["project"] == [
        {"value": "old", "name": "p", "valid_from": None, "valid_to": "2026-10-09"}
    ]
    after = rules(date(2026, 10, 31), date(2026, 11, 1))
    assert after["tag_values"]["project"] == {"p": "p", "old": "p"}
    assert after["rules"] == []
    assert after == rules(date(2026, 12, 30), date(2026, 12, 31))


def test_days_are_read_as_yaml_writes_them(tmp_path: Path) -> None:
    text = HEAD.replace("[a-1]", "[{value: x, valid_from: 2026-02-01}]")
    assert problems(tmp_path, text) == []
    assert yaml.safe_load(text)["projects"][0]["aliases"][0]["valid_from"] == date(2026, 2, 1)
