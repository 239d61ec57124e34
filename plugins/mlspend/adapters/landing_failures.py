"""Why a file could not be landed: the file, the column and the value, found after DuckDB has said no."""

from collections.abc import Sequence

from mlspend.adapters.disk_errors import is_disk_full
from mlspend.adapters.duckdb_files import Connection, Error
from mlspend.adapters.landing_sql import NO_VALUE, cast_columns, column, whole_map
from mlspend.adapters.raw_files import RawFile, read_relation
from mlspend.core.columns import plan_columns
from mlspend.core.deliveries import Delivery
from mlspend.core.errors import ExportContractBroken, ExportUnreadable
from mlspend.core.export_kinds import Shape

_DUPLICATE_KEYS = "Map keys must be unique"


def explain_failure(
    connection: Connection, delivery: Delivery, shape: Shape, files: Sequence[RawFile], error: Error
) -> Exception:
    """Return the error to raise instead of DuckDB's: file by file, what cannot be read, then what cannot be cast.

    Where every file reads and casts, or the disk is full, the export is not to blame: then it is DuckDB's own error.
    """
    if is_disk_full(error):
        return error
    for file in files:
        found = _unreadable(connection, delivery, shape, file) or _uncastable(connection, delivery, shape, file)
        if found:
            return found
    return error


def explain_incomplete(
    connection: Connection, delivery: Delivery, shape: Shape, files: Sequence[RawFile]
) -> ExportContractBroken:
    """Return the error for lines that miss a value without which money would lose its day, owner or currency."""
    for file in files:
        plan = plan_columns(shape, file.names)
        for landed in shape.never_null:
            value = column(shape, plan, file, landed)
            [(count,)] = connection.execute(
                f"select count(*) from {_relation(shape, file)} where {value} is null"
            ).fetchall()
            if count:
                return ExportContractBroken(f"{delivery}: {file.uri} has {count} lines without {landed}")
    return ExportContractBroken(f"{delivery}: lines without one of {', '.join(shape.never_null)}")


def explain_duplicate_keys(
    connection: Connection, delivery: Delivery, shape: Shape, files: Sequence[RawFile]
) -> ExportContractBroken:
    """Return the error for a map that holds a key twice in one line, naming the file and the key."""
    for file in files:
        plan = plan_columns(shape, file.names)
        for map_name, positions in plan.whole.items():
            for position in positions:
                made = whole_map(f"c{position}", file.columns[position].type, shape.columns[map_name])
                rows = connection.execute(
                    f"select keys from (select distinct map_keys({made}) as keys from {_relation(shape, file)}) "
                    "where len(list_distinct(keys)) < len(keys) limit 1"
                ).fetchall()
                if rows:
                    twice = sorted({key for key in rows[0][0] if rows[0][0].count(key) > 1})
                    return _duplicate_keys(delivery, file, f"column {file.names[position]}, key {', '.join(twice)}")
    return _duplicate_keys(delivery, files[0], "tags that two columns hold")


def _unreadable(connection: Connection, delivery: Delivery, shape: Shape, file: RawFile) -> Exception | None:
    try:
        connection.execute(f"select count(*), bit_xor(hash(t)) from {_relation(shape, file)}").fetchall()
    except Error as error:
        if is_disk_full(error):
            raise
        if _DUPLICATE_KEYS in str(error):
            return _duplicate_keys(delivery, file)
        return ExportUnreadable(f"{delivery}: {file.uri} cannot be read to its end, deliver it again: {_gist(error)}")
    return None


def _uncastable(connection: Connection, delivery: Delivery, shape: Shape, file: RawFile) -> Exception | None:
    plan = plan_columns(shape, file.names)
    relation = _relation(shape, file)
    for cast in cast_columns(shape, plan, file):
        if cast.sql == cast.lenient:
            continue
        bad = f"{cast.value} is not null and {cast.lenient} is null"
        count, sample = connection.execute(
            f"select count(*), left(any_value({cast.raw}::varchar), 80) from {relation} where {bad}"
        ).fetchall()[0]
        if count:
            name = file.names[plan.direct[cast.landed]]
            return ExportContractBroken(
                f"{delivery}: {file.uri}: column {name} must be {shape.columns[cast.landed]}, "
                f"but {count} lines are not, for example {sample!r}"
            )
    for map_name, positions in plan.whole.items():
        for position in positions:
            found = _bad_map(connection, delivery, file, relation, map_name, position)
            if found:
                return found
    return None


def _bad_map(
    connection: Connection, delivery: Delivery, file: RawFile, relation: str, map_name: str, position: int
) -> Exception | None:
    if file.columns[position].type != "VARCHAR":
        return None
    raw = f"c{position}"
    is_filled = f"{raw} not in {NO_VALUE}"
    try:
        bad = connection.execute(
            f"select left({raw}, 80) from {relation} "
            f"where {is_filled} and (not json_valid({raw}) or json_type({raw}) <> 'OBJECT') limit 1"
        ).fetchall()
        if not bad:
            connection.execute(
                f"select count(({raw}::json)::map(varchar, varchar)) from {relation} where {is_filled}"
            ).fetchall()
    except Error as error:
        return _duplicate_keys(delivery, file) if _DUPLICATE_KEYS in str(error) else None
    if bad:
        return ExportContractBroken(
            f"{delivery}: {file.uri}: column {file.names[position]} must be a JSON object ({map_name}), "
            f"for example {bad[0][0]!r} is not"
        )
    return None


def _duplicate_keys(delivery: Delivery, file: RawFile, where: str = "one of its maps") -> ExportContractBroken:
    return ExportContractBroken(
        f"{delivery}: {file.uri} has lines with the same key twice in one map ({where}): "
        "which value is meant cannot be known, deliver the export again"
    )


def _relation(shape: Shape, file: RawFile) -> str:
    return read_relation([file], null_text="NULL" if shape.name == "focus" else None)


def _gist(error: Error) -> str:
    return str(error).strip().split("\n", 1)[0]
