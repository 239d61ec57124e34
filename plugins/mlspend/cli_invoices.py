"""`mlspend invoices`: take invoices, which the bill is held against."""

from datetime import UTC, datetime
from typing import Annotated

import typer

app = typer.Typer(help="Invoices, which the bill is held against.", no_args_is_help=True)


@app.callback()
def invoices() -> None:
    """Keep the commands of this group."""


@app.command("land")
def land(
    source: Annotated[str | None, typer.Argument(help="Name of one source; default: all of them.")] = None,
    period: Annotated[
        str | None, typer.Option("--period", help="One billing period, YYYY-MM; default: all, by API the newest three.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document instead of tables.")] = False,
) -> None:
    """Take the invoices that mlspend.yml names; a restated one replaces what was known of it."""
    from mlspend.adapters import config
    from mlspend.adapters import invoices as taking
    from mlspend.adapters.home import Home
    from mlspend.adapters.ledger import Ledger
    from mlspend.cli_output import show_json, show_lines, show_table
    from mlspend.core.periods import parse_period

    try:
        wanted = parse_period(period) if period else None
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    home = Home.from_environment()
    with Ledger.open(home) as ledger:
        taken = taking.take(home, config.load(), ledger, now=datetime.now(UTC), source=source, period=wanted)
    found = [invoice.plain() for one in taken for invoice in one.invoices]
    refused = [one.refusal for one in taken if one.refusal]
    changed = sum(one.changed for one in taken)
    if as_json:
        show_json({"invoices": found, "changed": changed, "refused": refused})
    else:
        show_table("Invoices", found, exact=True)
        show_lines([*(f"refused: {each}" for each in refused), f"{len(found)} read, {changed} new or restated"])
    raise typer.Exit(1 if refused else 0)
