"""How Great Expectations reaches DuckDB: one in-memory session with the warehouse attached read-only beside it."""

from pathlib import Path
from typing import Any

import duckdb
from duckdb_engine import ConnectionWrapper, Dialect
from sqlalchemy.dialects import registry

CONNECTION_STRING = "mlspend_duckdb:///session"
_SESSION = ":memory:mlspend_expectations"


class ReadOnlyDuckDB(Dialect):
    """duckdb_engine's dialect without transactions, always connected to the session of this process.

    SQLAlchemy rolls back when it takes a connection back, and DuckDB drops an unfetched result on a rollback: every
    expectation would then "fail" with IndexError.
    """

    name = "mlspend_duckdb"
    supports_statement_cache = False

    def connect(self, *_: Any, **__: Any) -> ConnectionWrapper:  # type: ignore[override]
        """Return one more connection to the session; it must be open already."""
        return ConnectionWrapper(duckdb.connect(_SESSION))

    def do_begin(self, connection: Any) -> None:
        """Begin nothing: there is nothing to write."""

    def do_rollback(self, connection: Any) -> None:
        """Keep the result that is still to be fetched."""

    def do_commit(self, connection: Any) -> None:
        """Commit nothing."""


registry.register("mlspend_duckdb", __name__, "ReadOnlyDuckDB")


def open_session(warehouse: Path, temp_directory: Path) -> duckdb.DuckDBPyConnection:
    """Open the session, attach `warehouse` read-only under its own name; it lives until the connection is closed."""
    session = duckdb.connect(_SESSION)
    session.execute("set threads = 2")
    session.execute("set memory_limit = '4GB'")
    session.execute("set preserve_insertion_order = false")
    session.execute("set autoinstall_known_extensions = false")
    session.execute(f"set temp_directory = {quote(str(temp_directory))}")
    # Views of the warehouse name their own catalog, which DuckDB takes from the file's name.
    session.execute(f'attach {quote(str(warehouse))} as "{warehouse.stem}" (read_only)')
    if warehouse.stem != "warehouse":
        session.execute(f"attach {quote(str(warehouse))} as warehouse (read_only)")
    return session


def quote(text: str) -> str:
    """Return `text` as an SQL string literal."""
    return "'" + text.replace("'", "''") + "'"
