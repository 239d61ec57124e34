"""Publish a proved build: readers see the old warehouse or the new one, whole, and never wait.

The build's DuckDB file is completed (schema ops), closed, and moved over the published one in one step. What happened
last stands in the file itself (ops.publications); the ledger is brought in line with it, so that a crash between the
two leaves nothing to repair by hand.
"""

import fcntl
import logging
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from mlspend.adapters import duckdb_files, exchange_rates, landing_removal, ops_tables, publication_history, retirement
from mlspend.adapters.config_model import KEEP_BY_DEFAULT, Retention
from mlspend.adapters.disk_errors import disk_errors
from mlspend.adapters.gates import check_rows, hold_back, stopped_build
from mlspend.adapters.home import Home
from mlspend.adapters.ledger import Ledger
from mlspend.adapters.steps import reached
from mlspend.core.deliveries import Build, Publication, build_id_at
from mlspend.core.errors import BuildOvertaken, ChecksFailed, NothingProved, NothingPublished
from mlspend.core.retention import KEEP, replaced_since
from mlspend.core.steps import Step

logger = logging.getLogger(__name__)

# Asked of whatever was rebuilt.
_LAYERS_OF_PARTITIONS = {"landing", "focus", "marts", "schema", "completeness", "drift"}


def publish(
    build: Build,
    home: Home,
    ledger: Ledger,
    *,
    now: datetime,
    keep: timedelta = KEEP,
    retention: Retention = KEEP_BY_DEFAULT,
) -> Publication:
    """Make `build` what readers open, and return what is published then.

    The same build again, also after a crash half-way, changes nothing. Raises ChecksFailed when the build's checks are
    not all there, evaluated and green; BuildOvertaken when something else was published since it was begun. What was
    published before can be opened again, as `retention` says; lines that nothing kept needs are deleted, none that
    were needed in the time `keep` before `now`.
    """
    with disk_errors(home.root, f"publishing build {build.build_id}"), _one_at_a_time(home):
        current = read_published(home)
        if current is not None:
            _bring_in_line(ledger, current)
        if current is None or (current.build_id != build.build_id and not build.is_unchanged):
            if not Path(build.warehouse_path).exists():
                raise NothingProved(f"build {build.build_id} is not there any more: run `mlspend build` again")
            _refuse_unproved(build, ledger)
            _refuse_overtaken(build, current)
            if current is not None:
                publication_history.keep(home, current)
                reached(Step.PREVIOUS_KEPT)
            current = _complete(build, ledger, now)
            reached(Step.BUILD_READY)
            move_over(Path(build.warehouse_path), home.published_warehouse)
            reached(Step.FILE_REPLACED)
            logger.info("build %s is published at %s", build.build_id, home.published_warehouse)
        exchange_rates.freeze_used_rates(home, ledger, now=now)
        _bring_in_line(ledger, current)
        hold_back.release_published(home, ledger, current, now)
        stopped_build.clear(home)
        reached(Step.PUBLICATION_RECORDED)
        recorded = ledger.publications()
        retirement.remove_retired(
            home,
            recorded,
            count=retention.publications,
            now=now,
            keep=keep,
            needed={one.build_id for one in ledger.held_deliveries() if one.is_red},
        )
        reached(Step.OLD_BUILDS_REMOVED)
        # Who shortens how long lines are kept has as long to think better of it.
        shown = [current, *replaced_since(recorded, now - keep)]
        landing_removal.remove_unneeded(home, ledger, shown, retention.limits(now), now=now, keep=keep)
        reached(Step.OLD_LINES_REMOVED)
        return current


def read_published(home: Home) -> Publication | None:
    """Return what is published according to the published file itself, None before the first time."""
    return publication_history.read_published(home)


def copy_self_contained(home: Home, to: Path, *, build_id: str | None = None) -> None:
    """Write the published warehouse with all its lines into the one DuckDB file `to`; no lake is needed to read it.

    With `build_id` it is that kept publication. An older copy is replaced in one step. Raises NothingPublished before
    the first publication, PublicationNotKept where that one cannot be opened.
    """
    if not home.published_warehouse.exists():
        raise NothingPublished(f"nothing is published at {home.published_warehouse} yet: run `mlspend run` first")
    warehouse = publication_history.find(home, build_id) if build_id else home.published_warehouse
    with (
        disk_errors(to.parent, f"copying what is published to {to}"),
        _folder_beside(to) as folder,
    ):
        partial = Path(folder) / to.name
        with duckdb_files.connect(partial, temp_directory=Path(folder)) as connection:
            connection.execute(f"attach {duckdb_files.quote(str(warehouse))} as published (read_only)")
            _copy_relations(connection)
            connection.execute("detach published")
            connection.execute("checkpoint")
        move_over(partial, to)


@contextmanager
def _folder_beside(to: Path) -> Iterator[str]:
    to.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=f".{to.name}.", dir=to.parent) as folder:
        yield folder


def move_over(file: Path, target: Path) -> None:
    """Move `file` over `target` on the same disk, in one step that also survives a loss of power.

    Raises PublishedFileInUse while a write-ahead log stands beside either: one file without the other is not whole.
    """
    for path in (file, target):
        publication_history.refuse_written(path)
    publication_history.sync(file)
    target.parent.mkdir(parents=True, exist_ok=True)
    file.replace(target)
    publication_history.sync(target.parent)


