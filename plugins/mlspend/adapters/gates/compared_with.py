"""What the checks of a build compare it with: what is published now, and the receipts of its deliveries."""

from dataclasses import dataclass
from pathlib import Path

from mlspend.adapters import publication_history
from mlspend.adapters.home import Home
from mlspend.adapters.landing_folder import receipt_file
from mlspend.core.deliveries import Partition, Publication


@dataclass(frozen=True)
class Published:
    """The published warehouse file, and which partitions it holds; nothing where nothing was published."""

    home: Home
    publication: Publication | None

    @property
    def file(self) -> str:
        """The warehouse file that readers see, '' where there is none."""
        return str(self.home.published_warehouse) if self.publication else ""

    def receipt(self, partition: Partition) -> Path | None:
        """Return the receipt of the published delivery of the same billing period, else of the newest one before."""
        held = {one.billing_period: one.version for one in self._partitions(partition.x_source)}
        periods = [period for period in held if period <= partition.billing_period]
        if not periods:
            return None
        file = receipt_file(self.home.landing, (partition.x_source, max(periods), held[max(periods)]))
        return file if file.exists() else None

    def has_rules_of(self, partition: Partition) -> bool:
        """Tell whether `partition` is published as attributed by the same rules, or not at all."""
        held = {one.billing_period: one.rules for one in self._partitions(partition.x_source)}
        return held.get(partition.billing_period, partition.rules) == partition.rules

    def _partitions(self, source: str) -> list[Partition]:
        return [one for one in self.publication.partitions if one.x_source == source] if self.publication else []


def published_in(home: Home) -> Published:
    """Return what is published in `home`."""
    return Published(home, publication_history.read_published(home))
