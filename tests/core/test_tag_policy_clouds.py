"""The documents for the clouds: their shape, what they allow, and what a cloud could not take."""

import json
from dataclasses import replace
from typing import Any

import pytest
import yaml

from mlspend.core.errors import TagPolicyUnfit
from mlspend.core.tag_policy import RequiredTag, TagPolicy
from mlspend.core.tag_policy_clouds import AWS_LIMIT, GCP_CONDITION_LIMIT, aws_files, azure_files, gcp_files

PROJECT = RequiredTag(
    "project",
    "Project",
    ("Project",),
    {"search": "search", "fraud-detection": "Fraud Detection"},
)
STAGE = RequiredTag("ml_stage", "stage", ("stage",), {})
POLICY = TagPolicy((PROJECT, STAGE))


def many(count: int) -> TagPolicy:
    return TagPolicy((RequiredTag("project", "project", ("project",), {f"p{n:04}": f"p{n:04}" for n in range(count)}),))


def test_the_aws_tag_policy_assigns_keys_and_values() -> None:
    [text] = aws_files(POLICY).values()
    assert json.loads(text) == {
        "tags": {
            "Project": {
                "tag_key": {"@@assign": "Project"},
                "tag_value": {"@@assign": ["Fraud Detection", "search"]},
            },
            "stage": {"tag_key": {"@@assign": "stage"}},
        }
    }


def test_aws_enforces_nothing_unless_told_for_what() -> None:
    told = replace(POLICY, aws_enforced_for=("ec2:instance",), aws_report_required_for=("s3:bucket",))
    for rule in json.loads(aws_files(told)["aws/tag-policy.json"])["tags"].values():
        assert rule["enforced_for"] == {"@@assign": ["ec2:instance"]}
        assert rule["report_required_tag_for"] == {"@@assign": ["s3:bucket"]}


def test_a_tag_policy_that_aws_would_not_take_is_not_written() -> None:
    indented, dense = (aws_files(many(count))["aws/tag-policy.json"] for count in (100, 900))
    assert "\n" in indented
    assert "\n" not in dense
    assert len(dense) <= AWS_LIMIT
    with pytest.raises(TagPolicyUnfit, match="AWS Organizations takes 10,000: require fewer"):
        aws_files(many(1300))


def evaluate(condition: Any, tags: dict[str, str], allowed: list[str]) -> bool:
    """Azure Policy's conditions, as far as the definitions use them."""
    if "anyOf" in condition:
        return any(evaluate(each, tags, allowed) for each in condition["anyOf"])
    value = tags.get(condition["field"].removeprefix("tags['").removesuffix("']"))
    if "exists" in condition:
        return (value is not None) == (condition["exists"] == "true")
    if "equals" in condition:
        return value == condition["equals"]
    assert condition["notIn"] == "[parameters('allowedValues')]"
    return value not in allowed


@pytest.mark.parametrize(
    ("tags", "refused"),
    [
        ({"Project": "search", "stage": "x"}, []),
        ({"Project": "serach", "stage": ""}, ["project", "ml-stage"]),
        ({}, ["project", "ml-stage"]),
        ({"Project": "Fraud Detection"}, ["ml-stage"]),
    ],
)
def test_azure_tells_of_a_missing_tag_and_of_a_wrong_value(tags: dict[str, str], refused: list[str]) -> None:
    files = azure_files(POLICY)
    assert list(files) == ["azure/require-project.json", "azure/require-ml-stage.json"]
    found = []
    for name, text in files.items():
        properties = json.loads(text)["properties"]
        allowed = properties["parameters"].get("allowedValues", {}).get("defaultValue", [])
        assert properties["mode"] == "Indexed"
        assert properties["parameters"]["effect"]["defaultValue"] == "Audit"
        assert properties["policyRule"]["then"] == {"effect": "[parameters('effect')]"}
        if evaluate(properties["policyRule"]["if"], tags, allowed):
            found.append(name.removeprefix("azure/require-").removesuffix(".json"))
    assert found == refused


