"""Earlier published states from a shell: which one is meant, and which ones there are."""

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from mlspend.cli_output import show_json, show_lines, show_table

if TYPE_CHECKING:
    from mlspend.adapters.home import Home


def choose_file(home: "Home", build_id: str | None, as_known_on: str | None, *, now: datetime) -> Path:
    """Return the warehouse file that is meant: by build id, by when it could be seen, else the published one."""
    from mlspend.adapters import publication_history

    if build_id and as_known_on:
        raise typer.BadParameter("--publication and --as-known-on cannot both say which state is meant")
    if as_known_on:
        return publication_history.find_as_known(home, parse_moment(as_known_on, now))
    return publication_history.find(home, build_id) if build_id else home.published_warehouse


def parse_moment(text: str, now: datetime) -> datetime:
    """Return the end of a day '2026-11-03', or the moment '2026-11-03T14:30' (UTC unless it says otherwise).

    Raises typer.BadParameter for anything else, and for what has not come yet.
    """
    try:
        if len(text) == len("2026-11-03"):
            day = date.fromisoformat(text)
            moment = datetime.combine(day, time.min, UTC)
            end = moment + timedelta(days=1) - timedelta(microseconds=1)
        else:
            moment = datetime.fromisoformat(text)
            moment = end = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError) as error:
        raise typer.BadParameter(
            f"{text!r} is no day and no time: write 2026-11-03, or 2026-11-03T14:30 (UTC)"
        ) from error
    if moment > now:
        raise typer.BadParameter(f"{text} has not come yet: nobody knows what will be known then")
    return end


def show_publications(home: "Home", *, as_json: bool) -> None:
    """Show every published state that can be opened, newest first."""
    from mlspend.adapters import publication_history

    rows = [
        {
            "build_id": one.publication.build_id,
            "published_at": one.publication.published_at,
            "is_current": one.is_current,
            "partitions": len(one.publication.partitions),
            "without_lines": sum(not partition.has_lines for partition in one.publication.partitions),
            "path": str(one.path),
        }
        for one in publication_history.list_kept(home)
    ]
    if as_json:
        show_json(rows)
    elif rows:
        show_table("Publications that can be opened", rows)
    else:
        show_lines([f"nothing is published in {home.root} yet"])
