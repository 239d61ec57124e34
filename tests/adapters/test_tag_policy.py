"""The policy that follows from the configuration, and that what it allows is what attribution understands."""

import json
import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlspend.adapters import config, tag_policy
from mlspend.adapters.config_base import RESERVED_NAMES
from mlspend.adapters.config_model import Config
from mlspend.adapters.config_shared_costs import SHARED
from mlspend.adapters.home import PROJECT_ROOT
from mlspend.core.attribution import canonical_value, match_tag_keys
from mlspend.core.tag_policy import UNOWNED

DAY = date(2026, 11, 25)
EVERY = ["aws", "azure", "gcp", "terraform"]


def configured(**parts: Any) -> Config:
    return Config.model_validate({"company": "Small", "sources": (), **parts})


def test_a_project_is_required_of_everything_unless_configured_otherwise() -> None:
    example = config.load(PROJECT_ROOT / "config" / "mlspend.yml")
    [tag] = tag_policy.policy_of(example, DAY).required
    assert (tag.dimension, tag.key, tag.keys) == ("project", "project", ("project", "ml-project", "proj"))
    assert tag.allowed == [
        "forecasting",
        "fraud-detection",
        "llm-assistant",
        "ml-platform",
        "recommender",
        "search-ranking",
    ]
    assert tag.name_of("Fraud") == "fraud-detection"
    assert set(UNOWNED) == {*RESERVED_NAMES, SHARED}


def test_keys_are_written_as_configured_else_like_the_first_one_that_a_resource_can_carry() -> None:
    made = configured(
        tags={"project": ("user:MLProject", "project"), "team": ("accountTag/team", "Owner", "team")},
        tag_policy={"required": ("project", "team", "environment"), "keys": {"team": "team"}, "exempt": ("aws_iam_*",)},
    )
    policy = tag_policy.policy_of(made, DAY)
    assert [tag.key for tag in policy.required] == ["MLProject", "team", "environment"]
    assert policy.required[1].keys == ("Owner", "team")
    assert policy.is_exempt("aws_iam_role")
    assert not policy.is_exempt("aws_instance")


def exported_values(folder: Path) -> dict[str, set[tuple[str, str]]]:
    """Per cloud that has files the (key, value) pairs that they allow."""
    allowed: dict[str, set[tuple[str, str]]] = {}
    for path in folder.rglob("*.*"):
        text, found = path.read_text(), allowed.setdefault(path.relative_to(folder).parts[0], set())
        if path.name == "tag-policy.json":
            for tag in json.loads(text)["tags"].values():
                found |= {(tag["tag_key"]["@@assign"], value) for value in tag["tag_value"]["@@assign"]}
        elif path.name == "labels.json":
            found |= {(key, value) for key, values in json.loads(text).items() for value in values}
        elif path.parent.name == "azure":
            rule = json.loads(text)["properties"]
            [key] = re.findall(r"tags\['(.*)'\]", rule["policyRule"]["if"]["anyOf"][0]["field"])
            found |= {(key, value) for value in rule["parameters"]["allowedValues"]["defaultValue"]}
        elif path.name == "mlspend_tags.tf":
            keys = re.findall(r'^    ("[^"]+") += var\.(tag_\w+)$', text.partition("# Labels")[0], re.MULTILINE)
            for key, variable in keys:
                block = text.partition(f'variable "{variable}"')[2].partition("], var.")[0]
                values = re.findall(r'^      (".*"),$', block, re.MULTILINE)
                found |= {(json.loads(key), json.loads(value)) for value in values}
    return allowed


names = st.text("abzABZ09 -_./ü", min_size=1, max_size=12).filter(canonical_value)


@st.composite
def companies(draw: st.DrawFn) -> Config:
    """Companies whose names and aliases mean one thing each, as `config check` demands."""
    words = draw(st.lists(names, min_size=1, max_size=8, unique_by=canonical_value))
    cut = draw(st.integers(1, len(words)))
    projects = [{"name": word, "team": "t", "aliases": ()} for word in words[:cut]]
    for alias in words[cut:]:
        chosen = draw(st.sampled_from(projects))
        chosen["aliases"] = (*chosen["aliases"], alias)
    return configured(
        projects=tuple(projects),
        teams=({"name": "t"},),
        tag_policy={"required": ("project", "environment")},
    )


