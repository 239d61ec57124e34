"""Build the warehouse privately: what changed since the last publication is rebuilt, everything else stays as it is."""

import json
import logging
import os
import shutil
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mlspend.adapters import dbt, duckdb_files
from mlspend.adapters.config import Config
from mlspend.adapters.home import Home
from mlspend.core.attribution import match_tag_keys
from mlspend.core.deliveries import Build, Partition, Publication, Receipt
from mlspend.core.errors import BuildFailed
from mlspend.core.export_kinds import AWS_CUR, FOCUS

logger = logging.getLogger(__name__)

SCHEMA_VERSION = "1.0"
"""Version of the published tables: another one rebuilds everything into a fresh file."""

LAKE_TABLES = ("focus_costs", "allocated_costs")
_SHAPES = {shape.name: shape for shape in (AWS_CUR, FOCUS)}


def build(
    home: Home, config: Config, receipts: Sequence[Receipt], previous: Publication | None, *, now: datetime
) -> Build:
    """Build a warehouse that holds exactly the deliveries of `receipts`, on top of the `previous` publication.

    Rebuilt are the partitions whose delivery is another one than published, all of them when the schema or the rules
    of attribution changed. Where nothing changed dbt is not started and the build says so. Raises BuildFailed naming
    the model or test; the published warehouse is never touched.
    """
    partitions = tuple(sorted((_partition(receipt) for receipt in receipts), key=_key))
    configuration_hash = config.attribution_hash()
    is_same_schema = previous is not None and previous.schema_version == SCHEMA_VERSION
    is_same_way = is_same_schema and previous is not None and previous.configuration_hash == configuration_hash
    before = set(previous.partitions) if previous else set()
    if previous and is_same_way and before == set(partitions):
        logger.info("nothing changed since build %s", previous.build_id)
        published = str(home.published_warehouse)
        return Build(previous.build_id, SCHEMA_VERSION, configuration_hash, published, "", partitions, (), True)
    rebuilt = tuple(partition for partition in partitions if not is_same_way or partition not in before)
    folder = _new_folder(home, now)
    warehouse = folder / "warehouse.duckdb"
    if previous and is_same_schema:
        shutil.copyfile(home.published_warehouse, warehouse)
    plan = _plan(home, config, folder, receipts, rebuilt, _vanished(before, partitions))
    plan["lake_files"] = {
        table: {"kept": _kept_files(home, table, previous, set(partitions) - set(rebuilt))} for table in LAKE_TABLES
    }
    plan_file = folder / "plan.json"
    plan_file.write_text(json.dumps(plan, indent=1))
    dbt.build(dbt.DbtRun(warehouse=warehouse, plan=plan_file, folder=folder))
    _finish(warehouse, [Path(file) for part in plan["rebuild"] for file in part["lake_files"].values()])
    return Build(folder.name, SCHEMA_VERSION, configuration_hash, str(warehouse), str(plan_file), partitions, rebuilt)


def lake_folder(home: Home, table: str, build_id: str, partition: Partition) -> Path:
    """Return the folder of one partition of a line-level table, as one build wrote it."""
    build_folder = home.lake / table / f"build={build_id}"
    return build_folder / f"x_source={partition.x_source}" / f"billing_period={partition.billing_period}"


def _partition(receipt: Receipt) -> Partition:
    return Partition(receipt.delivery.source, receipt.delivery.period, receipt.delivery.version)


def _key(partition: Partition) -> tuple[str, str]:
    return partition.x_source, partition.billing_period


def _vanished(before: Iterable[Partition], now: Iterable[Partition]) -> list[Partition]:
    held = {_key(partition) for partition in now}
    return sorted((partition for partition in before if _key(partition) not in held), key=_key)


def _new_folder(home: Home, now: datetime) -> Path:
    """Make build/<id>/: ids sort by time, and a second build of the same instant gets an id of its own."""
    name = f"{now.astimezone(UTC):%Y%m%dT%H%M%S.%fZ}"
    for candidate in (name, *(f"{name}-{number}" for number in range(2, 100))):
        if not (home.builds / candidate).exists():
            (home.builds / candidate).mkdir(parents=True)
            return home.builds / candidate
    raise BuildFailed(f"too many builds are called {name} in {home.builds}: remove the old ones")


def _plan(
    home: Home,
    config: Config,
    folder: Path,
    receipts: Sequence[Receipt],
    rebuilt: Sequence[Partition],
    vanished: Sequence[Partition],
) -> dict[str, Any]:
    """Return what dbt has to know; see dbt_project/macros/plan.sql."""
    empty = {name: str(_write_empty(folder, name)) for name in _SHAPES}
    no_receipt = folder / "no-receipt.json"
    no_receipt.write_text('{"control_totals": []}')
    wanted = {_partition(receipt): receipt for receipt in receipts}
    rebuild = [_plan_partition(home, folder.name, partition, wanted[partition], empty) for partition in rebuilt]
    attribution = config.attribution()
    delivered = {key for partition in rebuilt for key in wanted[partition].tag_keys}
    return {
        "build_id": folder.name,
        "schema_version": SCHEMA_VERSION,
        "tolerance": str(config.reconciliation.tolerance),
        "rebuild": rebuild,
        "vanished": [
            {"x_source": partition.x_source, "billing_period": partition.billing_period} for partition in vanished
        ],
        # Views are bound before any partition is entered; with empty files that costs nothing.
        "binding_partition": {
            "x_source": "",
            "billing_period": "",
            "receipt": str(no_receipt),
            "landed_files": {name: [file] for name, file in empty.items()},
        },
        "attribution": {**attribution, "delivered_keys": match_tag_keys(attribution["tag_keys"], delivered)},
    }


def _plan_partition(
    home: Home, build_id: str, partition: Partition, receipt: Receipt, empty: dict[str, str]
) -> dict[str, Any]:
    lake_files = {}
    for table in LAKE_TABLES:
        target = lake_folder(home, table, build_id, partition)
        target.mkdir(parents=True)
        lake_files[table] = str(target / "part.parquet")
    landed = {name: [file] for name, file in empty.items()}
    landed[receipt.shape] = [str(home.landing / file) for file in receipt.landed_files]
    delivery = receipt.delivery
    return {
        "x_source": partition.x_source,
        "billing_period": partition.billing_period,
        "version": partition.version,
        "shape": receipt.shape,
        "receipt": str(home.landing / delivery.source / delivery.period / delivery.version / "receipt.json"),
        "landed_files": landed,
        "lake_files": lake_files,
    }


def _write_empty(folder: Path, shape: str) -> Path:
    """Write a landed file without lines: what a model reads for the shape that a partition does not have."""
    file = folder / f"empty-{shape}.parquet"
    columns = ", ".join(f"cast(null as {type_}) as {name}" for name, type_ in _SHAPES[shape].columns.items())
    with duckdb_files.connect() as connection:
        connection.execute(f"copy (select {columns} limit 0) to {duckdb_files.quote(str(file))} (format parquet)")
    return file


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
                f" {table} are gone from {home.lake / table}; restore the lake, or remove"
                f" {home.published_warehouse} and build everything again"
            )
        files += [str(path) for path in newest]
    return files


def _finish(warehouse: Path, lake_files: Iterable[Path]) -> None:
    """Drop what only the build needed, and make the lake's new files survive a loss of power."""
    with duckdb_files.connect(warehouse) as connection:
        connection.execute("drop schema if exists build cascade")
    for file in lake_files:
        descriptor = os.open(file, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
