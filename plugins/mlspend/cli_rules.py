"""Rules of attribution from a shell: their versions, what a change would move, and history as they would have it."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mlspend.cli_output import progress, show_json, show_lines, show_table

if TYPE_CHECKING:
    from mlspend.core.periods import PeriodRange

app = typer.Typer(help="Versions of the rules of attribution, and what a change of them moves.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of tables.")]
First = Annotated[str | None, typer.Option("--from", help="First billing period, YYYY-MM; default: all.")]
Last = Annotated[str | None, typer.Option("--to", help="Last billing period, YYYY-MM; default: all.")]
One = Annotated[str | None, typer.Option("--period", help="One billing period, YYYY-MM.")]


@app.command("list")
def list_versions(as_json: AsJson = False) -> None:
    """List every version that costs were attributed by, and the published billing periods that are."""
    from mlspend.adapters import publication
    from mlspend.adapters.home import Home
    from mlspend.adapters.ledger import Ledger

    home = Home.from_environment()
    published = publication.read_published(home)
    partitions = published.partitions if published else ()
    with Ledger.open(home) as ledger:
        rows = [
            {
                **row,
                "published": [
                    f"{one.x_source} {one.billing_period}" for one in partitions if one.rules == row["version"]
                ],
            }
            for row in ledger.rule_versions()
        ]
    if as_json:
        return show_json(rows)
    shown = [
        {
            "version": row["version"],
            "first_used_at": row["first_used_at"],
            "projects": len(row["rules"].get("projects", [])),
            "rules": len(row["rules"].get("rules", [])),
            "shared_costs": len(row["rules"].get("shared_costs", [])),
            "published": ", ".join(row["published"]) or "–",
        }
        for row in rows
    ]
    return show_table("Versions of the rules", shown) if shown else show_lines(["no rules were used yet"])


@app.command()
def diff(
    old: Annotated[str, typer.Argument(help="published, a version (its beginning will do), or a configuration file.")],
    new: Annotated[str, typer.Argument(help="The same, for the rules to compare with.")],
    period: One = None,
    first: First = None,
    last: Last = None,
    as_json: AsJson = False,
) -> None:
    """Show the money that would move between projects, before a change is applied; nothing published is touched."""
    from mlspend.adapters import rule_changes
    from mlspend.adapters.home import Home
    from mlspend.adapters.ledger import Ledger

    periods, home = _periods(period, first, last), Home.from_environment()
    with Ledger.open(home) as ledger, progress() as tell:
        tell("attributing by other rules")
        found = rule_changes.diff(home, ledger, old, new, periods=periods, now=datetime.now(UTC))
    if as_json:
        return show_json(found)
    show_table("Lines that move", found.moves)
    show_table(
        "Net change of each project and team, with their shares of shared costs",
        [_change(row) for row in found.changes],
    )
    if found.compared and not found.moves and not found.changes:
        show_lines([f"the rules differ for {_names(found.compared)}, but no money moves"])
    if not found.compared:
        show_lines(["the rules are alike for every billing period that was asked for"])
    return _show_left_out(found.closed, found.without_lines)


@app.command()
def spend(
    rules: Annotated[
        str, typer.Argument(help="published, a version (its beginning will do), or a configuration file.")
    ],
    build_id: Annotated[str | None, typer.Option("--publication", help="Lines of an earlier published state.")] = None,
    as_known_on: Annotated[
        str | None, typer.Option("--as-known-on", help="Lines as readers saw them at the end of a day, or at a time.")
    ] = None,
    period: One = None,
    first: First = None,
    last: Last = None,
    as_json: AsJson = False,
) -> None:
    """Show spend by project as these rules would have it, over the lines as known now or then."""
    from mlspend import cli_publications
    from mlspend.adapters import rule_changes
    from mlspend.adapters.home import Home
    from mlspend.adapters.ledger import Ledger

    periods, home, now = _periods(period, first, last), Home.from_environment(), datetime.now(UTC)
    file = cli_publications.choose_file(home, build_id, as_known_on, now=now)
    with Ledger.open(home) as ledger, progress() as tell:
        tell("attributing by these rules")
        found = rule_changes.spend(home, ledger, rules, file, periods=periods, now=now)
    if as_json:
        return show_json(found)
    show_table("Spend by project", found.rows)
    return _show_left_out([], found.without_lines)


def _change(row: dict[str, Any]) -> dict[str, Any]:
    names = ("billing_period", "billing_currency", "project", "team", "effective_cost_before", "effective_cost_after")
    return {name: row[name] for name in (*names, "effective_cost_change", "billed_cost_change")}


def _show_left_out(closed: Sequence[tuple[str, str]], without_lines: Sequence[tuple[str, str]]) -> None:
    if closed:
        show_lines([f"closed, so they keep their rules: {_names(closed)}"])
    if without_lines:
        show_lines([f"left out, because only their sums are kept: {_names(without_lines)}"])


def _names(places: Sequence[tuple[str, str]]) -> str:
    return ", ".join(f"{source} {period}" for source, period in places)


def _periods(period: str | None, first: str | None, last: str | None) -> "PeriodRange":
    from mlspend.core.periods import PeriodRange

    if period and (first or last):
        raise typer.BadParameter("--period means one billing period; --from and --to mean several")
    try:
        return PeriodRange(period or first, period or last)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
