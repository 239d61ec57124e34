"""Remove landed lines that nobody needs any more; receipts stay in the ledger.

Recorded first, then removed: a crash between the two leaves a folder that the next publication removes, and a delivery
that is landed again, should it come back, before it counts. Of a delivery that counts and is published as sums only the
receipt stays beside the others, as an empty ledger is filled from these.
"""

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path

from mlspend.adapters import landing_folder
from mlspend.adapters.home import Home
from mlspend.adapters.ledger import Ledger
from mlspend.core.deliveries import Publication
from mlspend.core.retention import Limits, select_removable
from mlspend.core.selection import DeliveryRecord

logger = logging.getLogger(__name__)


def remove_unneeded(
    home: Home, ledger: Ledger, shown: Iterable[Publication], limits: Limits, *, now: datetime, keep: timedelta
) -> list[Path]:
    """Remove the landed lines that neither the next build nor one of those `shown` needs; return their folders.

    Only folders of deliveries that the ledger knows are touched.
    """
    partitions = [partition for publication in shown for partition in publication.partitions]
    with landing_folder.settled(home.landing):
        current = {receipt.delivery.key for receipt in ledger.current_receipts()}
        records = ledger.delivery_records()
        chosen = {record.key for record in select_removable(records, current, partitions, limits, now=now, keep=keep)}
        # A ledger that came from a backup does not know what has been removed since.
        lost = {record.key for record in records if record.key not in current and _is_lost(home, record)}
        ledger.record_lines_removed(sorted(chosen | lost), now)
        removed = []
        for record in records:
            folder = landing_folder.folder_of(home.landing, record.key)
            is_removed = record.key in chosen or record.lines_removed_at is not None
            if not folder.exists() or not (is_removed or _was_never_recorded(record, folder, now - keep)):
                continue
            if record.key in current and limits.keeps_sums(record.period):
                if not any(folder.glob("*.parquet")):
                    continue
                landing_folder.remove_lines(folder)
            else:
                landing_folder.remove(home.landing, folder)
            logger.info("removed landed lines %s: no publication and no build to come needs them", folder)
            removed.append(folder)
    return removed


def _is_lost(home: Home, record: DeliveryRecord) -> bool:
    is_recorded = record.landed_at is not None and record.lines_removed_at is None
    return is_recorded and not landing_folder.folder_of(home.landing, record.key).exists()


def _was_never_recorded(record: DeliveryRecord, folder: Path, since: datetime) -> bool:
    """Whether a landing was killed before it was recorded, and not taken up again for long."""
    return record.landed_at is None and folder.stat().st_mtime < since.timestamp()
