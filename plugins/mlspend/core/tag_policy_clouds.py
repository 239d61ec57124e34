"""The tag policy as the clouds' own documents: file name → text, the same bytes for the same policy."""

import json
from typing import Any

from mlspend.core.errors import TagPolicyUnfit
from mlspend.core.tag_policy import RequiredTag, TagPolicy
from mlspend.core.tag_spelling import AWS, AZURE, GCP

# AWS Organizations, "Quotas": the size of one tag policy, white space counted.
AWS_LIMIT = 10_000
# Organization Policy API, CustomConstraint.condition.
GCP_CONDITION_LIMIT = 1_000
# Of the types whose custom constraints may look at labels the ones that an ML team pays most for.
GCP_TYPES = ("compute.googleapis.com/Instance", "compute.googleapis.com/Disk")


def aws_files(policy: TagPolicy) -> dict[str, str]:
    """Return the tag policy for AWS Organizations; TagPolicyUnfit where it would not be taken."""
    tags = {}
    for tag in policy.required:
        rule: dict[str, Any] = {"tag_key": {"@@assign": AWS.key_of(tag)}}
        if values := list(AWS.values_of(tag).values()):
            rule["tag_value"] = {"@@assign": values}
        if policy.aws_enforced_for:
            rule["enforced_for"] = {"@@assign": list(policy.aws_enforced_for)}
        if policy.aws_report_required_for:
            rule["report_required_tag_for"] = {"@@assign": list(policy.aws_report_required_for)}
        tags[AWS.key_of(tag)] = rule
    text = _json({"tags": tags})
    if len(text) > AWS_LIMIT:
        text = json.dumps({"tags": tags}, ensure_ascii=False, separators=(",", ":"))
    if len(text) > AWS_LIMIT:
        raise TagPolicyUnfit(
            f"aws: the tag policy has {len(text):,} characters, AWS Organizations takes {AWS_LIMIT:,}: require fewer "
            "tags, or leave the values to `mlspend tags check`"
        )
    return {"aws/tag-policy.json": text}


def azure_files(policy: TagPolicy) -> dict[str, str]:
    """Return one Azure Policy definition per tag: it audits, unless its assignment says Deny."""
    return {f"azure/require-{_dashed(tag)}.json": _json(_azure_definition(tag)) for tag in policy.required}


def _azure_definition(tag: RequiredTag) -> dict[str, Any]:
    key = AZURE.key_of(tag)
    field = f"tags['{key}']"
    parameters: dict[str, Any] = {
        "effect": {
            "type": "String",
            "metadata": {"displayName": "Effect", "description": "Audit tells, Deny refuses the resource"},
            "allowedValues": ["Audit", "Deny", "Disabled"],
            "defaultValue": "Audit",
        }
    }
    wrong: dict[str, Any] = {"field": field, "equals": ""}
    if values := list(AZURE.values_of(tag).values()):
        parameters["allowedValues"] = {
            "type": "Array",
            "metadata": {"displayName": "Allowed values", "description": f"What the tag {key} may say"},
            "defaultValue": [_azure_text(value) for value in values],
        }
        wrong = {"field": field, "notIn": "[parameters('allowedValues')]"}
    return {
        "properties": {
            "displayName": f"Require the tag {key} and an allowed value",
            "description": f"Spend is attributed to a {tag.dimension} by this tag. Does not apply to resource groups.",
            "policyType": "Custom",
            "mode": "Indexed",
            "metadata": {"category": "Tags", "version": "1.0.0"},
            "parameters": parameters,
            "policyRule": {
                "if": {"anyOf": [{"field": field, "exists": "false"}, wrong]},
                "then": {"effect": "[parameters('effect')]"},
            },
        }
    }


def _azure_text(value: str) -> str:
    """Azure reads a text that begins with [ as an expression; doubled it stands for itself."""
    return f"[{value}" if value.startswith("[") else value


def gcp_files(policy: TagPolicy) -> dict[str, str]:
    """Return the labels and what each may say, and the custom constraints with their policies, which only audit."""
    labels = {GCP.key_of(tag): list(GCP.values_of(tag).values()) for tag in policy.required}
    files = {"gcp/labels.json": _json(labels)}
    for tag in policy.required:
        for resource_type in GCP_TYPES:
            name = f"custom.mlspend{_joined(tag)}On{resource_type.rpartition('/')[2]}"
            files[f"gcp/constraints/{name}.yaml"] = _gcp_constraint(tag, resource_type, name)
            # Under dryRunSpec a violation is logged; under spec, with the same rules, it is refused.
            files[f"gcp/policies/{name}.yaml"] = (
                f"name: organizations/ORGANIZATION_ID/policies/{name}\ndryRunSpec:\n  rules:\n  - enforce: true\n"
            )
    return files


def _gcp_constraint(tag: RequiredTag, resource_type: str, name: str) -> str:
    # A label holds no character that would have to be escaped.
    key = f"'{GCP.key_of(tag)}'"
    has_key = f"{key} in resource.labels"
    values = list(GCP.values_of(tag).values())
    condition = f"{has_key} && resource.labels[{key}] in {values}" if values else has_key
    remark = ""
    if len(condition) > GCP_CONDITION_LIMIT:
        remark = f"# {len(values)} values do not fit into the {GCP_CONDITION_LIMIT} characters of a condition.\n"
        condition = has_key
    return (
        f"{remark}name: organizations/ORGANIZATION_ID/customConstraints/{name}\n"
        f"resourceTypes:\n- {resource_type}\n"
        "methodTypes:\n- CREATE\n- UPDATE\n"
        f"condition: {json.dumps(condition)}\n"
        "actionType: ALLOW\n"
        f"displayName: {json.dumps(f'Require the label {GCP.key_of(tag)}')}\n"
        f"description: {json.dumps(f'Spend is attributed to a {tag.dimension} by this label.')}\n"
    )


def _dashed(tag: RequiredTag) -> str:
    return tag.dimension.replace("_", "-")


def _joined(tag: RequiredTag) -> str:
    return tag.dimension.title().replace("_", "")


def _json(document: Any) -> str:
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"
