"""Whether a delivery says anything new: providers deliver the same month several times a day, changed or not."""

from pathlib import Path

from mlspend.adapters.duckdb_files import Connection, quote_list
from mlspend.core.deliveries import Receipt


def holds_same_lines(connection: Connection, landing: Path, current: Receipt, new: Receipt, folder: Path) -> bool:
    """Return whether the new delivery, its lines in `folder`, holds exactly the lines of the current receipt.

    The order of lines and how they are spread over files do not matter. Sizes and ETags are not asked: providers write
    the same lines into other files. Lines are only read where all control totals agree.
    """
    if (current.shape, current.row_count, current.control_totals) != (new.shape, new.row_count, new.control_totals):
        return False
    before = [landing / file for file in current.landed_files]
    if not all(path.exists() for path in before):
        return False
    return _fingerprint(connection, before) == _fingerprint(connection, sorted(folder.glob("*.parquet")))


def _fingerprint(connection: Connection, files: list[Path]) -> tuple[object, ...]:
    """Return columns with types and a sum over the hashes of the lines, which a line that stands twice changes too."""
    relation = f"read_parquet({quote_list([str(file) for file in files])}, hive_partitioning = false)"
    columns = [tuple(row[:2]) for row in connection.execute(f"describe select * from {relation}").fetchall()]
    [total] = connection.execute(f"select count(*), sum(hash(line)::hugeint) from {relation} as line").fetchall()
    return (columns, *total)
