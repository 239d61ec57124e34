"""Write plan.json: all that dbt is told about one build. The macros in dbt_project/macros/plan.sql read it."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mlspend.adapters import duckdb_files
from mlspend.adapters.build_inputs import NOTHING_ELSE, BuildInputs, Rows
from mlspend.adapters.config import Config
from mlspend.adapters.home import Home
from mlspend.adapters.landing_folder import receipt_file
from mlspend.core.attribution import CREATOR_KEYS, keys_of_rules, match_tag_keys
from mlspend.core.deliveries import Partition, Publication, Receipt
from mlspend.core.export_kinds import AWS_CUR, FOCUS
from mlspend.core.hashes import hash_of
from mlspend.core.proof_plan import SMALLEST_DIFFERENCE
from mlspend.core.retention import Contents

# What makes up allocated_costs: lines as billed, what moves from nodes to containers, what moves from shared costs.
ALLOCATED_TABLES = ("attributed_costs", "container_costs_split", "shared_costs_split")
LAKE_TABLES = ("focus_costs", *ALLOCATED_TABLES)

Place = tuple[str, str]
"""A source and a billing period."""

_SHAPES = {shape.name: shape for shape in (AWS_CUR, FOCUS)}


def write_plan(
    home: Home,
    config: Config,
    folder: Path,
    contents: Contents,
    *,
    rebuild: Sequence[Receipt],
    kept_files: Mapping[str, Sequence[str]],
    now: datetime,
    previous: Publication | None = None,
    inputs: BuildInputs = NOTHING_ELSE,
) -> dict[str, Any]:
    """Write `folder`/plan.json and return what it says; make the lake's folders of the partitions to rebuild.

    `rebuild` are the receipts of what the `contents` call rebuilt; `kept_files` are, per lake table, the files of
    partitions that stay as they are; `previous` is what the build starts from; `inputs` is what else it is made of.
    """
    empty = {shape: str(_write_empty(folder, shape)) for shape in _SHAPES}
    no_receipt = folder / "no-receipt.json"
    no_receipt.write_text('{"control_totals": []}')
    rules = {inputs.partition_of(config, receipt).rules: inputs.rules_of(config, receipt) for receipt in rebuild}
    delivered = {key for receipt in rebuild for key in receipt.tag_keys}
    # What models read of the shape that a partition does not have, and before any partition is entered.
    no_lines = {shape: [file] for shape, file in empty.items()}
    nothing_landed = {"counts_net": "true", "delivered_at": None, "receipt": str(no_receipt), "landed_files": no_lines}
    plan = {
        "build_id": folder.name,
        "folder": str(folder),
        "built_at": now.astimezone(UTC).replace(tzinfo=None).isoformat(sep=" "),
        "tolerance": str(SMALLEST_DIFFERENCE),
        "rebuild": [
            {
                **_plan_partition(home, folder.name, receipt, inputs.partition_of(config, receipt), empty),
                "previous_version": _previous_version(previous, receipt),
            }
            for receipt in rebuild
        ],
        "vanished": [
            {
                "x_source": partition.x_source,
                "billing_period": partition.billing_period,
                "version": None,
                "rules": "",
                "previous_version": partition.version,
                **nothing_landed,
            }
            for partition in contents.vanished
        ],
        # Too old for anything to be kept; too old for their lines, of which what outlives the lines stays as it is.
        "forgotten": [_place(partition) for partition in contents.forgotten],
        "expired": [_place(partition) for partition in contents.expired],
        "empty": {**empty, "receipt": str(no_receipt)},
        "lake_files": {table: {"kept": list(kept_files[table])} for table in LAKE_TABLES},
        # The rules in use, by the name that partitions call them by.
        "rules": {
            name: plan_rules(folder, name, each, delivered)
            for name, each in (rules or {"": config.attribution()}).items()
        },
        "creator_keys": match_tag_keys({"creator": CREATOR_KEYS}, delivered)["creator"],
        "inputs": {name: str(_write_rows(folder, name, rows)) for name, rows in inputs.tables.items()},
    }
    (folder / "plan.json").write_text(json.dumps(plan, indent=1))
    return plan


def write_recalculation(
    folder: Path, rules: Mapping[Place, Mapping[str, Any]], delivered: Iterable[str], now: datetime
) -> None:
    """Write `folder`/plan.json for attributing published lines anew, into lake files below `folder`.

    `rules` are those of each source and billing period; `delivered` are the tag keys that the lines bear.
    """
    empty = {shape: str(_write_empty(folder, shape)) for shape in _SHAPES}
    no_receipt = folder / "no-receipt.json"
    no_receipt.write_text('{"control_totals": []}')
    places = []
    for (source, period), each in sorted(rules.items()):
        lake_files = {}
        for table in ALLOCATED_TABLES:
            target = (
                folder / "lake" / table / f"build={folder.name}" / f"x_source={source}" / f"billing_period={period}"
            )
            target.mkdir(parents=True)
            lake_files[table] = str(target / "part.parquet")
        places.append(
            {
                "x_source": source,
                "billing_period": period,
                "version": None,
                "previous_version": None,
                "rules": hash_of(each),
                "receipt": str(no_receipt),
                "counts_net": "true",
                "delivered_at": None,
                "landed_files": {shape: [file] for shape, file in empty.items()},
                "lake_files": lake_files,
            }
        )
    plan: dict[str, Any] = {
        "build_id": folder.name,
        "folder": str(folder),
        "built_at": now.astimezone(UTC).replace(tzinfo=None).isoformat(sep=" "),
        "tolerance": str(SMALLEST_DIFFERENCE),
        "rebuild": places,
        "vanished": [],
        "forgotten": [],
        "expired": [],
        "creator_keys": [],
        "empty": {**empty, "receipt": str(no_receipt)},
        "lake_files": {table: {"kept": []} for table in LAKE_TABLES},
        "rules": {hash_of(each): plan_rules(folder, hash_of(each), each, delivered) for each in rules.values()},
        "inputs": {},
    }
    (folder / "plan.json").write_text(json.dumps(plan, indent=1))


def lake_folder(home: Home, table: str, build_id: str, partition: Partition) -> Path:
    """Return the folder of one partition of a line-level table, as one build wrote it."""
    build_folder = home.lake / table / f"build={build_id}"
    return build_folder / f"x_source={partition.x_source}" / f"billing_period={partition.billing_period}"


def _previous_version(previous: Publication | None, receipt: Receipt) -> str | None:
    """Return the version in which the receipt's period was published before, None where it was not."""
    held = {(each.x_source, each.billing_period): each.version for each in (previous.partitions if previous else ())}
    return held.get((receipt.delivery.source, receipt.delivery.period))


