"""What `mlspend status` says about the freshness of the sources."""

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from mlspend.cli_output import show_lines, show_table
from mlspend.core import wording
from mlspend.core.freshness import describe

if TYPE_CHECKING:
    from mlspend.core.freshness import Freshness


def freshness_rows(sources: Sequence["Freshness"]) -> list[dict[str, Any]]:
    """Return the freshness of each source as plain values for JSON."""
    return [
        {
            "source": each.source,
            "level": each.level,
            "last_delivered_at": each.last_delivered_at,
            "age_hours": _hours(each.age) if each.last_delivered_at else None,
            "rhythm_hours": _hours(each.rhythm),
            "overdue_hours": max(_hours(each.overdue), 0.0),
            "last_looked_at": each.looked_at,
            "not_landed_since": each.failed,
        }
        for each in sources
    ]


def show_freshness(sources: Sequence["Freshness"]) -> None:
    """Show the freshness of each source as a table."""
    rows = [
        {
            "source": each.source,
            "last_delivered": each.last_delivered_at or "nothing was ever delivered",
            "age": wording.span(each.age) if each.last_delivered_at else None,
            "rhythm": wording.span(each.rhythm),
            "level": each.level,
        }
        for each in sources
    ]
    show_table("Freshness", rows)


def show_too_old(sources: Sequence["Freshness"], limit: str) -> None:
    """Say on standard error which sources delivered nothing within `limit`."""
    show_lines((f"mlspend: {describe(each)}; more than {limit}" for each in sources), err=True)


def _hours(length: timedelta) -> float:
    return round(length.total_seconds() / 3600, 2)
