"""What the note beside a run says: what it did, and what the ledger knows. Airflow keeps 1,000 characters of it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from mlspend.core.deliveries import Build

# The width of the column in Airflow's database (dag_run_note.content).
LONGEST_NOTE = 1000
# Enough to see what went wrong lately; `mlspend status` shows all.
_UNUSED_SHOWN = 4
_LONGEST_REASON = 160
_UNUSED = ("superseded", "ignored", "rejected")


def describe_landing(source: str, landed: Mapping[str, int], deliveries: Sequence[Mapping[str, Any]]) -> str:
    """Return what a run landed of `source` (lines per billing period), then what the ledger knows of it.

    `deliveries` are rows as Ledger.deliveries() gives them; those of other sources are left out. Of the deliveries
    that are not used the newest are shown, with the reason; those that only wait for their turn are counted.
    """
    known = [row for row in deliveries if row["source"] == source]
    periods = ", ".join(f"{period} ({count:,} lines)" for period, count in landed.items())
    lines = [shorten(f"{source}: landed {periods or 'nothing new'}", LONGEST_NOTE // 3)]
    if known:
        counts = Counter(row["status"] for row in known)
        newest = max(row["delivered_at"] for row in known)
        told = ", ".join(f"{count} {status}" for status, count in sorted(counts.items()))
        lines.append(f"ledger: {told}; newest delivery {newest:%Y-%m-%d %H:%M} UTC")
    unused = [row for row in known if row["status"] in _UNUSED or (row["status"] == "seen" and row["rejection_reason"])]
    unused.sort(key=lambda row: row["delivered_at"], reverse=True)
    lines += [_describe_unused(row) for row in unused[:_UNUSED_SHOWN]]
    return "\n".join(lines)


def describe_build(build: Build) -> str:
    """Return which billing periods of which sources a build wrote anew."""
    if build.is_unchanged:
        return "nothing to build: everything landed is published already"
    rebuilt = ", ".join(f"{one.x_source} {one.billing_period}" for one in build.rebuilt)
    return shorten(f"built {build.build_id}: {rebuilt or 'no billing period anew'}", LONGEST_NOTE // 3)


def shorten(text: str, longest: int = LONGEST_NOTE) -> str:
    """Return `text` cut to `longest` characters, without what a database would refuse.

    >>> shorten("as long as it may be", 10)
    'as long a…'
    """
    text = text.replace("\0", "").strip()
    return text if len(text) <= longest else text[: longest - 1] + "…"


def _describe_unused(row: Mapping[str, Any]) -> str:
    # Errors name the delivery too, as Delivery prints itself; once is enough.
    name = f"source {row['source']!r}, billing period {row['billing_period']}, version {row['version']}: "
    reason = " ".join(row["reason"].replace(name, "").split())
    told = f"{row['status']} {row['billing_period']} version {row['version'][:12]}"
    return shorten(f"{told}: {reason}", _LONGEST_REASON) if reason else told
