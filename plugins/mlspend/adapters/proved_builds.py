"""Which builds have passed their checks and wait to be published: a mark in each one's folder says so."""

import json
from contextlib import suppress

from mlspend.adapters.home import Home
from mlspend.core.deliveries import Build, Publication

_MARK = "proved.json"


def mark(home: Home, made: Build, previous: Publication | None) -> None:
    """Mark `made`, which was begun on `previous`, as proved: in one step, half a mark would stop the next run."""
    file = home.builds / made.build_id / _MARK
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_suffix(".partial")
    partial.write_text(json.dumps({"build": made.to_json(), "on": previous.build_id if previous else None}))
    partial.replace(file)


def newest(home: Home) -> tuple[Build, str | None] | None:
    """Return the newest marked build and the id of the publication it was begun on (None: of none)."""
    for file in sorted(home.builds.glob(f"*/{_MARK}"), reverse=True):
        with suppress(FileNotFoundError):  # another process has published meanwhile, and removed it
            marked = json.loads(file.read_text())
            return Build.from_json(marked["build"]), marked["on"]
    return None


def remove_marks(home: Home) -> None:
    """Remove all marks, that of the newest build last: as long as any stands, that one does."""
    for file in sorted(home.builds.glob(f"*/{_MARK}")):
        file.unlink(missing_ok=True)
