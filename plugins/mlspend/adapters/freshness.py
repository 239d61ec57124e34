"""Which sources have stopped delivering, by what the ledger says."""

from datetime import datetime, timedelta

from mlspend.adapters.config import Config
from mlspend.adapters.ledger import Ledger
from mlspend.core.freshness import Freshness, SeenDelivery, judge


def read(config: Config, ledger: Ledger, now: datetime) -> list[Freshness]:
    """Return how each configured source stands at `now`, in the order of the configuration.

    A source never asked about before is watched from `now` on.
    """
    seen: dict[str, list[SeenDelivery]] = {source.name: [] for source in config.sources}
    for row in ledger.deliveries():
        if row["source"] in seen:
            has_failed = row["rejection_reason"] is not None and row["landed_at"] is None
            seen[row["source"]].append(SeenDelivery(row["delivered_at"], row["seen_at"], has_failed))
    watched = ledger.watch(seen, now)
    return [
        judge(
            source.name,
            seen[source.name],
            configured_rhythm=timedelta(hours=source.rhythm_hours),
            watched_since=watched[source.name]["watched_since"],
            # What is announced would be known.
            looked_at=now if source.queue else watched[source.name]["looked_at"],
            critical_after=timedelta(hours=config.freshness.critical_after_hours),
            now=now,
        )
        for source in config.sources
    ]
