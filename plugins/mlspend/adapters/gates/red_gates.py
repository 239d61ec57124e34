"""Which gates are red now: held deliveries, deliveries refused at landing, silent sources, a build stopped whole."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from mlspend.adapters import freshness, publication
from mlspend.adapters.config import Config
from mlspend.adapters.gates import stopped_build
from mlspend.adapters.home import Home
from mlspend.adapters.ledger import Ledger
from mlspend.core.deliveries import Publication
from mlspend.core.freshness import advise, describe
from mlspend.core.gates import RedGate, kind_of

# Before anything: what was never delivered has no age.
_BEGINNING = datetime.min.replace(tzinfo=UTC)


def read_red(home: Home, config: Config, ledger: Ledger, now: datetime) -> list[RedGate]:
    """Return every red gate, in the order of sources and billing periods; those of whole sources and of all first.

    Only configured sources count; with none configured, as in a trial, all do.
    """
    published = publication.read_published(home)
    configured = {source.name for source in config.sources}
    rows = [row for row in ledger.deliveries() if not configured or row["source"] in configured]
    good = _last_good(rows, published)
    found = [*_stopped(home, good), *_silent(config, ledger, now), *_held(ledger, rows, good), *_refused(rows, good)]
    return sorted(found, key=lambda gate: (gate.x_source, gate.billing_period or "", gate.kind))


def _last_good(rows: list[dict[str, Any]], published: Publication | None) -> dict[tuple[str, str], datetime]:
    """Return per source and billing period when that was delivered which readers see."""
    contents = {(one.x_source, one.billing_period, one.version) for one in (published.partitions if published else ())}
    good: dict[tuple[str, str], datetime] = {}
    for row in rows:
        place = (row["source"], row["billing_period"])
        if row["landed_at"] and (*place, row["content_version"] or row["version"]) in contents:
            good[place] = max(good.get(place, _BEGINNING), row["delivered_at"])
    return good


def _stopped(home: Home, good: dict[tuple[str, str], datetime]) -> Iterator[RedGate]:
    if stopped := stopped_build.read(home):
        yield RedGate("", None, "unproved", stopped.since, stopped.sentences, max(good.values(), default=None))


def _silent(config: Config, ledger: Ledger, now: datetime) -> Iterator[RedGate]:
    for one in freshness.read(config, ledger, now):
        if one.level == "critical":
            sentences = (f"{describe(one)}. {advise(one)}",)
            yield RedGate(one.source, None, "freshness", one.since + one.rhythm, sentences, one.last_delivered_at)


def _held(ledger: Ledger, rows: list[dict[str, Any]], good: dict[tuple[str, str], datetime]) -> Iterator[RedGate]:
    sources = {row["source"] for row in rows}
    for held in ledger.held_deliveries():
        if held.is_open and held.source in sources:
            place = (held.source, held.billing_period)
            yield RedGate(*place, kind_of(held), held.held_since, held.reasons, good.get(place))


def _refused(rows: list[dict[str, Any]], good: dict[tuple[str, str], datetime]) -> Iterator[RedGate]:
    """Yield per billing period the newest delivery that was refused for good, where it is newer than what counts."""
    landed: dict[tuple[str, str], datetime] = {}
    refused: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in rows:
        place = (row["source"], row["billing_period"])
        if row["landed_at"]:
            landed[place] = max(landed.get(place, _BEGINNING), row["delivered_at"])
        elif row["status"] == "rejected":
            refused.setdefault(place, []).append(row)
    for place, deliveries in refused.items():
        newer = [one for one in deliveries if one["delivered_at"] > landed.get(place, _BEGINNING)]
        if newer:
            newest = max(newer, key=lambda one: (one["delivered_at"], one["version"]))
            since = min(one["seen_at"] for one in newer)
            yield RedGate(*place, "schema", since, (newest["rejection_reason"],), good.get(place))
