"""The only place in the house that opens DuckDB. Connections close themselves; sessions speak UTC."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

Connection = duckdb.DuckDBPyConnection
Error = duckdb.Error

# Half of a small machine's cores and memory would starve nobody; two threads and four gigabytes are what the
# published figures were measured with.
_SETTINGS = {"threads": "2", "memory_limit": "4GB", "preserve_insertion_order": "false"}


@contextmanager
def connect(
    path: Path | None = None, *, read_only: bool = False, temp_directory: Path | None = None
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open `path` (None: in memory), give the connection, close it. Spills go to `temp_directory`."""
    config: dict[str, str | bool | int | float | list[str]] = {
        **_SETTINGS,
        "autoinstall_known_extensions": "false",
    }
    if temp_directory:
        temp_directory.mkdir(parents=True, exist_ok=True)
        config["temp_directory"] = str(temp_directory)
    connection = duckdb.connect(str(path or ":memory:"), read_only=read_only, config=config)
    try:
        # As a connection option the time zone cannot be set offline; as a statement it can.
        connection.execute("set TimeZone = 'UTC'")
        yield connection
    finally:
        connection.close()


def quote(text: str) -> str:
    """Return `text` as an SQL string literal.

    >>> quote("it's")
    "'it''s'"
    """
    return "'" + text.replace("'", "''") + "'"


def quote_list(texts: list[str]) -> str:
    """Return an SQL list literal of strings.

    >>> quote_list(["a", "b"])
    "['a', 'b']"
    """
    return "[" + ", ".join(quote(text) for text in texts) + "]"
