"""`mlspend tags`: what it prints, and how it ends."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from mlspend.cli import app
from tests.terraform_plans import change, plan

CONFIG = """company: Small
sources: []
projects:
  - {name: recommender, aliases: [recsys], team: discovery}
teams: [{name: discovery}]
tag_policy: {required: [project, team]}
"""
GOOD = {"project": "recommender", "team": "discovery"}


@pytest.fixture(autouse=True)
def company(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mlspend.yml").write_text(CONFIG)
    monkeypatch.setenv("MLSPEND_CONFIG", str(tmp_path / "mlspend.yml"))
    monkeypatch.chdir(tmp_path)


def tags(*words: str, **options: Any) -> Result:
    return CliRunner().invoke(app, ["tags", *words], **options)


def check(*changes: dict[str, Any], as_json: bool = False) -> Result:
    Path("plan.json").write_text(json.dumps(plan(*changes)))
    return tags("check", "plan.json", *(["--json"] if as_json else []))


def test_a_plan_without_fault_ends_with_0() -> None:
    result = check(change("aws_instance.x", {"tags": GOOD}), change("aws_instance.y", None, actions=("delete",)))
    assert result.exit_code == 0
    assert result.stdout == "1 resource checked, 0 to mend; not checked: 1 deleted\n"


def test_a_plan_with_a_fault_ends_with_1_and_says_what_to_mend() -> None:
    result = check(
        change("module.train.aws_instance.gpu", {"tags": {"project": "recomender"}}),
        change("aws_s3_bucket.data", {"tags": {"project": "recsys", "team": "\x1b[31m"}}),
        change("aws_ebs_volume.later", {"tags": {"team": "discovery"}}, {"tags": {"project": True}, "tags_all": True}),
    )
    assert result.exit_code == 1
    lines = [" ".join(line.split()) for line in result.stdout.splitlines() if line.strip()]
    assert lines == [
        "Tags to mend",
        "resource action tag finding",
        "module.train.aws_instance.gpu create project is 'recomender', which is no project; "
        "did you mean 'recommender'?",
        "module.train.aws_instance.gpu create team is missing",
        "aws_s3_bucket.data create team is '\\x1b[31m', which is no team",
        "Worth a look, no failure",
        "resource action tag finding",
        "aws_s3_bucket.data create project is 'recsys', which counts as 'recommender'",
        "aws_ebs_volume.later create project is known after the apply only",
        "3 resources checked, 2 to mend; not checked: none",
    ]


def test_programs_get_one_document() -> None:
    result = check(change("aws_instance.x", {"tags": {"team": "discovery"}}), as_json=True)
    assert result.exit_code == 1
    assert json.loads(result.stdout) == {
        "is_good": False,
        "checked": 1,
        "skipped": {},
        "findings": [
            {
                "address": "aws_instance.x",
                "resource_type": "aws_instance",
                "action": "create",
                "dimension": "project",
                "key": "project",
                "outcome": "missing",
                "value": None,
                "suggestion": None,
            }
        ],
    }


def test_a_plan_may_come_by_standard_input() -> None:
    assert tags("check", "-", input=json.dumps(plan(change("aws_instance.x", {"tags": GOOD})))).exit_code == 0


@pytest.mark.parametrize("words", [["check", "nowhere.json"], ["check", "mlspend.yml"], ["check"], ["export"]])
def test_wrong_use_ends_with_2(words: list[str]) -> None:
    result = tags(*words)
    assert result.exit_code == 2
    assert result.stdout == ""


def test_a_large_plan_is_read_whole() -> None:
    """5 MB of resources with long policies, the last one without tags."""
    filler = "x" * 5_000
    changes = [change(f"aws_instance.n{number}", {"tags": GOOD, "user_data": filler}) for number in range(1_000)]
    result = check(*changes, change("aws_instance.last", {"tags": None}), as_json=True)
    report = json.loads(result.stdout)
    assert (report["checked"], {each["address"] for each in report["findings"]}) == (1_001, {"aws_instance.last"})


def test_the_policy_is_written_for_every_cloud_or_for_those_named() -> None:
    result = tags("export", "--to", "policy")
    assert result.exit_code == 0
    assert sorted(result.stdout.split()) == sorted(str(path) for path in Path("policy").rglob("*") if path.is_file())
    assert {path.name for path in Path("policy").iterdir()} == {"aws", "azure", "gcp", "terraform"}
    document = json.loads(tags("export", "--to", "some", "--cloud", "aws", "--cloud", "azure", "--json").stdout)
    assert document == {
        "files": ["some/aws/tag-policy.json", "some/azure/require-project.json", "some/azure/require-team.json"],
        "refused": [],
    }


def test_a_cloud_that_cannot_hold_a_name_is_said_and_ends_with_1() -> None:
    Path("mlspend.yml").write_text(CONFIG.replace("recommender,", "Größe,").replace("recsys", "grösse"))
    result = tags("export", "--to", "policy")
    assert result.exit_code == 1
    assert "not written: gcp: the project 'Größe' cannot be written there" in result.stderr
    assert "aws/tag-policy.json" in result.stdout


def test_a_file_in_the_place_of_the_folder_is_wrong_use() -> None:
    assert tags("export", "--to", "mlspend.yml").exit_code == 2
    assert tags("export", "--to", "policy", "--cloud", "oracle").exit_code == 2
