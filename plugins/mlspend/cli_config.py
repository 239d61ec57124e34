"""`mlspend config`: what is wrong with mlspend.yml."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="The configuration, mlspend.yml.", no_args_is_help=True)


@app.callback()
def config() -> None:
    """Keep the commands of this group."""


@app.command("check")
def check(
    path: Annotated[Path | None, typer.Argument(help="Default: MLSPEND_CONFIG, else config/mlspend.yml.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document instead of tables.")] = False,
) -> None:
    """Say what is wrong with mlspend.yml: file, line, key, and what would be right.

    Rules that match nothing of what is published are told too, as warnings.
    """
    from mlspend import cli_reports
    from mlspend.adapters import config, rule_matches
    from mlspend.adapters.home import Home

    problems, idle = config.check(path), []
    if not problems:
        idle = config.locate(rule_matches.find_idle_rules(Home.from_environment(), config.load(path)), path)
    cli_reports.show_problems(problems, warnings=idle, as_json=as_json)
    raise typer.Exit(1 if problems else 0)
