"""`mlspend gates`: which quality gates are red, and take a delivery that is held back as right."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mlspend.core import wording

if TYPE_CHECKING:
    from mlspend.core.gates import RedGate

app = typer.Typer(help="Which quality gates are red; exit 1 where any is.", invoke_without_command=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of tables.")]


@app.callback()
def gates(context: typer.Context, as_json: AsJson = False) -> None:
    """List the red gates: what of which source is kept from readers, since when, why, and how old what they see is."""
    if context.invoked_subcommand is not None:
        return
    from mlspend.adapters import config
    from mlspend.adapters.gates.red_gates import read_red
    from mlspend.adapters.home import Home
    from mlspend.adapters.ledger import Ledger
    from mlspend.cli_output import show_json, show_lines

    home, now = Home.from_environment(), datetime.now(UTC)
    with Ledger.open(home) as ledger:
        red = read_red(home, config.load(), ledger, now)
    if as_json:
        show_json(
            [
                gate_row(gate, now) | {"sentences": gate.sentences, "link": gate.link, "pages": gate.pages}
                for gate in red
            ]
        )
    elif red:
        show_gates(red, now)
    else:
        show_lines(["no gate is red"])
    raise typer.Exit(1 if red else 0)


@app.command()
def accept(
    source: Annotated[str, typer.Argument(help="Name of the source.")],
    period: Annotated[str, typer.Argument(help="The billing period that is held back, YYYY-MM.")],
    by: Annotated[str, typer.Option("--by", help="Who takes it as right.")],
    reason: Annotated[str, typer.Option("--reason", help="Why, in a sentence.")],
    version: Annotated[
        str | None, typer.Option("--version", help="The version you looked at, as `mlspend gates` shows it.")
    ] = None,
    until: Annotated[
        str | None,
        typer.Option("--until", help="Later versions may fail these checks too, up to this day, YYYY-MM-DD."),
    ] = None,
) -> None:
    """Take the delivery that is held back as right: the next build publishes it. A later one is judged anew."""
    from mlspend.adapters.gates import hold_back
    from mlspend.adapters.home import Home
    from mlspend.adapters.ledger import Ledger
    from mlspend.cli_output import show_lines

    if not by.strip() or not reason.strip():
        raise typer.BadParameter("--by and --reason say who takes it as right, and why: neither can be empty")
    try:
        last = date.fromisoformat(until) if until else None
    except ValueError:
        raise typer.BadParameter(f"--until {until} is not a day: YYYY-MM-DD") from None
    with Ledger.open(Home.from_environment()) as ledger:
        taken = hold_back.accept(
            ledger, source, period, version=version, until=last, by=by, reason=reason, now=datetime.now(UTC)
        )
    show_lines(
        [
            f"version {taken.version} of {source} {period} is taken as right: the next build publishes it",
            *([f"so are these checks in its later versions, up to {last} (UTC)"] if last else []),
        ]
    )


def gate_row(gate: "RedGate", now: datetime) -> dict[str, Any]:
    """Return one red gate as plain values; age in hours, None where readers see nothing."""
    age = (now - gate.last_good_at).total_seconds() / 3600 if gate.last_good_at else None
    return {
        "source": gate.x_source or None,
        "billing_period": gate.billing_period,
        "version": gate.version,
        "kind": gate.kind,
        "since": gate.since,
        "last_good_at": gate.last_good_at,
        "age_hours": None if age is None else round(age, 2),
    }


def show_gates(red: Sequence["RedGate"], now: datetime) -> None:
    """Show the red gates as a table, then what each says."""
    from mlspend.cli_output import show_lines, show_table
    from mlspend.core.gates import accept_command

    rows = [
        {
            "source": gate.x_source or "all",
            "billing_period": gate.billing_period or "all",
            "kind": gate.kind,
            "since": gate.since,
            "readers_see": f"{wording.span(now - gate.last_good_at)} old" if gate.last_good_at else "nothing",
        }
        for gate in red
    ]
    show_table("Red gates", rows)
    for gate in red:
        place = " ".join(filter(None, (gate.x_source or "all sources", gate.billing_period)))
        show_lines(
            [
                f"{place}: {' '.join(gate.sentences)}",
                *([f"  pages: {link}"] if (link := gate.link or gate.pages) else []),
                *(
                    [f"  if it is right: {accept_command(gate.x_source, gate.billing_period, gate.version)}"]
                    if gate.billing_period and gate.version
                    else []
                ),
            ]
        )
