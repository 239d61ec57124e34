"""Attribute published lines by other rules than they are published with, aside: nothing published is touched."""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from mlspend.adapters import dbt, publication_history
from mlspend.adapters.build_plan import Place, write_recalculation
from mlspend.adapters.disk_errors import disk_errors
from mlspend.adapters.home import Home
from mlspend.adapters.warehouse_query import query_file
from mlspend.core.errors import NothingPublished
from mlspend.core.periods import EVERY_PERIOD, PeriodRange

# What owners depend on; everything above it is published as it is.
_MODELS = ("path:models/allocation", "daily_spend", "monthly_spend")
_DAYS = """
    select x_source, billing_period, min(charge_date) as first_day, max(charge_date) as last_day
    from marts.daily_spend
    group by all
"""
_TAG_KEYS = (
    "select distinct unnest(map_keys(tags)) as key from marts.focus_costs where list_contains(?, billing_period)"
)


@dataclass(frozen=True)
class PublishedPlace:
    """A published billing period of a source that still has its lines; `rules` is the version it is attributed by."""

    x_source: str
    billing_period: str
    rules: str
    first_day: date
    last_day: date

    @property
    def place(self) -> Place:
        """Return source and billing period."""
        return self.x_source, self.billing_period


def list_places(warehouse: Path, periods: PeriodRange = EVERY_PERIOD) -> tuple[list[PublishedPlace], list[Place]]:
    """Return what of a published file in `periods` can be attributed anew, and what cannot: it has only its sums.

    Raises NothingPublished where nothing in `periods` is.
    """
    published = publication_history.read_file(warehouse)
    if published is None:
        raise NothingPublished(f"{warehouse} was never published: run `mlspend run` first")
    days = {(row["x_source"], row["billing_period"]): row for row in query_file(warehouse, _DAYS)}
    places, without_lines = [], []
    for partition in sorted(published.partitions, key=lambda one: (one.x_source, one.billing_period)):
        place = (partition.x_source, partition.billing_period)
        if partition.billing_period not in periods:
            continue
        if partition.has_lines and place in days:
            row = days[place]
            places.append(PublishedPlace(*place, partition.rules, row["first_day"], row["last_day"]))
        else:
            without_lines.append(place)
    if published.partitions and not places and not without_lines:
        held = ", ".join(sorted({one.billing_period for one in published.partitions}))
        raise NothingPublished(f"{periods}: nothing of it is published; published are {held}")
    return places, without_lines


@contextmanager
def recalculated(
    home: Home, warehouse: Path, rules: Mapping[Place, Mapping[str, Any]], *, now: datetime
) -> Iterator[Path]:
    """Give a warehouse file in which the lines of these places, as in the file `warehouse`, follow other rules.

    Its attributed_costs, daily_spend and monthly_spend are those of the real models. It is gone afterwards.
    """
    with (
        disk_errors(home.root, "attributing by other rules"),
        TemporaryDirectory(prefix=".recalculation-", dir=home.root) as name,
    ):
        folder = Path(name)
        copy = folder / "warehouse.duckdb"
        shutil.copyfile(warehouse, copy)
        if rules:
            write_recalculation(folder, rules, _tag_keys(warehouse, sorted({period for _, period in rules})), now)
            run = dbt.DbtRun(copy, folder / "plan.json", folder, parse_cache=home.builds / "partial_parse.msgpack")
            dbt.run_models(run, *_MODELS)
        yield copy


def _tag_keys(warehouse: Path, periods: Sequence[str]) -> list[str]:
    return [row["key"] for row in query_file(warehouse, _TAG_KEYS, [list(periods)])]
