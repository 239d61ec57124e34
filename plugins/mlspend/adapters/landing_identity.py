"""Whether a delivery says anything new: providers deliver the same month several times a day, changed or not."""

from decimal import Decimal
from pathlib import Path

from mlspend.adapters.duckdb_files import Connection, quote_list
from mlspend.core.deliveries import Receipt


def holds_same_lines(connection: Connection, landing: Path, current: Receipt, new: Receipt, folder: Path) -> bool:
    """Return whether the new delivery, its lines in `folder`, holds exactly the lines of the current receipt.

    The order of lines and how they are spread over files do not matter. Sizes and ETags are not asked: providers write
    the same lines into other files. Lines are only read where all control totals agree, as far as both receipts tell.
    """
    by_invoice = current.tells_invoices and new.tells_invoices
    before_totals, totals = (_totals(receipt, by_invoice=by_invoice) for receipt in (current, new))
    if (current.shape, current.row_count, before_totals) != (new.shape, new.row_count, totals):
        return False
    before = [landing / file for file in current.landed_files]
    if not all(path.exists() for path in before):
        return False
    return _fingerprint(connection, before) == _fingerprint(connection, sorted(folder.glob("*.parquet")))


def _totals(receipt: Receipt, *, by_invoice: bool) -> dict[tuple[object, ...], tuple[int, Decimal]]:
    sums: dict[tuple[object, ...], tuple[int, Decimal]] = {}
    for one in receipt.control_totals:
        key = (one.charge_date, one.billing_account_id, one.sub_account_id, one.billing_currency)
        key_of_invoice = (*key, one.invoice_id if by_invoice else "")
        count, cost = sums.get(key_of_invoice, (0, Decimal(0)))
        sums[key_of_invoice] = (count + one.row_count, cost + one.billed_cost)
    return sums


def _fingerprint(connection: Connection, files: list[Path]) -> tuple[object, ...]:
    """Return columns with types and a sum over the hashes of the lines, which a line that stands twice changes too."""
    relation = f"read_parquet({quote_list([str(file) for file in files])}, hive_partitioning = false)"
    columns = [tuple(row[:2]) for row in connection.execute(f"describe select * from {relation}").fetchall()]
    [total] = connection.execute(f"select count(*), sum(hash(line)::hugeint) from {relation} as line").fetchall()
    return (columns, *total)
