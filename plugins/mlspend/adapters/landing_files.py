"""The files of a delivery, grouped by their columns, and their lines written as landed Parquet."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mlspend.adapters.duckdb_files import Connection, Error, quote
from mlspend.adapters.landing_failures import explain_duplicate_keys, explain_failure
from mlspend.adapters.landing_sql import in_period, lines_query
from mlspend.adapters.raw_files import RawColumn, RawFile, read_relation
from mlspend.core.columns import ColumnPlan, ColumnsAmbiguous, plan_columns
from mlspend.core.deliveries import Delivery
from mlspend.core.errors import ExportContractBroken
from mlspend.core.export_kinds import SHAPES, Shape, recognise_kind

_ROW_GROUP = 122_880


@dataclass(frozen=True)
class FileGroup:
    """Files of one form with the same columns in the same order: read together, by position."""

    files: tuple[RawFile, ...]
    shape: Shape
    plan: ColumnPlan

    @property
    def relation(self) -> str:
        """The SQL `from` item with the raw lines of all files."""
        return relation_of(self.shape, self.files)

    @property
    def uris(self) -> str:
        """Where the files came from, for messages."""
        return ", ".join(file.uri for file in self.files)


def relation_of(shape: Shape, files: Sequence[RawFile]) -> str:
    """Return the SQL `from` item reading `files`, which have the same columns."""
    return read_relation(files, null_text="NULL" if shape.name == "focus" else None)


def group_files(delivery: Delivery, files: Sequence[RawFile]) -> list[FileGroup]:
    """Return the files grouped, each group with its plan of columns.

    Raises ExportContractBroken when a file is of another kind, lacks a required column or claims one twice.
    """
    shape = SHAPES[delivery.export_kind]
    groups: dict[tuple[str, tuple[RawColumn, ...], int], list[RawFile]] = {}
    for number, file in enumerate(files):
        kind = recognise_kind(file.names)
        if kind is None or SHAPES[kind] is not shape:
            raise ExportContractBroken(
                f"{delivery}: {file.uri} is {kind or 'no billing export mlspend knows'}, not {delivery.export_kind}: "
                "keep one export per location"
            )
        # Engines match several Parquet files by folded names; files whose names fold together are read one by one.
        folds = len({name.lower() for name in file.names}) < len(file.names)
        groups.setdefault((file.form, file.columns, number if folds else -1), []).append(file)
    return [FileGroup(tuple(members), shape, _plan(delivery, shape, members[0])) for members in groups.values()]


def write_lines(connection: Connection, delivery: Delivery, groups: Sequence[FileGroup], folder: Path) -> int:
    """Write the landed lines of all groups as lines-<n>.parquet below `folder`; return how many there are."""
    numbers = itertools.count(1)
    row_count = 0
    folder.mkdir()
    for index, group in enumerate(groups):
        part = folder / f"part{index}"
        where = "true"
        if delivery.selects_period:
            where = in_period(group.shape, group.plan, group.files[0], delivery.period)
        lines = lines_query(group.shape, group.plan, group.files[0], group.relation, where)
        try:
            written = connection.execute(
                f"copy ({lines}) to {quote(str(part))} (format parquet, compression zstd, compression_level 1, "
                f"row_group_size {_ROW_GROUP}, per_thread_output true)"
            ).fetchone()
        except Error as error:
            raise explain_failure(connection, delivery, group.shape, group.files, error) from error
        row_count += int(written[0]) if written else 0
        for path in sorted(part.iterdir()):
            path.rename(folder / f"lines-{next(numbers)}.parquet")
        part.rmdir()
    return row_count


def read_tag_keys(
    connection: Connection, delivery: Delivery, groups: Sequence[FileGroup], folder: Path
) -> tuple[str, ...]:
    """Return every tag key of the landed lines in `folder`, in order.

    Raises ExportContractBroken when a map taken over whole holds a key twice in one line: DuckDB lets such maps pass,
    and whoever reads them later gets one value or the other.
    """
    whole = {name for group in groups for name in group.plan.whole}
    tag_keys: set[str] = set()
    for map_name in sorted({"tags", *whole}):
        # Lines have few different sets of keys; grouping by their hash is three times faster than by the lists.
        rows = connection.execute(
            f"select any_value(map_keys({map_name})) from read_parquet({quote(str(folder / '*.parquet'))}) "
            f"where {map_name} is not null group by hash(map_keys({map_name}))"
        ).fetchall()
        if any(len(set(keys)) < len(keys) for (keys,) in rows):
            raise explain_duplicate_keys(connection, delivery, groups[0].shape, [f for g in groups for f in g.files])
        if map_name == "tags":
            tag_keys.update(key for (keys,) in rows for key in keys)
    return tuple(sorted(tag_keys))


def _plan(delivery: Delivery, shape: Shape, file: RawFile) -> ColumnPlan:
    try:
        plan = plan_columns(shape, file.names)
    except ColumnsAmbiguous as error:
        raise ExportContractBroken(f"{delivery}: {file.uri}: {error}") from error
    missing = [name for name in shape.required if name not in plan.direct]
    if missing:
        raise ExportContractBroken(
            f"{delivery}: {file.uri} lacks the required column {', '.join(missing)}: add it to the export's definition"
        )
    return plan
