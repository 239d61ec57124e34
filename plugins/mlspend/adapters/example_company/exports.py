"""Writing the example company's exports: the folders, part files and manifests of AWS Data Exports, overwrite layout."""

import hashlib
import json
import logging
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
_PERIOD = ("month", "ticks", "totals", "adjustments", "charges", "line_items")

# A part file of an export stays below a million lines; a fifth of all lines does not come from ticks of meters.
_TICKS_PER_PART = 700_000

log = logging.getLogger(__name__)


def write_exports(to: Path, *, scale: int = 1, months: int = 3, end: str = "2026-10") -> list[Path]:
    """Write `months` billing periods up to `end` ('YYYY-MM') below the folder `to`; return their manifests' paths.

    `scale` is the number of companies: each has the same machines with other ids and another rhythm, its own
    reservations and its own Savings Plan, so lines and cost grow with it while prices stay those of the catalogue.
    One company is about 18,000 lines and half a million USD a month. The same arguments give the same lines.
    """
    if scale < 1 or months < 1:
        raise ValueError(f"scale {scale} and months {months}: both must be at least 1")
    last = parse_period(end)
    first = shift_period(last, 1 - months)
    with connect() as connection:
        _set(connection, scale=scale, first_period=first, last_period=last)
        _run(connection, _COMPANY)
        return [_write_period(connection, to, shift_period(first, number)) for number in range(months)]


def _write_period(connection: Connection, to: Path, period: str) -> Path:
    """Write one billing period's part files, then (as AWS does, last) its manifest."""
    _set(connection, period=period, part=None, parts=None)
    _run(connection, _PERIOD)
    ticks = connection.sql("select sum(ticks) from service_totals").fetchall()[0][0]
    parts = max(2, -(-int(ticks) // _TICKS_PER_PART))
    _set(connection, parts=parts)

    export = to / PREFIX / EXPORT
    data = export / "data" / f"BILLING_PERIOD={period}"
    data.mkdir(parents=True, exist_ok=True)
    for old in data.glob("*.parquet"):
        old.unlink()
    names = [f"{EXPORT}-{part + 1:05d}.snappy.parquet" for part in range(parts)]
    for part, name in enumerate(names):
        _set(connection, part=part)
        connection.execute(f"copy (select * from line_items) to {quote(str(data / name))} (format parquet, compression snappy)")
        log.info("example company: %s, part %d of %d", period, part + 1, parts)
    manifest = export / "metadata" / f"BILLING_PERIOD={period}" / f"{EXPORT}-Manifest.json"
    manifest.parent.mkdir(parents=True, exist_ok=True)
    manifest.write_text(json.dumps(_describe(connection, period, names), indent=2) + "\n", encoding="utf-8")
    return manifest


def _describe(connection: Connection, period: str, names: list[str]) -> dict[str, object]:
    """Return the manifest's content. It names no period and counts no rows: real ones do not either."""
    variables = connection.sql(
        "select getvariable('scale'), getvariable('first_period'), getvariable('last_period')"
    ).fetchall()
    digest = hashlib.sha256(f"{EXPORT} {period} {variables}".encode()).hexdigest()
    columns = connection.sql("select column_name, data_type from duckdb_columns() where table_name = 'line_item_columns' order by column_index")
    types = {"VARCHAR": "string", "MAP(VARCHAR, VARCHAR)": "map<string,string>", "MAP(VARCHAR, DOUBLE)": "map<string,double>"}
    return {
        "executionId": "-".join((digest[:8], digest[8:12], digest[12:16], digest[16:20], digest[20:32])),
        "exportArn": f"arn:aws:bcm-data-exports:us-east-1:012345678901:export/{EXPORT}-{digest[32:40]}",
        "columns": [{"name": name, "type": types.get(kind, kind.lower())} for name, kind in columns.fetchall()],
        "dataFiles": [f"s3://{BUCKET}/{PREFIX}/{EXPORT}/data/BILLING_PERIOD={period}/{name}" for name in names],
        "additionalOutputFiles": [],
    }


def _set(connection: Connection, **variables: int | str | None) -> None:
    """Set the variables that the SQL files read."""
    for name, value in variables.items():
        literal = "null" if value is None else quote(value) if isinstance(value, str) else str(value)
        connection.execute(f"set variable {name} = {literal}")


def _run(connection: Connection, names: tuple[str, ...]) -> None:
    """Execute the package's SQL files of these names."""
    for name in names:
        connection.execute((files(__package__) / f"{name}.sql").read_text(encoding="utf-8"))
