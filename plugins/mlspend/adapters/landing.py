"""Landing: one delivery becomes typed Parquet and a receipt, whole or not at all."""

import logging
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from mlspend.adapters.discovery import discover
from mlspend.adapters.disk_errors import disk_errors
from mlspend.adapters.duckdb_files import Connection, connect
from mlspend.adapters.home import Home
from mlspend.adapters.landing_files import FileGroup, group_files, read_tag_keys, write_lines
from mlspend.adapters.landing_folder import (
    commit,
    delivery_folder,
    has_lines,
    read_receipt,
    remove_leftovers,
    working_folder,
)
from mlspend.adapters.landing_identity import holds_same_lines
from mlspend.adapters.landing_totals import (
    check_commitments,
    check_currencies,
    check_days,
    check_filled,
    control_totals,
)
from mlspend.adapters.object_stores import fetch_all, open_store
from mlspend.adapters.raw_files import RawFile, check_gzip, open_raw_file
from mlspend.adapters.steps import reached
from mlspend.core.deliveries import ControlTotal, Delivery, Receipt
from mlspend.core.errors import ExportContractBroken, ExportReplaced, ExportUnreadable
from mlspend.core.steps import Step

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

__all__ = ["discover", "land"]

logger = logging.getLogger(__name__)

# AWS writes the manifest after the data. Data clearly newer than its manifest, and fresh, is the next delivery on its
# way into the same place; after an hour it is taken for a copy made in another order.
_CHECKS_AT_ONCE = 2
_MANIFEST_LAG = timedelta(minutes=1)
_BEING_WRITTEN = timedelta(hours=1)


def land(
    delivery: Delivery,
    home: Home,
    *,
    known_currencies: Mapping[str, str],
    now: datetime,
    s3: "S3Client | None" = None,
    current: Receipt | None = None,
) -> Receipt:
    """Land one delivery below `home.landing` and return its receipt; landing it again returns the same receipt.

    `known_currencies` is the billing currency recorded per billing account id; `now` is UTC; `s3` is the client for
    s3:// files, by default made from the AWS environment; `current` is the receipt that counts for the period so far:
    where the new delivery holds the very same lines it is recorded as such and no line is kept twice. Raises Terminal
    or Transient errors naming source, period and file; then nothing has changed.
    """
    landed = read_receipt(home.landing, delivery)
    if landed and has_lines(home.landing, landed):
        # A run that died after it had put the delivery in place has left its working folder.
        remove_leftovers(home.landing)
        return landed
    if delivery.fault:
        raise ExportUnreadable(f"{delivery}: {delivery.fault}")
    if not delivery.files:
        raise ExportContractBroken(
            f"{delivery}: manifest {delivery.manifest_uri} names no file: deliver the export again"
        )
    logger.info("landing %s: %d files", delivery, len(delivery.files))
    with (
        disk_errors(home.root, str(delivery)),
        working_folder(home.landing) as folder,
        connect(temp_directory=folder / "spill") as connection,
    ):
        paths = fetch_all(open_store(delivery.files[0].uri, s3), delivery, folder / "raw")
        reached(Step.FILES_FETCHED)
        _check_settled(delivery, paths, now)
        before = [path.stat().st_mtime_ns for path in paths]
        groups = group_files(delivery, _open_all(connection, delivery, paths))
        totals, net_accounts = control_totals(connection, delivery, groups)
        check_currencies(delivery, totals, known_currencies)
        check_filled(delivery, totals)
        check_days(delivery, totals)
        check_commitments(connection, delivery, groups)
        reached(Step.TOTALS_MADE)
        lines = folder / "lines"
        row_count = write_lines(connection, delivery, groups, lines)
        reached(Step.LINES_WRITTEN)
        if [path.stat().st_mtime_ns for path in paths] != before:
            raise ExportReplaced(f"{delivery}: files were written anew while they were read; try again")
        expected = sum(total.row_count for total in totals)
        if row_count != expected:
            raise ExportReplaced(f"{delivery}: {expected} lines were counted but {row_count} landed; try again")
        tag_keys = read_tag_keys(connection, delivery, groups, lines)
        receipt = _receipt(home, delivery, groups, totals, net_accounts, lines, tag_keys)
        if current and holds_same_lines(connection, home.landing, current, receipt, lines):
            logger.info("%s holds the same lines as version %s", delivery, current.content_version)
            receipt = replace(receipt, landed_files=current.landed_files, same_as=current.content_version)
            for path in lines.iterdir():
                path.unlink()
        return commit(home.landing, lines, receipt)


def _open_all(connection: Connection, delivery: Delivery, paths: Sequence[Path]) -> list[RawFile]:
    try:
        files = [open_raw_file(connection, path, file.uri) for path, file in zip(paths, delivery.files, strict=True)]
        with ThreadPoolExecutor(_CHECKS_AT_ONCE) as pool:
            list(pool.map(check_gzip, files))
        return files
    except ExportUnreadable as error:
        raise ExportUnreadable(f"{delivery}: {error}") from error


def _receipt(
    home: Home,
    delivery: Delivery,
    groups: Sequence[FileGroup],
    totals: tuple[ControlTotal, ...],
    net_accounts: tuple[str, ...],
    lines: Path,
    tag_keys: tuple[str, ...],
) -> Receipt:
    target = delivery_folder(home.landing, delivery).relative_to(home.landing)
    files = sorted(path.name for path in lines.iterdir())
    return Receipt(
        delivery=delivery,
        shape=groups[0].shape.name,
        landed_files=tuple((target / name).as_posix() for name in files),
        row_count=sum(total.row_count for total in totals),
        control_totals=totals,
        tag_keys=tag_keys,
        net_accounts=net_accounts,
        tells_invoices=True,
        absent_columns=tuple(sorted(set.intersection(*(set(group.plan.absent) for group in groups)))),
        extra_columns=tuple(sorted({name for group in groups for name in group.plan.extra})),
        column_types=_column_types(groups),
    )


def _column_types(groups: Sequence[FileGroup]) -> dict[str, str]:
    types: dict[str, set[str]] = {}
    for group in groups:
        for landed, position in group.plan.direct.items():
            types.setdefault(landed, set()).add(group.files[0].columns[position].type)
    return {landed: "/".join(sorted(found)) for landed, found in sorted(types.items())}


def _check_settled(delivery: Delivery, paths: Sequence[Path], now: datetime) -> None:
    for path, file in zip(paths, delivery.files, strict=True):
        if not file.uri.startswith("s3://") or not delivery.manifest_uri or delivery.version in file.uri:
            continue
        written = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        if written > delivery.delivered_at + _MANIFEST_LAG and now - written < _BEING_WRITTEN:
            raise ExportReplaced(
                f"{delivery}: {file.uri} was written at {written:%Y-%m-%d %H:%M:%S}, after its manifest: "
                "the next delivery is on its way, try again"
            )
