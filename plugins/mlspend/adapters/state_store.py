"""The state store's engine and transactions: SQLite on one machine, PostgreSQL in production."""

import io
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import tenacity
from alembic import command
from alembic.config import Config as AlembicConfig
from alembic.util.exc import CommandError
from sqlalchemy.dialects import postgresql, sqlite

from mlspend.adapters.disk_errors import disk_errors, explain_disk
from mlspend.core.errors import (
    ConfigInvalid,
    HomeNotWritable,
    MlspendError,
    StateLost,
    StateUnavailable,
    StateUnknown,
)

# Seconds a writer waits for another; our transactions take milliseconds, a slow disk may take seconds.
_BUSY_SECONDS = 30
# Any number all mlspend processes agree on: PostgreSQL's advisory lock held while tables are created or filled again.
_MIGRATION_LOCK = 6_577_363
# SQLite calls it an I/O error when the file it shares with other processes (32 KiB at first) does not fit any more.
_SMALLEST_ROOM = 1 << 20
_FULL_FOR_SQLITE = "database or disk is full"
_CANNOT_OPEN = ("unable to open database file",)
_DAMAGED = ("file is not a database", "database disk image is malformed", "no such table")
_WRONG_URL = ("authentication failed", "no pg_hba.conf entry", "FATAL:  database", "FATAL:  role")
RESTORE = (
    "Restore it from its backup. Without one move it away: the next run fills a new one from the receipts in landing/, "
    "but no longer knows which messages were sent"
)


class StateStore:
    """One database, opened by its SQLAlchemy URL."""

    def __init__(self, url: str) -> None:
        try:
            with disk_errors(Path(), "the state store"):
                self._engine = _create_engine(url)
        except (FileExistsError, NotADirectoryError) as error:
            raise ConfigInvalid(f"the state store cannot be below {error.filename}, which is no folder") from error
        except (sa.exc.ArgumentError, sa.exc.NoSuchModuleError, ImportError):
            # The URL holds a password, and SQLAlchemy's own message the URL.
            raise ConfigInvalid(
                "MLSPEND_STATE_URL cannot be used: write sqlite:////path/state.db or postgresql://user:…@host/database"
            ) from None
        self.name = self._engine.url.render_as_string(hide_password=True)

    def migrate(self) -> None:
        """Bring the tables to this version of mlspend; safe when several processes start at once."""
        config = AlembicConfig(stdout=io.StringIO())
        config.set_main_option("script_location", str(Path(__file__).with_name("migrations")).replace("%", "%%"))
        with self.transaction_alone() as connection:
            config.attributes["connection"] = connection
            try:
                command.upgrade(config, "head")
            except CommandError as error:
                raise StateUnknown(
                    f"the state store {self.name} was written by another version of mlspend ({error}): "
                    "use that version, or a newer one"
                ) from error

    @contextmanager
    def transaction(self) -> Iterator[sa.Connection]:
        """Give a connection inside one write transaction; committed at the end, rolled back by an exception."""
        with self._errors(), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def transaction_alone(self) -> Iterator[sa.Connection]:
        """Give a write transaction that runs beside no other of its kind, whatever it writes."""
        with self.transaction() as connection:
            # SQLite lets one writer in anyhow.
            if connection.dialect.name == "postgresql":
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_MIGRATION_LOCK)))
            yield connection

    def rows(self, query: sa.Select[Any]) -> list[dict[str, Any]]:
        """Return the rows of a query, read in one transaction."""
        with self._errors(), self._engine.connect().execution_options(is_reading=True) as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    def upsert(self, table: sa.Table) -> postgresql.Insert | sqlite.Insert:
        """Return an insert for `table` that knows `on_conflict_do_…`, which both databases spell alike."""
        return postgresql.insert(table) if self._engine.dialect.name == "postgresql" else sqlite.insert(table)

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Say in our words that a database is away, busy, full or damaged; a mistake of ours stays as it is."""
        try:
            yield
        except (sa.exc.IntegrityError, sa.exc.ProgrammingError, sa.exc.DataError, sa.exc.NotSupportedError):
            raise
        except sa.exc.DBAPIError as error:
            raise explain_state(self.name, self._engine.url.database, str(error.orig)) from error


def explain_state(name: str, file: str | None, words: str) -> MlspendError:
    """Return the error for what the database `name` said; `file` is where SQLite keeps it."""
    said = " ".join(words.split())
    if "disk I/O error" in words and file and shutil.disk_usage(Path(file).parent).free < _SMALLEST_ROOM:
        words = f"{words}: {_FULL_FOR_SQLITE}"
    if disk := explain_disk(words, Path(file or "").parent, f"the state store {name}"):
        return disk
    if any(each in words for each in _CANNOT_OPEN):
        return HomeNotWritable(
            f"the state store {name} cannot be opened ({said}): correct owner and permissions of its folder, or mount "
            "it for writing"
        )
    if any(each in words for each in _DAMAGED):
        return StateLost(f"the state store {name} is damaged ({said}). {RESTORE}")
    if any(each in words for each in _WRONG_URL):
        return ConfigInvalid(f"the state store {name} refuses MLSPEND_STATE_URL ({said}): correct user or database")
    return StateUnavailable(f"the state store {name} did not answer: {said}; try again")


def _create_engine(url: str) -> sa.Engine:
    engine = sa.create_engine(url, pool_pre_ping=True)
    if engine.dialect.name == "sqlite":
        if engine.url.database:
            Path(engine.url.database).parent.mkdir(parents=True, exist_ok=True)
        sa.event.listen(engine, "connect", _prepare_sqlite)
        sa.event.listen(engine, "begin", _begin_sqlite)
    elif engine.dialect.name == "postgresql":
        sa.event.listen(engine, "begin", _begin_postgresql)
    else:
        raise sa.exc.ArgumentError(engine.dialect.name)
    return engine


def _prepare_sqlite(connection: Any, record: Any) -> None:
    # Python's driver begins transactions by itself, but not before `create table`; we begin them ourselves.
    connection.isolation_level = None
    connection.execute(f"pragma busy_timeout = {_BUSY_SECONDS * 1000}")
    _write_ahead(connection)
    connection.execute("pragma synchronous = full")
    file = connection.execute("pragma database_list").fetchone()[2]
    record.info["file"] = (file, _identity(file))


@tenacity.retry(
    retry=tenacity.retry_if_exception_message(match=".*locked.*"),
    wait=tenacity.wait_fixed(0.05),
    stop=tenacity.stop_after_delay(_BUSY_SECONDS),
    reraise=True,
)
def _write_ahead(connection: Any) -> None:
    # Where several processes make one new file, SQLite refuses this at once, whatever the busy timeout says.
    connection.execute("pragma journal_mode = wal")


def _begin_sqlite(connection: sa.Connection) -> None:
    # SQLite goes on writing into a file that was deleted, and all of it would be lost.
    file, identity = connection.info["file"]
    if file and _identity(file) != identity:
        raise StateLost(f"the state store {file} was taken away or replaced while it was open. {RESTORE}")
    # A writer takes its lock at the start: one that asks for it later may find it cannot have it at all.
    reading = connection.get_execution_options().get("is_reading")
    connection.exec_driver_sql("begin" if reading else "begin immediate")


def _begin_postgresql(connection: sa.Connection) -> None:
    # PostgreSQL would wait for another's lock for ever.
    connection.exec_driver_sql(f"set local lock_timeout = '{_BUSY_SECONDS}s'")


def _identity(file: str) -> tuple[int, int] | None:
    if not file or not Path(file).exists():
        return None
    status = Path(file).stat()
    return status.st_dev, status.st_ino
