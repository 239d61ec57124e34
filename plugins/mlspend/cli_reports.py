"""What each command reports: a plain document for --json, the same facts as tables for people."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mlspend import cli_close
from mlspend.adapters import spend_report
from mlspend.cli_freshness import freshness_rows, show_freshness
from mlspend.cli_output import show_json, show_lines, show_table

if TYPE_CHECKING:
    from pathlib import Path

    from mlspend.adapters.config import Problem
    from mlspend.adapters.home import Home
    from mlspend.adapters.ledger import Ledger
    from mlspend.adapters.pipeline import Landed
    from mlspend.adapters.trial import Trial
    from mlspend.core.deliveries import Build, Delivery, Publication
    from mlspend.core.freshness import Freshness

_DELIVERY = ["source", "billing_period", "version", "status", "delivered_at", "landed_at", "row_count", "billed_cost"]
_NAMES_TOLD = 5
_CHECK = ["x_source", "billing_period", "severity", "layer", "expectation", "subject", "unexpected_count"]


def show_problems(problems: Sequence["Problem"], *, warnings: Sequence["Problem"] = (), as_json: bool) -> None:
    """Show what is wrong with a configuration, and what is odd about a right one."""
    if as_json:
        show_json({"is_valid": not problems, "problems": list(problems), "warnings": list(warnings)})
    else:
        show_lines([f"warning: {warning}" for warning in warnings], err=True)
        show_lines([str(problem) for problem in problems] or ["the configuration is valid"])


def show_rows(rows: Sequence[Mapping[str, Any]], *, as_json: bool) -> None:
    """Show the rows of a query."""
    if as_json:
        show_json(list(rows))
    elif rows:
        show_table("", rows, exact=True)
    else:
        show_lines(["no rows"])


def show_copy(to: "Path", *, as_json: bool) -> None:
    """Show where a copy was written."""
    if as_json:
        show_json({"copy": str(to)})
    else:
        show_lines([f"a self-contained copy is at {to}"])


def show_found(found: Mapping[str, Sequence["Delivery"]], errors: Mapping[str, str], *, as_json: bool) -> None:
    """Show what each source has delivered, and which sources did not answer."""
    rows = [
        {
            "source": source,
            "billing_period": delivery.period,
            "export_kind": delivery.export_kind,
            "version": delivery.version,
            "delivered_at": delivery.delivered_at,
            "files": len(delivery.files),
            "bytes": sum(file.size for file in delivery.files),
        }
        for source, deliveries in found.items()
        for delivery in sorted(deliveries, key=lambda one: (one.period, one.delivered_at), reverse=True)
    ]
    if as_json:
        show_json({"deliveries": rows, "errors": dict(errors)})
        return
    show_table("Delivered, newest first", rows)
    show_lines(f"{source}: {message}" for source, message in errors.items())


def show_landed(landed: Sequence["Landed"], *, as_json: bool) -> None:
    """Show what was landed and what was rejected, and why."""
    document = landing_document(landed)
    if as_json:
        show_json(document)
        return
    show_table("Landed", document["landed"], ["source", "billing_period", "version", "export_kind", "row_count"])
    show_lines(f"rejected: {one['reason']}" for one in document["rejected"])
    if document["up_to_date"] and not document["landed"] and not document["rejected"]:
        show_lines([f"up to date: {document['up_to_date']} deliveries need nothing"])


def landing_document(landed: Sequence["Landed"]) -> dict[str, Any]:
    """Return what landing came to as plain values."""
    return {
        "landed": [
            {
                "source": receipt.delivery.source,
                "billing_period": receipt.delivery.period,
                "version": receipt.delivery.version,
                "export_kind": receipt.delivery.export_kind,
                "row_count": receipt.row_count,
                "rejected_rows": dict(receipt.rejected_rows),
                "absent_columns": list(receipt.absent_columns),
                "extra_columns": list(receipt.extra_columns),
            }
            for one in landed
            for receipt in one.receipts
        ],
        "rejected": [
            {
                "source": rejection.delivery.source,
                "billing_period": rejection.delivery.period,
                "version": rejection.delivery.version,
                "reason": rejection.reason,
                "retry_may_help": not rejection.is_final,
            }
            for one in landed
            for rejection in one.rejections
        ],
        "up_to_date": sum(one.up_to_date for one in landed),
    }


def show_build(build: "Build", *, as_json: bool) -> None:
    """Show what a build rebuilt."""
    document = _build_document(build)
    if as_json:
        show_json(document)
    elif build.is_unchanged:
        show_lines(["nothing changed since the last publication: nothing to build"])
    else:
        show_table("Rebuilt", document["rebuilt"])
        show_lines([f"build {build.build_id} is proved; `mlspend publish` lets readers see it"])


def show_publication(publication: "Publication", home: "Home", *, as_json: bool) -> None:
    """Show what readers can open now."""
    document = {
        "build_id": publication.build_id,
        "published_at": publication.published_at,
        "warehouse": str(home.published_warehouse),
        "partitions": len(publication.partitions),
    }
    if as_json:
        show_json(document)
    else:
        show_lines([f"build {publication.build_id} is published: {home.published_warehouse}"])


def show_messages(messages: Sequence[Any], *, as_json: bool) -> None:
    """Show the messages that went out now."""
    if as_json:
        show_json(list(messages))
    elif messages:
        show_lines(str(message) for message in messages)
    else:
        show_lines(["nothing to send: this week's digest is out"])


def show_run(
    landed: Sequence["Landed"], build: "Build", messages: Sequence[Any], home: "Home", *, as_json: bool
) -> None:
    """Show the headline numbers after everything ran."""
    warehouse = home.published_warehouse
    totals = spend_report.read_totals(warehouse)
    projects = spend_report.read_projects(warehouse)
    reconciliation = spend_report.read_reconciliation(warehouse)
    if as_json:
        show_json(
            {
                **landing_document(landed),
                "build": _build_document(build),
                "messages": list(messages),
                "warehouse": str(warehouse),
                "totals": totals,
                "by_project": projects,
                "reconciliation": reconciliation,
            }
        )
        return
    show_landed(landed, as_json=False)
    show_table("Spend", totals)
    show_table("By project", projects)
    show_table("Reconciliation", reconciliation)
    show_messages(messages, as_json=False)
    show_lines([f"warehouse: {warehouse}"])


def show_status(ledger: "Ledger", home: "Home", sources: Sequence["Freshness"], *, as_json: bool) -> None:
    """Show deliveries, freshness, the last publication and the messages."""
    published = ledger.last_publication()
    deliveries, messages = ledger.deliveries(), ledger.messages()
    dead_letters = ledger.dead_letters()
    if as_json:
        show_json(
            {
                "home": str(home.root),
                "warehouse": str(home.published_warehouse) if home.published_warehouse.exists() else None,
                "publication": published,
                "freshness": freshness_rows(sources),
                "held_back": [one for one in ledger.held_deliveries() if one.is_open],
                "billing_periods": cli_close.period_rows(home),
                "deliveries": deliveries,
                "dead_letters": dead_letters,
                "messages": messages,
            }
        )
        return
    show_deliveries(deliveries)
    show_freshness(sources)
    cli_close.show_periods(cli_close.period_rows(home))
    if any(one.is_red for one in ledger.held_deliveries()):
        show_lines(["what is held keeps readers at an older state of its billing period: `mlspend gates`"])
    if dead_letters:
        show_lines([f"{len(dead_letters)} messages of the queues led to nothing: --json and ops.dead_letters say why"])
    show_table("Messages", messages)
    if published:
        when = f"{published.published_at:%Y-%m-%d %H:%M:%S} UTC"
        show_lines([f"published {published.build_id} at {when}: {home.published_warehouse}"])
    else:
        show_lines([f"nothing is published in {home.root} yet"])


def show_deliveries(deliveries: Sequence[Mapping[str, Any]]) -> None:
    """Show where every delivery stands, then for each that readers do not see the reason."""
    show_table("Deliveries", [{**one, "billed_cost": _costs(one["billed_costs"])} for one in deliveries], _DELIVERY)
    show_lines(
        f"{one['source']} {one['billing_period']} {one['version']} is {one['status']}: {one['reason']}"
        for one in deliveries
        if one["reason"]
    )


def _costs(costs: Mapping[str, Any]) -> str:
    return ", ".join(f"{currency} {cost:,.2f}" for currency, cost in sorted(costs.items())) or "–"


def show_trial(trial: "Trial", *, as_json: bool) -> None:
    """Show what somebody's own exports came to."""
    if as_json:
        show_json(trial.to_dict())
        return
    show_table("Found", trial.found)
    if trial.report:
        report = trial.report
        show_table("Spend", report.totals)
        show_table("By service", report.by_service)
        show_table("By account", report.by_account)
        show_table("By project", report.by_project)
        show_table("Usage that bears no tag", report.untagged)
        show_table("Tag keys, by the share of usage they cover", report.tag_keys)
        show_table("Values of the tag key that covers most", report.tag_values)
        show_table("Reconciliation", report.reconciliation)
        show_table("Checks that warn or say no", report.failed_checks, _CHECK)
    show_table("Lines left out, by rule", trial.rejected_rows)
    show_table("Columns", [{**row, "columns": _shorten(row["columns"])} for row in trial.columns])
    show_lines(f"not recognised: {name}" for name in trial.unrecognised)
    show_lines(f"rejected: {reason}" for reason in trial.rejected)
    show_lines(f"failed: {reason}" for reason in trial.failures)
    if trial.failures and not trial.kept_in:
        show_lines(["the home of this trial is gone; with --keep DIR it stays, to look into"])
    show_lines([trial.verdict])


def _shorten(names: Sequence[str]) -> str:
    """Return the first names; all of them are in the JSON document."""
    return ", ".join(names[:_NAMES_TOLD]) + (", …" if len(names) > _NAMES_TOLD else "")


def _build_document(build: "Build") -> dict[str, Any]:
    return {
        "build_id": build.build_id,
        "is_unchanged": build.is_unchanged,
        "partitions": len(build.partitions),
        "rebuilt": [
            {"source": one.x_source, "billing_period": one.billing_period, "version": one.version}
            for one in build.rebuilt
        ],
    }
