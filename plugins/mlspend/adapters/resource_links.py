"""The file that says which resource belongs to which other: a snapshot to its volume, a volume to its instance."""

import csv
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path

from mlspend.adapters.home import Home
from mlspend.core.errors import ConfigInvalid

_COLUMNS = ("resource_id", "linked_resource_id", "valid_from", "valid_to")
_HOW = (
    f"write a CSV file with the columns {', '.join(_COLUMNS[:2])} and, where they are wanted, valid_from and valid_to"
)


@dataclass(frozen=True, order=True)
class ResourceLink:
    """From one resource to another, each as the last part of its id; both days are included."""

    resource: str
    linked: str
    valid_from: date | None = None
    valid_to: date | None = None


def last_part(resource_id: str) -> str:
    """Return what identifies a resource within its ARN, or the id that it has without one.

    >>> last_part("arn:aws:ec2:eu-west-1:000000000011:volume/vol-1"), last_part("vol-1")
    ('vol-1', 'vol-1')
    """
    return re.split(r"[/:]", resource_id.strip())[-1]


def read_links(written: str) -> tuple[ResourceLink, ...]:
    """Return the links of the file `written` in the configuration, absolute or below MLSPEND_HOME.

    ConfigInvalid where it cannot be read or holds something else, naming the line.
    """
    path = Home.from_environment().root / Path(written).expanduser()
    try:
        seen = path.stat()
        return _read(path, seen.st_mtime_ns, seen.st_size)
    except OSError as error:
        raise ConfigInvalid(f"{path} cannot be read ({error.strerror}): {_HOW}, or take the key out") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise ConfigInvalid(f"{path} is no CSV file in UTF-8 ({error}): {_HOW}") from error


@lru_cache(maxsize=2)
def _read(path: Path, _modified: int, _size: int) -> tuple[ResourceLink, ...]:
    with path.open(newline="", encoding="utf-8-sig") as file:
        rows = csv.DictReader(file)
        if not set(_COLUMNS[:2]) <= set(rows.fieldnames or ()):
            raise ConfigInvalid(f"{path}:1: {_HOW}")
        found = []
        for row in rows:
            try:
                found.append(_link(row))
            except ValueError as error:
                raise ConfigInvalid(f"{path}:{rows.line_num}: {error}; {_HOW}, days as 2026-01-31") from error
    return tuple(sorted(set(found), key=lambda link: (link.resource, link.linked, str(link.valid_from))))


def _link(row: dict[str, str | None]) -> ResourceLink:
    resource, linked = (last_part(row[name] or "") for name in _COLUMNS[:2])
    if not resource or not linked:
        raise ValueError("a resource is missing")
    begins, ends = (date.fromisoformat(text) if (text := row.get(name)) else None for name in _COLUMNS[2:])
    if begins and ends and ends < begins:
        raise ValueError(f"valid_to {ends} is before valid_from {begins}")
    return ResourceLink(resource, linked, begins, ends)


def write_links(path: Path, links: Iterable[ResourceLink]) -> int:
    """Write `links` to `path` and return how many; kept are those it held of resources that are not among them.

    A resource that has been deleted stays on earlier bills, and its link with it.
    """
    found = set(links)
    named = {link.resource for link in found}
    held = [link for link in read_links(str(path.absolute())) if link.resource not in named] if path.exists() else []
    rows = sorted({*found, *held}, key=lambda link: (link.resource, link.linked, str(link.valid_from)))
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    with partial.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(_COLUMNS)
        writer.writerows((link.resource, link.linked, link.valid_from, link.valid_to) for link in rows)
    partial.replace(path)
    return len(rows)
