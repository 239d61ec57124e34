"""Build the warehouse privately: what changed since the last publication is rebuilt, everything else stays as it is."""

import logging
import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from mlspend.adapters import dbt, duckdb_files, landing_folder, publication_history
from mlspend.adapters.build_inputs import NOTHING_ELSE, BuildInputs
from mlspend.adapters.build_plan import LAKE_TABLES, lake_folder, write_plan
from mlspend.adapters.config import Config
from mlspend.adapters.disk_errors import disk_errors
from mlspend.adapters.home import Home
from mlspend.adapters.steps import reached
from mlspend.core.deliveries import Build, Partition, Publication, Receipt, build_id_at
from mlspend.core.errors import BuildFailed, BuildOvertaken, DiskFull
from mlspend.core.retention import Contents, plan_contents
from mlspend.core.steps import Step

logger = logging.getLogger(__name__)

SCHEMA_VERSION = "1.3"
"""Version of the published tables: another minor one (additions only) rebuilds every partition into the file as it was
published, where tables get their new columns; another major one rebuilds everything into a fresh file."""

# What cannot be built again from the deliveries that are current: logs, and sums that outlive their lines.
_HISTORY = ("spend_changes", "data_quality", "monthly_spend", "reconciliation", "period_finality")


def build(
    home: Home,
    config: Config,
    receipts: Sequence[Receipt],
    previous: Publication | None,
    *,
    now: datetime,
    inputs: BuildInputs = NOTHING_ELSE,
) -> Build:
    """Build a warehouse that holds exactly the deliveries of `receipts`, on top of the `previous` publication.

    Rebuilt are the partitions whose delivery is another one than published, all that have lines when the schema or the
    rules of attribution changed. Published partitions that are too old to be kept line by line stay as sums. Where
    nothing changed dbt is not started and the build says so. Raises RateMissing before anything is built, BuildFailed
    naming the model or test, BuildOvertaken where `previous` is not what is published any more; the published warehouse
    is never touched.
    """
    held = {inputs.partition_of(config, receipt): receipt for receipt in receipts}
    configuration_hash = config.attribution_hash()
    contents = compare(home, config, receipts, previous, now=now, inputs=inputs)
    partitions = contents.partitions
    if previous and is_current(previous, contents, inputs):
        logger.info("nothing changed since build %s", previous.build_id)
        published = str(home.published_warehouse)
        return Build(
            build_id=previous.build_id,
            schema_version=SCHEMA_VERSION,
            configuration_hash=configuration_hash,
            warehouse_path=published,
            plan_path="",
            partitions=partitions,
            rebuilt=(),
            is_unchanged=True,
            tables_hash=inputs.tables_hash,
        )
    if previous and _major(previous.schema_version) != _major(SCHEMA_VERSION):
        _refuse_held(contents, inputs)
    inputs.refuse_missing_rates(held[partition] for partition in contents.rebuilt)
    with disk_errors(home.root, "building the warehouse"):
        folder = _new_folder(home, now)
    warehouse = folder / "warehouse.duckdb"
    kept_files = {table: _kept_files(home, table, previous, contents.kept) for table in LAKE_TABLES}
    plan_file = folder / "plan.json"
    with _leaving_no_weight(home, folder):
        if previous:
            _start_from(home.published_warehouse, previous, warehouse)
        reached(Step.BUILD_FOLDER_MADE)
        plan = write_plan(
            home,
            config,
            folder,
            contents,
            rebuild=[held[partition] for partition in contents.rebuilt],
            kept_files=kept_files,
            now=now,
            previous=previous,
            inputs=inputs,
        )
        reached(Step.PLAN_WRITTEN)
        dbt.build(dbt.DbtRun(warehouse, plan_file, folder, parse_cache=home.builds / "partial_parse.msgpack"))
        reached(Step.DBT_ENDED)
        _finish(warehouse, [Path(file) for part in plan["rebuild"] for file in part["lake_files"].values()])
    reached(Step.BUILD_COMPLETE)
    return Build(
        build_id=folder.name,
        schema_version=SCHEMA_VERSION,
        configuration_hash=configuration_hash,
        warehouse_path=str(warehouse),
        plan_path=str(plan_file),
        partitions=partitions,
        rebuilt=contents.rebuilt,
        tables_hash=inputs.tables_hash,
    )


def compare(
    home: Home,
    config: Config,
    receipts: Sequence[Receipt],
    previous: Publication | None,
    *,
    now: datetime,
    inputs: BuildInputs = NOTHING_ELSE,
) -> Contents:
    """Return what a build of `receipts` on top of the `previous` publication holds, and what of it must be rebuilt."""
    limits = config.retention.limits(now)
    landed = {
        inputs.partition_of(config, receipt): landing_folder.has_lines(home.landing, receipt) for receipt in receipts
    }
    contents = plan_contents(
        landed,
        previous.partitions if previous else (),
        limits,
        is_same_schema=previous is not None and previous.schema_version == SCHEMA_VERSION,
        is_landed=landed,
        held_back=inputs.held_back,
    )
    held = {(one.x_source, one.billing_period, one.version) for one in contents.partitions}
    for partition, is_at_hand in landed.items():
        is_held_back = _key(partition) in inputs.held_back
        if (
            not (is_at_hand or is_held_back)
            and (partition.x_source, partition.billing_period, partition.version) not in held
        ):
            logger.warning(
                "source %r, billing period %s: the landed lines of version %s are gone, so it is not built, and what is"
                " published of it stays; `mlspend land` takes it again if its export still holds it",
                partition.x_source,
                partition.billing_period,
                partition.version,
            )
    for partition in contents.vanished:
        if not partition.has_lines:
            logger.warning(
                "source %r, billing period %s leaves the warehouse, because no delivery of it counts any more. Only its"
                " sums were left: once its export is gone too, they stand in the publications that are kept and nowhere"
                " else",
                partition.x_source,
                partition.billing_period,
            )
    return contents


