"""Which resources of a Terraform plan lack a required tag, or carry a value that names nobody.

Read is what `terraform show -json PLAN` writes, format 1.x: developer.hashicorp.com, "JSON Output Format".
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from mlspend.core.attribution import canonical_value, match_tag_keys
from mlspend.core.planned_tags import Planned, planned_tags
from mlspend.core.tag_policy import RequiredTag, TagPolicy

Outcome = Literal["missing", "empty", "not_allowed", "unknown_until_apply", "spelt_otherwise"]
FAILURES: tuple[Outcome, ...] = ("missing", "empty", "not_allowed")

# These tag what something else made; what they say is one tag, not all of a resource's.
_TAGS_OF_OTHERS = ("aws_autoscaling_group_tag", "aws_ec2_tag")


@dataclass(frozen=True)
class Finding:
    """What is to be said of one required tag of one resource; `value` is None where there is none or it is secret."""

    address: str
    resource_type: str
    action: str
    dimension: str
    key: str
    outcome: Outcome
    value: str | None = None
    suggestion: str | None = None

    @property
    def is_failure(self) -> bool:
        """Tell whether the plan must not be applied like this."""
        return self.outcome in FAILURES


@dataclass
class PlanReport:
    """How many resources were looked at, how many were not and why, and what was found."""

    checked: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)

    @property
    def is_good(self) -> bool:
        """Tell whether no resource lacks a tag or names nobody."""
        return not any(finding.is_failure for finding in self.findings)


def check_plan(plan: Mapping[str, Any], policy: TagPolicy) -> PlanReport:
    """Return what `policy` finds in a plan whose shape `check_shape` has looked at."""
    report = PlanReport()
    with_defaults = _providers_with_defaults(plan)
    for change in plan.get("resource_changes") or ():
        reason = _skip_reason(change, policy)
        tags = None if reason else planned_tags(change, with_defaults)
        if reason or tags is None:
            report.skipped[reason or "cannot carry tags"] += 1
            continue
        report.checked += 1
        report.findings += [found for tag in policy.required if (found := _judge(tag, change, tags))]
    report.skipped.update({"deferred": len(plan["deferred_changes"])} if plan.get("deferred_changes") else {})
    return report


def _skip_reason(change: Mapping[str, Any], policy: TagPolicy) -> str | None:
    actions = change["change"]["actions"]
    if change.get("mode") == "data" or actions == ["read"]:
        return "data source"
    if "create" not in actions and "update" not in actions:
        return {"no-op": "unchanged", "delete": "deleted"}.get(
            actions[0] if actions else "no-op", "not managed any more"
        )
    return "exempt" if change["type"] in _TAGS_OF_OTHERS or policy.is_exempt(change["type"]) else None


def _judge(tag: RequiredTag, change: Mapping[str, Any], tags: Planned) -> Finding | None:
    outcome, value = _outcome(tag, tags)
    if outcome is None:
        return None
    is_secret = value is not None and tags.is_secret
    return Finding(
        address=change["address"],
        resource_type=change["type"],
        action=" then ".join(change["change"]["actions"]),
        dimension=tag.dimension,
        key=tag.key,
        outcome=outcome,
        value=None if is_secret else value,
        suggestion=_suggest(tag, outcome, value) if value is not None and not is_secret else None,
    )


def _outcome(tag: RequiredTag, tags: Planned) -> tuple[Outcome | None, str | None]:
    """Ask the keys as attribution asks them: the most trusted one that has a value counts."""
    is_there = False
    for key in match_tag_keys({tag.dimension: tag.keys}, tags.values)[tag.dimension]:
        value = tags.values[key]
        if value is None:
            return "unknown_until_apply", None
        is_there = True
        if canonical_value(value):
            name = tag.name_of(value)
            if name is None:
                return "not_allowed", value
            return ("spelt_otherwise" if tag.names and value != name else None), value
    if not tags.is_complete:
        return "unknown_until_apply", None
    return ("empty" if is_there else "missing"), None


def _suggest(tag: RequiredTag, outcome: Outcome, value: str) -> str | None:
    return tag.name_of(value) if outcome == "spelt_otherwise" else tag.nearest(value)


def _providers_with_defaults(plan: Mapping[str, Any]) -> frozenset[str]:
    """Return the providers (their last name, aws) that some configuration gives default tags or labels."""
    return frozenset(_with_defaults(plan.get("configuration")))


def _with_defaults(configuration: Any) -> Iterator[str]:
    configured = configuration.get("provider_config") if isinstance(configuration, Mapping) else None
    for provider in configured.values() if isinstance(configured, Mapping) else ():
        expressions = provider.get("expressions") if isinstance(provider, Mapping) else None
        if isinstance(expressions, Mapping) and {"default_tags", "default_labels"} & expressions.keys():
            yield str(provider.get("name"))
