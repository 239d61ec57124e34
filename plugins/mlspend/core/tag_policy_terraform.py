"""The tag policy as Terraform: variables that take only allowed values, and what to give the providers."""

import json
from collections.abc import Mapping

from mlspend.core.errors import TagPolicyUnfit
from mlspend.core.tag_policy import RequiredTag, TagPolicy
from mlspend.core.tag_spelling import AWS, GCP

_HEADER = "# Written by `mlspend tags export`: change mlspend.yml, not this file.\n"
# More would fill a screen; the file has them all.
_NAMED_IN_MESSAGE = 20


def terraform_files(policy: TagPolicy) -> dict[str, str]:
    """Return one file with the variables and locals, and one per provider that has default tags.

    Tags are written as AWS takes them, so that its tag policy allows them. Where a name cannot be a label of GCP, the
    labels are left out and the file says why.
    """
    tags = _map({AWS.key_of(tag): f"var.{_variable(tag)}" for tag in policy.required})
    blocks = [*(_variable_block(tag) for tag in policy.required)]
    blocks.append(
        f"# Tags for aws (default_tags) and azurerm, which has none: tags = local.mlspend_tags.\n{_local('tags', tags)}"
    )
    files = {"terraform/mlspend_aws.tf": _provider("aws", "default_tags {\n    tags = local.mlspend_tags\n  }")}
    try:
        labels = _labels(policy)
    except TagPolicyUnfit as error:
        blocks.append(f"# No labels for google. {error}.\n")
    else:
        blocks.append(f"# Labels for google (default_labels).\n{labels}")
        files["terraform/mlspend_google.tf"] = _provider("google", "default_labels = local.mlspend_labels")
    return {"terraform/mlspend_tags.tf": "\n".join([_HEADER, *blocks]), **files}


def _variable_block(tag: RequiredTag) -> str:
    name, key = f"var.{_variable(tag)}", AWS.key_of(tag)
    pad = ""
    if allowed := list(AWS.values_of(tag).values()):
        values = "".join(f"\n      {_text(value)}," for value in allowed)
        condition = f"contains([{values}\n    ], {name})"
        more = "" if len(allowed) <= _NAMED_IN_MESSAGE else f" and {len(allowed) - _NAMED_IN_MESSAGE} more"
        message = f"The tag {key} must be one of: {', '.join(allowed[:_NAMED_IN_MESSAGE])}{more}."
    else:
        pad, condition = "    ", f"length(trimspace({name})) > 0"
        message = f"The tag {key} must not be empty."
    return (
        f'variable "{_variable(tag)}" {{\n'
        f"  description = {_text(f'The tag {key}: the {_words(tag)} that spend is attributed to.')}\n"
        "  type        = string\n\n"
        "  validation {\n"
        f"    condition{pad} = {condition}\n"
        f"    error_message = {_text(message)}\n"
        "  }\n}\n"
    )


def _labels(policy: TagPolicy) -> str:
    """Return the locals of the labels: variables, translated where a label is written otherwise than the tag."""
    blocks, labels = [], {}
    for tag in policy.required:
        written = {AWS.value_of(tag, name): label for name, label in GCP.values_of(tag).items()}
        labels[GCP.key_of(tag)] = variable = f"var.{_variable(tag)}"
        if not written:
            labels[GCP.key_of(tag)] = f"lower({variable})"
        elif any(value != label for value, label in written.items()):
            name = f"label_of_{tag.dimension}"
            blocks.append(_local(name, _map({value: _text(label) for value, label in written.items()})))
            labels[GCP.key_of(tag)] = f"local.mlspend_{name}[{variable}]"
    return "\n".join([*blocks, _local("labels", _map(labels))])


def _map(entries: Mapping[str, str]) -> str:
    width = max(len(_text(key)) for key in entries)
    lines = "".join(f"    {_text(key):{width}} = {value}\n" for key, value in entries.items())
    return f"{{\n{lines}  }}"


def _local(name: str, value: str) -> str:
    return f"locals {{\n  mlspend_{name} = {value}\n}}\n"


def _provider(name: str, defaults: str) -> str:
    return (
        f'{_HEADER}# Where a provider "{name}" is configured already, give it these lines instead.\n\n'
        f'provider "{name}" {{\n  {defaults}\n}}\n'
    )


def _words(tag: RequiredTag) -> str:
    return tag.dimension.replace("_", " ")


def _text(text: str) -> str:
    """What fits AWS holds neither ${ nor %{, which would begin a template, so that JSON's escapes are enough."""
    return json.dumps(text, ensure_ascii=False)


def _variable(tag: RequiredTag) -> str:
    return f"tag_{tag.dimension}"
