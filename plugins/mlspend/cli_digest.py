"""`mlspend digest`: send what is due, or show a past week's again."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mlspend import cli_clock

if TYPE_CHECKING:
    from mlspend.adapters.digests.kept import Again
    from mlspend.adapters.ledger import Ledger


def digest(
    week: Annotated[str | None, typer.Option(help="Show the digests of a past week again, YYYY-Www.")] = None,
    channel: Annotated[str | None, typer.Option(help="With --week: only the one for this channel.")] = None,
    to: Annotated[Path | None, typer.Option("--to", help="With --week: write them into this folder.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document instead of tables.")] = False,
) -> None:
    """Send each team's digest that is due, once; without a Slack token it goes to the outbox."""
    from mlspend import cli_reports
    from mlspend.adapters.home import Home
    from mlspend.adapters.ledger import Ledger

    if week is None and (channel or to):
        raise typer.BadParameter("--channel and --to go with --week")
    with Ledger.open(Home.from_environment()) as ledger:
        if week is None:
            return cli_reports.show_messages(send_due(ledger), as_json=as_json)
        again = _render_again(ledger, week, channel)
    return _show_again(again, to, as_json=as_json)


def send_due(ledger: "Ledger") -> list[Any]:
    """Send what is due with the token of the environment; e-mails go to the outbox, as Airflow has their Connection."""
    from mlspend.adapters import config
    from mlspend.adapters.digests import digest as digests
    from mlspend.adapters.home import Home

    token, base_url = os.environ.get("MLSPEND_SLACK_TOKEN"), os.environ.get("MLSPEND_SLACK_URL")
    home, now = Home.from_environment(), cli_clock.now()
    return list(digests.send(home, config.load(), ledger, now, token, base_url, clock=cli_clock.now))


def _render_again(ledger: "Ledger", week: str, channel: str | None) -> "list[Again]":
    from mlspend.adapters.digests import kept
    from mlspend.core.weeks import Week

    try:
        asked = Week.parse(week)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    return kept.render_again(ledger, asked, channel)


def _show_again(again: "list[Again]", to: Path | None, *, as_json: bool) -> None:
    from mlspend import cli_output
    from mlspend.adapters.digests import kept

    for one in again:
        if not one.is_same:
            said = (
                f"mlspend: {one.message.key} was composed by a version that wrote it differently; its figures are these"
            )
            cli_output.show_lines([said], err=True)
    written = [kept.write(one, to) for one in again] if to else [None] * len(again)
    if as_json:
        cli_output.show_json(
            [
                {
                    "key": one.message.key,
                    "channel": one.digest.audience.channel,
                    "build_id": one.digest.build_id,
                    "composed_at": one.digest.composed_at,
                    "is_same": one.is_same,
                    "page": page,
                    "blocks": [block.to_dict() for block in one.message.blocks],
                }
                for one, page in zip(again, written, strict=True)
            ]
        )
    elif to:
        cli_output.show_lines(map(str, written))
    else:
        # A terminal line shows no non-breaking space.
        text = "\n\n".join(one.text for one in again).replace("\N{NO-BREAK SPACE}", " ")
        cli_output.show_lines(text.replace("\N{NARROW NO-BREAK SPACE}", " ").splitlines())
