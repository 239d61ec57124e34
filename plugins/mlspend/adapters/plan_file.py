"""A Terraform plan as JSON, from a file or from standard input, told apart from all that is mistaken for one."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mlspend.core.errors import PlanUnreadable

_INSTEAD = "write one with `terraform plan -out tfplan && terraform show -json tfplan > plan.json`"


def read_plan(path: str) -> dict[str, Any]:
    """Return the plan in `path` (-: standard input); PlanUnreadable says what is there instead."""
    name = "standard input" if path == "-" else path
    try:
        content = sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
    except OSError as error:
        raise PlanUnreadable(f"{name} cannot be read ({error.strerror}); {_INSTEAD}") from error
    plan = _parse(content, name)
    if not isinstance(plan, dict):
        raise PlanUnreadable(f"{name} is JSON, but no plan; {_INSTEAD}")
    if problem := _not_a_plan(plan):
        raise PlanUnreadable(f"{name} {problem}")
    for at, change in enumerate(plan.get("resource_changes") or ()):
        if not _is_change(change):
            raise PlanUnreadable(f"{name}: resource_changes[{at}] has no address, type and change.actions; {_INSTEAD}")
    return plan


def _parse(content: bytes, name: str) -> Any:
    if not content.strip():
        raise PlanUnreadable(f"{name} is empty; {_INSTEAD}")
    if content.startswith(b"PK"):
        raise PlanUnreadable(f"{name} is the plan that Terraform keeps for itself; turn it into JSON: {_INSTEAD}")
    try:
        # Bytes, so that the UTF-16 which Windows PowerShell's > writes is recognised.
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        if b'"@level"' in content[:1000]:
            raise PlanUnreadable(f"{name} is the log of `terraform plan -json`; {_INSTEAD}") from error
        raise PlanUnreadable(f"{name} is not whole JSON ({error}); {_INSTEAD}") from error


def _not_a_plan(plan: Mapping[str, Any]) -> str | None:
    if "lineage" in plan or ("values" in plan and "resource_changes" not in plan):
        return f"is a state, not a plan; {_INSTEAD}"
    version = str(plan.get("format_version", ""))
    if not version or not {"resource_changes", "planned_values"} & plan.keys():
        return f"is JSON, but no plan; {_INSTEAD}"
    if version.partition(".")[0] != "1":
        return f"has the format_version {version}; mlspend reads 1.x, which Terraform writes since 1.1"
    if plan.get("errored"):
        return "is the plan of a run that failed, so resources may be missing from it; mend the run first"
    if not isinstance(plan.get("resource_changes") or [], list):
        return f"holds no list of resource_changes; {_INSTEAD}"
    return None


def _is_change(change: Any) -> bool:
    if not isinstance(change, dict) or not isinstance(change.get("change"), dict):
        return False
    texts = (change.get("address"), change.get("type"))
    actions = change["change"].get("actions")
    return all(isinstance(text, str) for text in texts) and isinstance(actions, list)
