"""Writes the example company's exports in the layout of AWS Data Exports (overwrite): part files, then manifests."""

import hashlib
import json
import logging
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib.resources import files
from pathlib import Path

from mlspend.adapters.duckdb_files import Connection, connect, quote
from mlspend.core.periods import parse_period, shift_period

BUCKET = "example-ml-billing"
PREFIX = "exports"
EXPORT = "example-cur2"

# Run once, in this order; then the second list for every billing period.
_COMPANY = (
    "arithmetic", "company", "catalogue", "fleet", "training", "services", "storage", "network", "commitments",
    "meters", "line_item_columns",
)  # fmt: skip
_PERIOD = ("month", "ticks", "totals", "adjustments", "charges", "meter_lines", "line_items")

# A part file stays below a million lines: for 100 lines of plain usage, about 45 of commitments and pods are added.
_USAGE_LINES_PER_PART = 600_000
# DuckDB reads tables as small as ours on one thread each, so two part files are written at a time.
_WRITERS = 2

_TYPE_NAMES = {
    "VARCHAR": "string",
    "MAP(VARCHAR, VARCHAR)": "map<string,string>",
    "MAP(VARCHAR, DOUBLE)": "map<string,double>",
}

log = logging.getLogger(__name__)


def write_exports(to: Path, *, scale: int = 1, months: int = 3, end: str = "2026-10") -> list[Path]:
    """Write `months` billing periods up to `end` ('YYYY-MM') below the folder `to`; return their manifests' paths.

    `scale` is a number of companies: each has the same machines with other ids and another rhythm, its own
    reservations and its own Savings Plan, so lines and cost grow with it while prices stay those of the catalogue.
    One company is about 20,000 lines and 450,000 USD a month: scale 50 gives a million lines a month, scale 500 ten
    million. The same arguments give the same lines. Part files of an earlier run with more of them are removed.

    Raises ValueError where scale or months is below 1 or `end` is no billing period.
    """
    if scale < 1 or months < 1:
        raise ValueError(f"scale {scale} and months {months}: both must be at least 1")
    last = parse_period(end)
    first = shift_period(last, 1 - months)
    company: dict[str, int | str] = {"scale": scale, "first_period": first, "last_period": last}
    with connect() as connection:
        _set(connection, company)
        _run(connection, _COMPANY)
        return [_write_period(connection, to, company, shift_period(first, number)) for number in range(months)]


def _write_period(connection: Connection, to: Path, company: Mapping[str, int | str], period: str) -> Path:
    """Write one billing period's part files, then (as AWS does, last) its manifest; return the manifest's path."""
    _set(connection, {**company, "period": period, "part": None, "parts": None})
    _run(connection, _PERIOD)
    (usage_lines,) = connection.sql("select sum(line_count) from service_totals").fetchall()[0]
    parts = max(2, -(-int(usage_lines) // _USAGE_LINES_PER_PART))

    partition = f"BILLING_PERIOD={period}"
    folder = to / PREFIX / EXPORT / "data" / partition
    folder.mkdir(parents=True, exist_ok=True)
    for stale in folder.glob("*.parquet"):
        stale.unlink()
    names = [f"{EXPORT}-{part + 1:05d}.snappy.parquet" for part in range(parts)]
    with ThreadPoolExecutor(_WRITERS) as writers:
        write = partial(_write_part, connection, {**company, "period": period, "parts": parts})
        list(writers.map(write, range(parts), [folder / name for name in names]))
    log.info("example company: %s written in %d part files", period, parts)

    manifest = to / PREFIX / EXPORT / "metadata" / partition / f"{EXPORT}-Manifest.json"
    manifest.parent.mkdir(parents=True, exist_ok=True)
    uris = [f"s3://{BUCKET}/{PREFIX}/{EXPORT}/data/{partition}/{name}" for name in names]
    content = _describe(connection, identity=f"{period} {sorted(company.items())}", uris=uris)
    manifest.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    return manifest


def _write_part(connection: Connection, variables: Mapping[str, int | str], part: int, file: Path) -> None:
    """Write one part file: the lines of every `parts`-th meter."""
    with connection.cursor() as cursor:
        _set(cursor, {**variables, "part": part})
        cursor.execute(f"copy (select * from line_items) to {quote(str(file))} (format parquet, compression snappy)")


def _describe(connection: Connection, *, identity: str, uris: list[str]) -> dict[str, object]:
    """Return a manifest's content. It names no period and counts no rows: real ones do not either."""
    digest = hashlib.sha256(identity.encode()).hexdigest()
    columns = connection.sql("describe line_item_columns").fetchall()
    return {
        "executionId": "-".join((digest[:8], digest[8:12], digest[12:16], digest[16:20], digest[20:32])),
        "exportArn": f"arn:aws:bcm-data-exports:us-east-1:012345678901:export/{EXPORT}-4f1c2a9e",
        "columns": [{"name": name, "type": _TYPE_NAMES.get(kind, kind.lower())} for name, kind, *_ in columns],
        "dataFiles": uris,
        "additionalOutputFiles": [],
    }


def _set(connection: Connection, variables: Mapping[str, int | str | None]) -> None:
    """Set the variables that the SQL files read."""
    for name, value in variables.items():
        literal = "null" if value is None else quote(value) if isinstance(value, str) else str(value)
        connection.execute(f"set variable {name} = {literal}")


def _run(connection: Connection, names: tuple[str, ...]) -> None:
    """Execute the package's SQL files of these names."""
    for name in names:
        connection.execute((files(__package__) / f"{name}.sql").read_text(encoding="utf-8"))
