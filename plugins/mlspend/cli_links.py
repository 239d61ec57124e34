"""`mlspend links`: which resource belongs to which other, asked of the cloud."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Which resource leads to which other: the file resource_links.", no_args_is_help=True)


@app.callback()
def links() -> None:
    """Keep the commands of this group."""


@app.command("fetch")
def fetch(
    to: Annotated[Path, typer.Option("--to", help="The CSV file; links it holds of deleted resources are kept.")],
    region: Annotated[list[str] | None, typer.Option("--region", help="A region; may be repeated.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document instead of tables.")] = False,
) -> None:
    """Ask EC2 which snapshot is of which volume and which volume of which instance; it is only read."""
    from mlspend.adapters import ec2_links, resource_links
    from mlspend.cli_output import show_json, show_lines

    found = list(ec2_links.fetch_links(region or []))
    count = resource_links.write_links(to, found)
    if as_json:
        show_json({"found": len(found), "links": count, "path": str(to)})
    else:
        show_lines([f"{len(found)} links found, {count} in {to}"])
