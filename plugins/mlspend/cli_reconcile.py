"""`mlspend reconcile`: does what is published match the bill, hop by hop, invoice by invoice."""

from datetime import UTC, datetime
from typing import Annotated, Any

import typer


def reconcile(
    source: Annotated[str | None, typer.Argument(help="Name of one source; default: all of them.")] = None,
    period: Annotated[str | None, typer.Option("--period", help="One billing period, YYYY-MM.")] = None,
    cost_explorer: Annotated[
        bool, typer.Option("--cost-explorer", help="Also ask AWS Cost Explorer: 0.01 USD a request, once a day.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document instead of tables.")] = False,
) -> None:
    """Show whether what is published matches the bill; exit 1 where something does not."""
    from mlspend.adapters import spend_report
    from mlspend.adapters.home import Home
    from mlspend.cli_output import show_json, show_lines, show_table
    from mlspend.core.errors import NothingPublished
    from mlspend.core.periods import parse_period
    from mlspend.core.proof_plan import SMALLEST_DIFFERENCE

    try:
        wanted = parse_period(period) if period else None
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    warehouse = Home.from_environment().published_warehouse
    if not warehouse.exists():
        raise NothingPublished(f"nothing is published at {warehouse} yet: run `mlspend run` first")

    def meant(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [one for one in rows if source in (None, one["x_source"]) and wanted in (None, one["billing_period"])]

    hops = meant(spend_report.read_reconciliation(warehouse))
    if not hops:
        raise NothingPublished(f"nothing of {source or 'any source'} in {wanted or 'any period'} is published")
    invoices = meant(spend_report.read_invoices(warehouse))
    explored = _ask_cost_explorer(source, wanted) if cost_explorer else []
    is_reconciled = all(one["is_reconciled"] for one in hops)
    is_right = is_reconciled and all(abs(one["difference"]) < SMALLEST_DIFFERENCE for one in explored)
    if as_json:
        found = {"reconciliation": hops, "invoices": invoices, "cost_explorer": explored if cost_explorer else None}
        show_json({"is_reconciled": is_reconciled, **found})
    else:
        show_table("Every hop", hops)
        show_table("Invoices", invoices)
        show_table("Cost Explorer", explored)
        show_lines(["every hop agrees" if is_reconciled else "hops differ: see largest_difference"])
    raise typer.Exit(0 if is_right else 1)


def _ask_cost_explorer(source: str | None, period: str | None) -> list[dict[str, Any]]:
    from mlspend.adapters import config, cost_explorer
    from mlspend.adapters.home import Home
    from mlspend.adapters.ledger import Ledger

    settings, home = config.load(), Home.from_environment()
    names = [source] if source else [one.name for one in settings.sources if one.provider == "aws"]
    with Ledger.open(home) as ledger:
        return [
            {"x_source": name, **vars(one), "difference": one.difference}
            for name in names
            for one in cost_explorer.check(home, settings, ledger, name, now=datetime.now(UTC), period=period)
        ]