@given(company=companies())
def test_every_value_that_is_exported_is_attributed_to_its_name(
    company: Config, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("export")
    rules = company.attribution(DAY, DAY)
    _, refused = tag_policy.export(tag_policy.policy_of(company, DAY), EVERY, folder)
    exported = exported_values(folder)
    assert len(exported) + len(refused) == len(EVERY)
    for cloud, pairs in exported.items():
        named: dict[str, set[str]] = {"project": set(), "environment": set()}
        for key, value in pairs:
            [dimension] = [each for each, keys in match_tag_keys(rules["tag_keys"], [key]).items() if keys]
            named[dimension].add(rules["tag_values"][dimension][canonical_value(value)])
        assert named["project"] == {project.name for project in company.projects}, cloud
        assert named["environment"] == set(company.environments), cloud


def test_the_same_configuration_gives_the_same_bytes(tmp_path: Path) -> None:
    projects = [{"name": name, "team": "t", "aliases": (f"{name}-2",)} for name in ("b", "a", "c")]
    orders = [projects, projects[::-1]]
    found = []
    for number, order in enumerate(orders):
        made = configured(projects=tuple(order), teams=({"name": "t"},))
        written, refused = tag_policy.export(tag_policy.policy_of(made, DAY), EVERY, tmp_path / str(number))
        assert refused == []
        found.append({path.relative_to(tmp_path / str(number)): path.read_bytes() for path in written})
    assert found[0] == found[1]
    assert len(found[0]) == 10


def test_a_cloud_that_cannot_hold_a_name_keeps_no_other_from_its_files(tmp_path: Path) -> None:
    made = configured(projects=({"name": "Größe", "team": "t"},), teams=({"name": "t"},))
    written, [reason] = tag_policy.export(tag_policy.policy_of(made, DAY), EVERY, tmp_path)
    assert {path.relative_to(tmp_path).parts[0] for path in written} == {"aws", "azure", "terraform"}
    assert reason.startswith("gcp: the project 'Größe' cannot be written there")
    assert not (tmp_path / "gcp").exists()


COMPANY = """company: Small
sources: []
tags: {project: [project, proj], team: [team, proj-owner]}
tag_policy:
"""


@pytest.mark.parametrize(
    ("lines", "line", "key", "words"),
    [
        ("required: [projekt]", 5, "tag_policy.required[0]", "write one of project, team, environment, ml_stage"),
        ("required: [team, team]", 5, "tag_policy.required", "names a tag twice"),
        ("keys: {project: owner}", 5, "tag_policy.keys.project", "no key of tags.project; write one of project, proj"),
        ("keys: {projekt: owner}", 5, "tag_policy.keys.projekt", "did you mean project?"),
        ("keys: {team: }", 5, None, None),
        ("aws_enforced_for: [ec2]", 5, "tag_policy.aws_enforced_for[0]", "cannot be right"),
        ("exempt: aws_iam_role", 5, "tag_policy.exempt", "is not a list"),
        ("enforce: true", 5, "tag_policy.enforce", "is not a key mlspend knows"),
    ],
)
def test_a_policy_that_cannot_be_meant_is_refused(
    tmp_path: Path, lines: str, line: int, key: str | None, words: str | None
) -> None:
    (tmp_path / "mlspend.yml").write_text(f"{COMPANY}  {lines}\n")
    found = config.check(tmp_path / "mlspend.yml")
    if key is None:
        assert found == []
        return
    [problem] = found
    assert (problem.line, problem.key) == (line, key)
    assert words is not None
    assert words in problem.message


def test_one_key_cannot_mean_two_things(tmp_path: Path) -> None:
    path = tmp_path / "mlspend.yml"
    path.write_text(
        "company: Small\nsources: []\ntags: {project: [Name], team: [name, squad]}\n"
        "tag_policy:\n  required: [project, team]\n"
    )
    [problem] = config.check(path)
    assert (problem.line, problem.key) == (4, "tag_policy.keys.team")
    assert "is 'name', the key of project already" in problem.message
    path.write_text(path.read_text() + "  keys: {team: squad}\n")
    assert config.check(path) == []
    path.write_text("company: Small\nsources: []\ntags: {project: [accountTag/project]}\n")
    [problem] = config.check(path)
    assert (problem.key, problem.message.partition(",")[0]) == ("tags.project", "has no key that a resource can carry")
