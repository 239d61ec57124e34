"""What stopped the newest build whole, kept in one file beside the builds until a build is published or not needed."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from mlspend.adapters.home import Home
from mlspend.core.errors import BuildOvertaken, EverythingHeld, Terminal

_FILE = "stopped.json"


@dataclass(frozen=True)
class StoppedBuild:
    """Since when no build could be published, what stopped the newest one, and its id where it came that far."""

    since: datetime
    sentences: tuple[str, ...]
    build_id: str = ""


@contextmanager
def noted(home: Home, now: datetime, build_id: str = "") -> Iterator[None]:
    """Record what keeps a build from being made or proved, unless another build overtook it.

    Where all periods are held already, each is a red gate of its own, and what stopped a build before is over.
    """
    try:
        yield
    except BuildOvertaken:
        raise
    except EverythingHeld:
        clear(home)
        raise
    except Terminal as error:
        record(home, (str(error),), now, build_id)
        raise


def record(home: Home, sentences: tuple[str, ...], now: datetime, build_id: str = "") -> None:
    """Record that a build was stopped; since when that is so stays the first time."""
    known = read(home)
    since = known.since if known else now
    home.builds.mkdir(parents=True, exist_ok=True)
    partial = home.builds / f"{_FILE}.partial"
    partial.write_text(json.dumps({"since": since.isoformat(), "sentences": sentences, "build_id": build_id}))
    partial.replace(home.builds / _FILE)


def read(home: Home) -> StoppedBuild | None:
    """Return what stopped the newest build, None where it was not stopped."""
    try:
        raw = json.loads((home.builds / _FILE).read_text())
    except FileNotFoundError:
        return None
    return StoppedBuild(datetime.fromisoformat(raw["since"]), tuple(raw["sentences"]), raw["build_id"])


def clear(home: Home) -> None:
    """Forget it: something newer is published, or nothing is left to build."""
    (home.builds / _FILE).unlink(missing_ok=True)