def is_current(published: Publication, contents: Contents, inputs: BuildInputs = NOTHING_ELSE) -> bool:
    """Tell whether a build of `contents` and `inputs` would show readers nothing that is not `published`."""
    is_alike = (published.schema_version, published.tables_hash) == (SCHEMA_VERSION, inputs.tables_hash)
    return is_alike and not contents.rebuilt and set(published.partitions) == set(contents.partitions)


def _key(partition: Partition) -> tuple[str, str]:
    return partition.x_source, partition.billing_period


def _new_folder(home: Home, now: datetime) -> Path:
    """Make build/<id>/: ids sort by time, and a second build of the same instant gets an id of its own."""
    name = build_id_at(now)
    for candidate in (name, *(f"{name}-{number}" for number in range(2, 100))):
        with suppress(FileExistsError):
            (home.builds / candidate).mkdir(parents=True)
            return home.builds / candidate
    raise BuildFailed(f"too many builds are called {name} in {home.builds}: remove the old ones")


@contextmanager
def _leaving_no_weight(home: Home, folder: Path) -> Iterator[None]:
    """Name a full disk as such, and free at once what the build took of it: the next one needs the space."""
    try:
        with disk_errors(home.root, f"build {folder.name}"):
            yield
    except DiskFull:
        for leftover in (folder, *home.lake.glob(f"*/build={folder.name}")):
            shutil.rmtree(leftover, ignore_errors=True)
        raise


def _start_from(published: Path, previous: Publication, warehouse: Path) -> None:
    """Give the new file what stays of the published one: all of it, or after a major change of schema the history."""
    if _major(previous.schema_version) == _major(SCHEMA_VERSION):
        _copy_published(published, previous, warehouse)
        return
    with duckdb_files.connect(warehouse) as connection:
        connection.execute(f"attach {duckdb_files.quote(str(published))} as published (read_only)")
        connection.execute("create schema marts")
        held = connection.execute(
            "select table_name from duckdb_tables() where database_name = 'published' and schema_name = 'marts'"
        ).fetchall()
        for (table,) in held:
            if table in _HISTORY:
                connection.execute(f"create table marts.{table} as from published.marts.{table}")


def _refuse_held(contents: Contents, inputs: BuildInputs) -> None:
    """A fresh file has no rows of what stays as published because it is held back."""
    held = [one for one in contents.partitions if one.has_lines and _key(one) in inputs.held_back]
    if held:
        named = ", ".join(f"source {one.x_source!r}, billing period {one.billing_period}" for one in held)
        raise BuildFailed(
            f"{named}: the gates hold the newest delivery back, and what is published of it cannot be kept, as this"
            " release builds every billing period anew: have it delivered again, or accept it (`mlspend gates`)"
        )


def _copy_published(published: Path, previous: Publication, warehouse: Path) -> None:
    """Copy the published file; BuildOvertaken where it is not `previous` any more, which the plan is made on."""
    shutil.copyfile(published, warehouse)
    copied = publication_history.read_file(warehouse)
    if copied and copied.build_id != previous.build_id:
        raise BuildOvertaken(
            f"the build was begun on {previous.build_id}, but {copied.build_id} has been published since: run"
            " `mlspend build` again"
        )


def _major(schema_version: str) -> str:
    return schema_version.partition(".")[0]


def _kept_files(home: Home, table: str, previous: Publication | None, kept: Iterable[Partition]) -> list[str]:
    """Return the lake files of partitions that stay as published: those of the newest build that holds them."""
    files: list[str] = []
    for partition in sorted(kept, key=_key):
        builds = sorted(previous.lake_builds, reverse=True) if previous else []
        found = (sorted(lake_folder(home, table, build_id, partition).glob("*.parquet")) for build_id in builds)
        newest = next((paths for paths in found if paths), None)
        if newest is None:
            raise BuildFailed(
                f"source {partition.x_source!r}, billing period {partition.billing_period}: the published lines of"
                f" {table} are gone from {home.lake / table}; restore the lake from its backup, or move"
                f" {home.published_warehouse} away and build everything again: what is kept as sums only, and what was"
                " known when, is then lost but for what the exports still hold"
            )
        files += [str(path) for path in newest]
    return files


def _finish(warehouse: Path, lake_files: Iterable[Path]) -> None:
    """Drop what only the build needed, and make the lake's new files survive a loss of power."""
    with duckdb_files.connect(warehouse) as connection:
        connection.execute("drop schema if exists build cascade")
    for file in warehouse.parent.glob("int_*.parquet"):
        file.unlink()
    for file in lake_files:
        descriptor = os.open(file, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
