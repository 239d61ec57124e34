"""One delivered file as it is: its format and columns read from its content, and the SQL that reads it by position."""

import csv
import gzip
import io
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mlspend.adapters.duckdb_files import Connection, Error, quote, quote_list
from mlspend.core.errors import ExportUnreadable

_HEADER_BYTES = 1 << 20
_CHUNK = 4 << 20
_HIVE_DELIMITER = "\x01"


@dataclass(frozen=True)
class RawColumn:
    """A column of a file: its name as delivered and the DuckDB type it is read with."""

    name: str
    type: str


@dataclass(frozen=True)
class RawFile:
    """A readable export file. `uri` is where it came from (for messages), `path` where it lies now."""

    uri: str
    path: Path
    form: str
    columns: tuple[RawColumn, ...]

    @property
    def names(self) -> list[str]:
        """Column names as delivered, in the file's own order."""
        return [column.name for column in self.columns]


def open_raw_file(connection: Connection, path: Path, uri: str) -> RawFile:
    """Return the file with its columns; `form` is parquet, csv, csv.gz, hive or hive.gz.

    Raises ExportUnreadable for an empty, truncated or foreign file. Only the beginning (of Parquet: the end) is read.
    """
    try:
        with path.open("rb") as file:
            start = file.read(4)
    except OSError as error:
        raise ExportUnreadable(f"cannot read {uri}: {error}") from error
    if not start:
        raise ExportUnreadable(f"{uri} is empty: deliver the export again")
    if start == b"PAR1":
        return RawFile(uri, path, "parquet", _parquet_columns(connection, path, uri))
    if start[:2] == b"PK":
        raise ExportUnreadable(f"{uri} is a ZIP archive: set the compression of the report to GZIP or Parquet")
    is_gzip = start[:2] == b"\x1f\x8b"
    header = _first_line(path, uri, is_gzip)
    form = "hive" if _HIVE_DELIMITER in header else "csv"
    names = header.rstrip("\r\n").split(_HIVE_DELIMITER) if form == "hive" else _csv_header(header, uri)
    return RawFile(uri, path, form + (".gz" if is_gzip else ""), tuple(RawColumn(name, "VARCHAR") for name in names))


def check_gzip(file: RawFile) -> None:
    """Read a gzip file to its end and check its sums; raise ExportUnreadable when it is truncated or damaged.

    DuckDB 1.5 takes a stream that breaks off in its last block for a shorter file.
    """
    if not file.form.endswith(".gz"):
        return
    try:
        with gzip.open(file.path) as content:
            while content.read(_CHUNK):
                pass
    except (OSError, EOFError, zlib.error) as error:
        raise ExportUnreadable(f"{file.uri} cannot be read to its end, deliver it again: {error}") from error


def read_relation(files: Sequence[RawFile], *, null_text: str | None = None) -> str:
    """Return the SQL `from` item reading `files` (all with the same columns) as c0, c1 and so on.

    `null_text` is a literal that stands for a missing value in text files (FOCUS samples write NULL).
    """
    first = files[0]
    paths = quote_list([str(file.path) for file in files])
    aliases = ", ".join(f"c{position}" for position in range(len(first.columns)))
    if first.form == "parquet":
        return f"read_parquet({paths}, hive_partitioning = false) as t({aliases})"
    is_hive = first.form.startswith("hive")
    nulls = ["\\N"] if is_hive else ["", *([null_text] if null_text else [])]
    options = {
        "auto_detect": "false",
        "header": "true",
        "hive_partitioning": "false",
        "delim": quote(_HIVE_DELIMITER if is_hive else ","),
        "quote": quote("" if is_hive else '"'),
        "escape": quote("" if is_hive else '"'),
        "nullstr": quote_list(nulls),
        "compression": quote("gzip" if first.form.endswith(".gz") else "none"),
        "columns": "{" + ", ".join(f"'c{position}': 'VARCHAR'" for position in range(len(first.columns))) + "}",
    }
    return f"read_csv({paths}, {', '.join(f'{key} = {value}' for key, value in options.items())}) as t({aliases})"


def _parquet_columns(connection: Connection, path: Path, uri: str) -> tuple[RawColumn, ...]:
    # DuckDB renames the second of two names that differ in case; the schema in the file has them as they are.
    location = quote(str(path))
    try:
        schema = connection.execute(f"select name, num_children from parquet_schema({location})").fetchall()
        described = connection.execute(
            f"describe select * from read_parquet({location}, hive_partitioning = false)"
        ).fetchall()
    except Error as error:
        raise ExportUnreadable(f"{uri} is no complete Parquet file: deliver it again ({_short(error)})") from error
    names, position = [], 1
    while position < len(schema):
        names.append(str(schema[position][0]))
        position = _after(schema, position)
    return tuple(RawColumn(name, str(row[1])) for name, row in zip(names, described, strict=True))


def _after(schema: Sequence[tuple[object, ...]], position: int) -> int:
    """Return the position behind the column at `position` of a Parquet schema, which lists trees depth first."""
    children = schema[position][1]
    position += 1
    for _ in range(int(str(children or 0))):
        position = _after(schema, position)
    return position


def _first_line(path: Path, uri: str, is_gzip: bool) -> str:
    try:
        if is_gzip:
            with gzip.open(path) as file:
                start = file.read(_HEADER_BYTES)
        else:
            with path.open("rb") as file:
                start = file.read(_HEADER_BYTES)
    except (OSError, EOFError, zlib.error):
        # A truncated file may still show its header; reading it whole will say that it is truncated.
        start = _readable_start(path)
    text = start.decode("utf-8-sig", errors="replace")
    if not text.strip():
        raise ExportUnreadable(f"{uri} has no header: it is empty or truncated, deliver it again")
    return text if _HIVE_DELIMITER not in text.split("\n", 1)[0] else text.split("\n", 1)[0]


def _readable_start(path: Path) -> bytes:
    with path.open("rb") as file:
        return zlib.decompressobj(wbits=31).decompress(file.read(_HEADER_BYTES), _HEADER_BYTES)


def _csv_header(text: str, uri: str) -> list[str]:
    try:
        return next(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as error:
        raise ExportUnreadable(f"the header of {uri} is no CSV: {error}") from error


def _short(error: Exception) -> str:
    return str(error).strip().split("\n", 1)[0]