@contextmanager
def _one_at_a_time(home: Home) -> Iterator[None]:
    """Hold the lock of publication; the operating system gives it back when the process ends, however it ends."""
    folder = home.published_warehouse.parent
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _refuse_unproved(build: Build, ledger: Ledger) -> None:
    wanted = {"warehouse"} | (_LAYERS_OF_PARTITIONS if build.rebuilt else set())
    results = check_rows.read(build)
    if missing := wanted - {result.layer for result in results}:
        raise ChecksFailed(
            f"build {build.build_id} was not proved ({', '.join(sorted(missing))} never checked), so it is not"
            " published: run `mlspend build` again"
        )
    verdict = hold_back.judge(build, results, ledger)
    if red := [*verdict.stopping, *(result for found in verdict.held.values() for result in found)]:
        told = ", ".join(f"{result.expectation} on {result.subject}" for result in red[:5])
        raise ChecksFailed(
            f"build {build.build_id} did not pass its checks ({told}), so it is not published: correct the export or"
            " the rule, then build again"
        )


def _refuse_overtaken(build: Build, current: Publication | None) -> None:
    """A build starts from a copy of the published file, which says what was published then, or from an empty file."""
    if current is None:
        return
    basis = publication_history.read_file(Path(build.warehouse_path))
    # A crash after `_complete` leaves the build's own name there.
    if basis and basis.build_id != build.build_id:
        is_overtaken, begun = basis.build_id != current.build_id, f"on {basis.build_id}"
    else:
        is_overtaken, begun = build.build_id < build_id_at(current.published_at), "before"
    if is_overtaken:
        raise BuildOvertaken(
            f"build {build.build_id} was begun {begun}, but {current.build_id} has been published since;"
            " publishing it would take that back: run `mlspend build` again"
        )


def _complete(build: Build, ledger: Ledger, now: datetime) -> Publication:
    """Write schema ops into the build's file and put everything into that one file."""
    warehouse = Path(build.warehouse_path)
    with duckdb_files.connect(warehouse) as connection:
        sources = connection.execute("select sql from duckdb_views() where not internal").fetchall()
        publication = Publication(
            build_id=build.build_id,
            schema_version=build.schema_version,
            configuration_hash=build.configuration_hash,
            published_at=now,
            partitions=build.partitions,
            tables_hash=build.tables_hash,
            lake_builds=tuple(sorted({name for (sql,) in sources for name in re.findall(r"/build=([^/']+)/", sql)})),
        )
        ops_tables.write(connection, publication, ledger)
        connection.execute("checkpoint")
    return publication


def _bring_in_line(ledger: Ledger, current: Publication) -> None:
    last = ledger.last_publication()
    if last is None or last.build_id != current.build_id:
        ledger.record_publication(current)


def _copy_relations(connection: duckdb_files.Connection) -> None:
    """Copy every table; a view over the lake becomes a table, any other stays the view it is. Comments come along.

    So do macros that stand for a table.
    """
    views = dict[tuple[str, str], str]()
    for schema, name, sql in connection.execute(
        "select schema_name, view_name, sql from duckdb_views()"
        " where database_name = 'published' and not internal order by view_oid"
    ).fetchall():
        views[schema, name] = sql
    tables = connection.execute(
        "select schema_name, table_name from duckdb_tables() where database_name = 'published'"
    ).fetchall()
    lake_views = [key for key, sql in views.items() if "read_parquet" in sql]
    for schema, name in [*tables, *lake_views]:
        connection.execute(f'create schema if not exists "{schema}"')
        connection.execute(f'create table "{schema}"."{name}" as select * from published."{schema}"."{name}"')
    for (schema, _), sql in views.items():
        if "read_parquet" not in sql:
            connection.execute(f'create schema if not exists "{schema}"')
            connection.execute(sql)
    for schema, name, parameters, sql, comment in connection.execute(
        "select schema_name, function_name, array_to_string(parameters, ', '), macro_definition, comment"
        " from duckdb_functions() where database_name = 'published' and function_type = 'table_macro' and not internal"
    ).fetchall():
        connection.execute(f'create macro "{schema}"."{name}"({parameters}) as table {sql}')
        if comment:
            connection.execute(f'comment on macro table "{schema}"."{name}" is {duckdb_files.quote(comment)}')
    _copy_comments(connection, {key: "view" for key in views if key not in lake_views})


def _copy_comments(connection: duckdb_files.Connection, kinds: Mapping[tuple[str, str], str]) -> None:
    comments = connection.execute(
        """select schema_name, table_name, null, comment from duckdb_tables()
        where database_name = 'published' and comment is not null
        union all
        select schema_name, view_name, null, comment from duckdb_views()
        where database_name = 'published' and comment is not null and not internal
        union all
        select schema_name, table_name, column_name, comment from duckdb_columns()
        where database_name = 'published' and comment is not null and not internal"""
    ).fetchall()
    for schema, name, column, comment in comments:
        what = kinds.get((schema, name), "table") if column is None else "column"
        path = ".".join(f'"{part}"' for part in (schema, name, column) if part is not None)
        connection.execute(f"comment on {what} {path} is {duckdb_files.quote(comment)}")
