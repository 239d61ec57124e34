"""Closing billing periods from a shell, and the statements by which teams are charged."""

import getpass
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mlspend.cli_output import show_json, show_lines, show_table

if TYPE_CHECKING:
    from mlspend.adapters.home import Home

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of tables.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands to the CLI."""
    app.command()(close)
    app.command()(chargeback)


def close(
    period: Annotated[str | None, typer.Argument(help="Billing period, YYYY-MM.")] = None,
    source: Annotated[str | None, typer.Option(help="One source; default: all that are published with it.")] = None,
    by: Annotated[str | None, typer.Option(help="Who closes it; default: the user of this shell.")] = None,
    provisional: Annotated[
        str | None, typer.Option(metavar="REASON", help="Close it although its amounts may still change, and say why.")
    ] = None,
    list_them: Annotated[
        bool, typer.Option("--list", help="List billing periods: final or not, closed or not.")
    ] = False,
    reopen: Annotated[bool, typer.Option("--reopen", help="Take the closing of a source's newest one back.")] = False,
    as_json: AsJson = False,
) -> None:
    """Freeze a billing period's statement; what its bill changes later becomes an adjustment of a later month."""
    from mlspend.adapters import closing
    from mlspend.adapters.home import Home
    from mlspend.adapters.ledger import Ledger

    home, now = Home.from_environment(), datetime.now(UTC)
    if list_them:
        return _show_periods(home, as_json=as_json)
    if period is None:
        raise typer.BadParameter("say which billing period, YYYY-MM, or --list")
    _refuse_malformed(period)
    if provisional is not None and not provisional.strip():
        raise typer.BadParameter("--provisional wants the reason why the month is closed now")
    if reopen and not source:
        raise typer.BadParameter("--reopen wants --source: one closing is taken back at a time")
    name = by or getpass.getuser()
    with Ledger.open(home) as ledger:
        if reopen:
            ledger.reopen_period(str(source), period, by=name, now=now)
            done: list[dict[str, Any]] = [{"source": source, "billing_period": period, "reopened_by": name}]
        else:
            done = closing.close(home, ledger, period, source=source, by=name, note=provisional, now=now)
    if as_json:
        return show_json(done)
    word = "reopened" if reopen else "closed"
    show_lines(f"{word}: {one['source']} {one['billing_period']}" for one in done)
    return show_lines(["the next `mlspend build` and `mlspend publish` show it to readers"])


def chargeback(
    period: Annotated[str, typer.Argument(help="Month of the statements, YYYY-MM.")],
    to: Annotated[Path, typer.Option("--to", help="Folder they are written to, one CSV and one PDF per team.")],
    team: Annotated[str | None, typer.Option(help="One team; default: all.")] = None,
    font: Annotated[
        Path | None, typer.Option(help="TrueType font for the PDF, where names need more than Latin letters.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write each team's statement of a month: its charges, shared costs and adjustments of closed months."""
    from mlspend.adapters import chargeback as statements
    from mlspend.adapters import config
    from mlspend.adapters.home import Home
    from mlspend.adapters.ledger import Ledger

    _refuse_malformed(period)
    home = Home.from_environment()
    with Ledger.open(home) as ledger:
        written = statements.write(home, ledger, config.load().company, period, team=team, to=to, font=font)
    if as_json:
        return show_json(written)
    show_table(f"Statements of {period}", [_statement_row(one) for one in written])
    return show_lines([f"written to {to}"])


def _statement_row(one: Any) -> dict[str, Any]:
    return {
        "team": one.team,
        "billing_currency": one.billing_currency,
        "billed_cost": one.billed_amount,
        "effective_cost": one.effective_amount,
        "status": one.status,
        "file": one.pdf.name,
    }


def period_rows(home: "Home") -> Sequence[dict[str, Any]]:
    """Return the billing periods as `mlspend status` and `mlspend close --list` show them."""
    from mlspend.adapters import closing

    return [
        {
            "source": row["x_source"],
            "billing_period": row["billing_period"],
            "billing_account_id": row["billing_account_id"],
            "is_final": row["is_final"],
            "final_from": row["final_from"],
            "final_reason": row["final_reason"],
            "is_closed": row["is_closed"],
            "closed_at": row["closed_at"],
            "closed_by": row["closed_by"],
            "note": row["note"],
            "state": closing.describe_state(row),
        }
        for row in closing.read_periods(home)
    ]


def show_periods(rows: Sequence[dict[str, Any]]) -> None:
    """Show billing periods as a table for people."""
    columns = ["source", "billing_period", "billing_account_id", "state", "closed_at", "closed_by"]
    show_table("Billing periods", rows, columns)


def _show_periods(home: "Home", *, as_json: bool) -> None:
    rows = period_rows(home)
    if as_json:
        show_json(rows)
    elif rows:
        show_periods(rows)
    else:
        show_lines([f"nothing is published in {home.root} yet"])


def _refuse_malformed(period: str) -> None:
    from mlspend.core.periods import parse_period

    try:
        parse_period(period)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