def _plan_partition(
    home: Home, build_id: str, receipt: Receipt, partition: Partition, empty: Mapping[str, str]
) -> dict[str, Any]:
    lake_files = {}
    for table in LAKE_TABLES:
        target = lake_folder(home, table, build_id, partition)
        target.mkdir(parents=True)
        lake_files[table] = str(target / "part.parquet")
    landed = [str(home.landing / file) for file in receipt.landed_files]
    key = (partition.x_source, partition.billing_period, partition.version)
    return {
        "x_source": partition.x_source,
        "billing_period": partition.billing_period,
        "version": partition.version,
        "rules": partition.rules,
        "receipt": str(receipt_file(home.landing, key)),
        "counts_net": "true" if receipt.net_accounts is not None else "false",
        "delivered_at": receipt.delivery.delivered_at.astimezone(UTC).replace(tzinfo=None).isoformat(sep=" "),
        "landed_files": {**{shape: [file] for shape, file in empty.items()}, receipt.shape: landed},
        "lake_files": lake_files,
    }


def plan_rules(folder: Path, name: str, rules: Mapping[str, Any], delivered: Iterable[str]) -> dict[str, Any]:
    """Return rules with the tag keys that were delivered; links, which may be many, go into a file beside the plan."""
    planned = {
        **rules,
        "delivered_keys": match_tag_keys(rules["tag_keys"], delivered),
        "rule_keys": match_tag_keys(keys_of_rules(rules.get("rules", [])), delivered),
    }
    if links := planned.pop("links", None):
        planned["links_file"] = str(_write_rows(folder, f"links-{name}", links))
    return planned


def _place(partition: Partition) -> dict[str, str]:
    return {"x_source": partition.x_source, "billing_period": partition.billing_period}


def _write_rows(folder: Path, name: str, rows: Rows) -> Path:
    file = folder / f"input-{name}.json"
    file.write_text(json.dumps(list(rows), default=str))
    return file


def _write_empty(folder: Path, shape: str) -> Path:
    file = folder / f"empty-{shape}.parquet"
    columns = ", ".join(f"cast(null as {type_}) as {name}" for name, type_ in _SHAPES[shape].columns.items())
    with duckdb_files.connect() as connection:
        connection.execute(f"copy (select {columns} limit 0) to {duckdb_files.quote(str(file))} (format parquet)")
    return file
