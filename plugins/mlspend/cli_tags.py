"""Tags before they are missed: the policy for the clouds, and a Terraform plan held against it."""

from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mlspend.cli_output import show_json, show_lines, show_table
from mlspend.core.errors import PlanUnreadable
from mlspend.core.wording import count

if TYPE_CHECKING:
    from mlspend.core.plan_tags import Finding, PlanReport
    from mlspend.core.tag_policy import TagPolicy

app = typer.Typer(help="The tags that resources must carry, before they are missed.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of tables.")]


class Cloud(StrEnum):
    """What the policy can be written for."""

    aws = "aws"
    azure = "azure"
    gcp = "gcp"
    terraform = "terraform"


@app.command("export")
def export_policy(
    to: Annotated[Path, typer.Option("--to", help="Folder the files are written to.")],
    cloud: Annotated[
        list[Cloud] | None, typer.Option("--cloud", help="Only this one; may be given several times. Default: all.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write the tag policy: AWS tag policy, Azure Policy, GCP labels and constraints, Terraform default tags."""
    if to.exists() and not to.is_dir():
        raise typer.BadParameter(f"{to} is not a folder", param_hint="--to")
    from mlspend.adapters import tag_policy

    written, refused = tag_policy.export(_policy(), cloud or list(Cloud), to)
    if as_json:
        show_json({"files": written, "refused": refused})
    else:
        show_lines(map(str, written))
        show_lines((f"not written: {reason}" for reason in refused), err=True)
    raise typer.Exit(1 if refused else 0)


@app.command("check")
def check_plan(
    plan: Annotated[str, typer.Argument(help="What `terraform show -json` wrote; - reads it from standard input.")],
    as_json: AsJson = False,
) -> None:
    """Say which resources of a Terraform plan lack a required tag, or carry a value that names nobody."""
    from mlspend.adapters import plan_file
    from mlspend.core import plan_tags

    try:
        read = plan_file.read_plan(plan)
    except PlanUnreadable as error:
        raise typer.BadParameter(str(error), param_hint="PLAN") from error
    report = plan_tags.check_plan(read, _policy())
    _show(report, as_json=as_json)
    raise typer.Exit(0 if report.is_good else 1)


def _policy() -> "TagPolicy":
    from mlspend.adapters import config, tag_policy

    return tag_policy.policy_of(config.load(), datetime.now(UTC).date())


def _show(report: "PlanReport", *, as_json: bool) -> None:
    if as_json:
        return show_json(
            {
                "is_good": report.is_good,
                "checked": report.checked,
                "skipped": dict(sorted(report.skipped.items())),
                "findings": report.findings,
            }
        )
    failures = [finding for finding in report.findings if finding.is_failure]
    remarks = [finding for finding in report.findings if not finding.is_failure]
    show_table("Tags to mend", [_row(finding) for finding in failures])
    show_table("Worth a look, no failure", [_row(finding) for finding in remarks])
    reasons = ", ".join(f"{number} {reason}" for reason, number in sorted(report.skipped.items()))
    resources = len({finding.address for finding in failures})
    show_lines([f"{count(report.checked, 'resource')} checked, {resources} to mend; not checked: {reasons or 'none'}"])
    return None


def _row(finding: "Finding") -> dict[str, Any]:
    return {
        "resource": finding.address,
        "action": finding.action,
        "tag": finding.key,
        "finding": _words(finding),
    }


def _words(finding: "Finding") -> str:
    value = "a value that is secret" if finding.value is None else repr(finding.value)
    near = f"; did you mean {finding.suggestion!r}?" if finding.suggestion else ""
    return {
        "missing": "is missing",
        "empty": "is empty",
        "not_allowed": f"is {value}, which is no {finding.dimension}{near}",
        "unknown_until_apply": "is known after the apply only",
        "spelt_otherwise": f"is {value}, which counts as {finding.suggestion!r}",
    }[finding.outcome]