def test_a_value_that_azure_would_read_as_an_expression_is_escaped() -> None:
    tag = RequiredTag("team", "team", ("team",), {"[ml]-core": "[ml] core"})
    [text] = azure_files(TagPolicy((tag,))).values()
    assert json.loads(text)["properties"]["parameters"]["allowedValues"]["defaultValue"] == ["[[ml] core"]


def test_labels_are_spelt_as_gcp_takes_them() -> None:
    files = gcp_files(POLICY)
    assert json.loads(files["gcp/labels.json"]) == {"project": ["fraud-detection", "search"], "stage": []}
    constraint = yaml.safe_load(files["gcp/constraints/custom.mlspendProjectOnInstance.yaml"])
    assert constraint == {
        "name": "organizations/ORGANIZATION_ID/customConstraints/custom.mlspendProjectOnInstance",
        "resourceTypes": ["compute.googleapis.com/Instance"],
        "methodTypes": ["CREATE", "UPDATE"],
        "condition": "'project' in resource.labels && resource.labels['project'] in ['fraud-detection', 'search']",
        "actionType": "ALLOW",
        "displayName": "Require the label project",
        "description": "Spend is attributed to a project by this label.",
    }
    free = yaml.safe_load(files["gcp/constraints/custom.mlspendMlStageOnDisk.yaml"])
    assert free["condition"] == "'stage' in resource.labels"
    assert yaml.safe_load(files["gcp/policies/custom.mlspendMlStageOnDisk.yaml"]) == {
        "name": "organizations/ORGANIZATION_ID/policies/custom.mlspendMlStageOnDisk",
        "dryRunSpec": {"rules": [{"enforce": True}]},
    }


def test_values_too_many_for_a_condition_leave_the_key() -> None:
    files = gcp_files(many(200))
    text = files["gcp/constraints/custom.mlspendProjectOnDisk.yaml"]
    assert text.startswith("# 200 values do not fit")
    assert yaml.safe_load(text)["condition"] == "'project' in resource.labels"
    assert len(json.loads(files["gcp/labels.json"])["project"]) == 200
    fits = yaml.safe_load(gcp_files(many(80))["gcp/constraints/custom.mlspendProjectOnDisk.yaml"])["condition"]
    assert "'p0079'" in fits
    assert len(fits) <= GCP_CONDITION_LIMIT


@pytest.mark.parametrize(
    ("files", "name", "message"),
    [
        (
            gcp_files,
            "Größe",
            "gcp: the project 'Größe' cannot be written there .*give it an alias that fits, for example gr-e$",
        ),
        (aws_files, "a*", "aws: the project 'a\\*' cannot be written there .*give it an alias that fits$"),
        (azure_files, "x" * 257, "azure: the project 'x+' cannot be written there"),
    ],
)
def test_a_name_that_a_cloud_cannot_hold_is_refused_with_a_way_out(files: Any, name: str, message: str) -> None:
    with pytest.raises(TagPolicyUnfit, match=message):
        files(TagPolicy((RequiredTag("project", "project", ("project",), {name.lower(): name}),)))
    with_alias = RequiredTag("project", "project", ("project",), {name.lower(): name, "short": name})
    assert any("short" in text for text in files(TagPolicy((with_alias,))).values())


@pytest.mark.parametrize(
    ("files", "key"),
    # Cut to 63 characters, a label would be another key.
    [(gcp_files, "1st"), (gcp_files, "p" * 64), (aws_files, "aws:project"), (azure_files, "a/b")],
)
def test_a_key_that_a_cloud_cannot_hold_is_refused_unless_another_fits(files: Any, key: str) -> None:
    with pytest.raises(TagPolicyUnfit, match=r"no key of tags\.project can be written there"):
        files(TagPolicy((RequiredTag("project", key, (key,), {}),)))
    assert files(TagPolicy((RequiredTag("project", key, (key, "project"), {}),)))
