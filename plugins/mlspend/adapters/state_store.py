"""The state store's engine, tables and transactions: SQLite on one machine, PostgreSQL in production."""

import io
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
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


class UtcDateTime(sa.types.TypeDecorator[datetime]):
    """TIMESTAMP without zone holding UTC; aware datetimes in Python (a naive one counts as UTC)."""

    impl = sa.DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:  # noqa: ARG002
        """Store UTC."""
        return value.astimezone(UTC).replace(tzinfo=None) if value is not None and value.tzinfo else value

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:  # noqa: ARG002
        """Give UTC."""
        return value.replace(tzinfo=UTC) if value is not None else None


metadata = sa.MetaData()
deliveries = sa.Table(
    "deliveries",
    metadata,
    sa.Column("source", sa.String, primary_key=True),
    sa.Column("billing_period", sa.String, primary_key=True),
    sa.Column("version", sa.String, primary_key=True),
    sa.Column("export_kind", sa.String),
    sa.Column("delivered_at", UtcDateTime),
    sa.Column("seen_at", UtcDateTime),
    sa.Column("landed_at", UtcDateTime),
    sa.Column("rejected_at", UtcDateTime),
    sa.Column("rejection_reason", sa.Text),
    sa.Column("file_count", sa.Integer),
    sa.Column("byte_count", sa.BigInteger),
    sa.Column("row_count", sa.BigInteger),
    sa.Column("receipt", sa.Text),
    sa.Column("manifest_uri", sa.Text),
    sa.Column("content_version", sa.String),
    sa.Column("billed_costs", sa.Text),
    sa.Column("shadow_of", sa.String),
    sa.Column("built_at", UtcDateTime),
    sa.Column("published_at", UtcDateTime),
    sa.Column("lines_removed_at", UtcDateTime),
)
dead_letters = sa.Table(
    "dead_letters",
    metadata,
    sa.Column("sequence", sa.Integer, primary_key=True),
    sa.Column("source", sa.String),
    sa.Column("message_id", sa.String),
    sa.Column("received_at", UtcDateTime),
    sa.Column("reason", sa.Text),
    sa.Column("body", sa.Text),
)
watched_sources = sa.Table(
    "watched_sources",
    metadata,
    sa.Column("source", sa.String, primary_key=True),
    sa.Column("watched_since", UtcDateTime),
    sa.Column("looked_at", UtcDateTime),
)
billing_currencies = sa.Table(
    "billing_currencies",
    metadata,
    sa.Column("source", sa.String, primary_key=True),
    sa.Column("billing_account_id", sa.String, primary_key=True),
    sa.Column("billing_currency", sa.String),
    sa.Column("recorded_at", UtcDateTime),
)
publications = sa.Table(
    "publications",
    metadata,
    sa.Column("sequence", sa.Integer, primary_key=True),
    sa.Column("build_id", sa.String),
    sa.Column("schema_version", sa.String),
    sa.Column("configuration_hash", sa.String),
    sa.Column("published_at", UtcDateTime),
    sa.Column("partitions", sa.Text),
    sa.Column("lake_builds", sa.Text),
    sa.Column("tables_hash", sa.String),
)
messages = sa.Table(
    "messages",
    metadata,
    sa.Column("message_key", sa.String, primary_key=True),
    sa.Column("kind", sa.String),
    sa.Column("destination", sa.String),
    sa.Column("claimed_at", UtcDateTime),
    sa.Column("sent_at", UtcDateTime),
    sa.Column("reference", sa.String),
)
rule_versions = sa.Table(
    "rule_versions",
    metadata,
    sa.Column("version", sa.String, primary_key=True),
    sa.Column("rules", sa.Text),
    sa.Column("first_used_at", UtcDateTime),
)
exchange_rates = sa.Table(
    "exchange_rates",
    metadata,
    sa.Column("month", sa.String, primary_key=True),
    sa.Column("from_currency", sa.String, primary_key=True),
    sa.Column("to_currency", sa.String, primary_key=True),
    sa.Column("rate", sa.String),
    sa.Column("rate_date", sa.String),
    sa.Column("frozen_at", UtcDateTime),
)
invoices = sa.Table(
    "invoices",
    metadata,
    sa.Column("source", sa.String, primary_key=True),
    sa.Column("invoice_id", sa.String, primary_key=True),
    sa.Column("billing_period", sa.String),
    sa.Column("billing_account_id", sa.String),
    sa.Column("billing_currency", sa.String),
    sa.Column("total", sa.String),
    sa.Column("tax", sa.String),
    sa.Column("credit", sa.String),
    sa.Column("issued_at", UtcDateTime),
    sa.Column("taken_from", sa.Text),
    sa.Column("taken_at", UtcDateTime),
)
api_calls = sa.Table(
    "api_calls",
    metadata,
    sa.Column("sequence", sa.Integer, primary_key=True),
    sa.Column("called_at", UtcDateTime),
    sa.Column("service", sa.String),
    sa.Column("operation", sa.String),
    sa.Column("source", sa.String),
    sa.Column("call_count", sa.Integer),
    sa.Column("estimated_cost", sa.String),
)
closed_periods = sa.Table(
    "closed_periods",
    metadata,
    sa.Column("source", sa.String, primary_key=True),
    sa.Column("billing_period", sa.String, primary_key=True),
    sa.Column("closed_at", UtcDateTime),
    sa.Column("closed_by", sa.String),
    sa.Column("build_id", sa.String),
    sa.Column("rules", sa.String),
    sa.Column("note", sa.Text),
)
reopened_periods = sa.Table(
    "reopened_periods",
    metadata,
    sa.Column("sequence", sa.Integer, primary_key=True),
    sa.Column("source", sa.String),
    sa.Column("billing_period", sa.String),
    sa.Column("closed_at", UtcDateTime),
    sa.Column("closed_by", sa.String),
    sa.Column("reopened_at", UtcDateTime),
    sa.Column("reopened_by", sa.String),
)
closed_spend = sa.Table(
    "closed_spend",
    metadata,
    sa.Column("sequence", sa.Integer, primary_key=True),
    sa.Column("source", sa.String),
    sa.Column("statement_period", sa.String),
    sa.Column("billing_period", sa.String),
    sa.Column("billing_account_id", sa.String),
    sa.Column("sub_account_id", sa.String),
    sa.Column("service_name", sa.Text),
    sa.Column("charge_category", sa.String),
    sa.Column("project", sa.Text),
    sa.Column("team", sa.Text),
    sa.Column("environment", sa.Text),
    sa.Column("ml_stage", sa.Text),
    sa.Column("is_shared_cost", sa.Boolean),
    sa.Column("billing_currency", sa.String),
    sa.Column("billed_cost", sa.String),
    sa.Column("effective_cost", sa.String),
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
    connection.execute("pragma journal_mode = wal")
    connection.execute("pragma synchronous = full")
    file = connection.execute("pragma database_list").fetchone()[2]
    record.info["file"] = (file, _identity(file))


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
