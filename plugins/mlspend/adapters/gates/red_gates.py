"""Which gates are red now: held deliveries, deliveries refused at landing, silent sources, a build stopped whole."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from mlspend.adapters import freshness, publication_history
from mlspend.adapters.config import Config
from mlspend.adapters.gates import data_docs, stopped_build
from mlspend.adapters.home import Home
from mlspend.adapters.ledger import Ledger
from mlspend.core.check_effects import CHECKS, FRESHNESS
from mlspend.core.deliveries import Publication
from mlspend.core.freshness import advise, describe
from mlspend.core.gates import RedGate, kind_of

# Before anything: what was never delivered has no age.
_BEGINNING = datetime.min.replace(tzinfo=UTC)


def read_red(home: Home, config: Config, ledger: Ledger, now: datetime) -> list[RedGate]:
    """Return every red gate, in the order of sources and billing periods; those of whole sources and of all first.

    Only configured sources count; with none configured, as in a trial, all do.
    """
    rows = ledger.deliveries()
    good = _last_good(rows, publication_history.read_published(home))
    found = [*_stopped(home, config, good), *_silent(config, ledger, now), *_held(home, config, ledger, good)]
    for row, since in newer_refused(config, rows):
        place = (row["source"], row["billing_period"])
        found.append(RedGate(*place, "schema", since, (row["rejection_reason"],), good.get(place)))
    return sorted(found, key=lambda gate: (gate.x_source, gate.billing_period or "", gate.kind))


def newer_refused(config: Config, deliveries: list[dict[str, Any]]) -> list[tuple[dict[str, Any], datetime]]:
    """Return per billing period the newest delivery refused for good, if newer than all that is landed of it.

    Beside it stands since when that is so. `deliveries` are rows as Ledger.deliveries() gives them.
    """
    landed: dict[tuple[str, str], datetime] = {}
    refused: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in deliveries:
        place = (row["source"], row["billing_period"])
        if row["landed_at"]:
            landed[place] = max(landed.get(place, _BEGINNING), row["delivered_at"])
        elif row["status"] == "rejected" and _counts(config, row["source"]):
            refused.setdefault(place, []).append(row)
    found = []
    for place, rows in sorted(refused.items()):
        if newer := [one for one in rows if one["delivered_at"] > landed.get(place, _BEGINNING)]:
            newest = max(newer, key=lambda one: (one["delivered_at"], one["version"]))
            found.append((newest, min(one["seen_at"] for one in newer)))
    return found


def _counts(config: Config, source: str) -> bool:
    return not config.sources or source in {one.name for one in config.sources}


def _last_good(rows: list[dict[str, Any]], published: Publication | None) -> dict[tuple[str, str], datetime]:
    """Return per source and billing period when that was delivered which readers see."""
    contents = {(one.x_source, one.billing_period, one.version) for one in (published.partitions if published else ())}
    good: dict[tuple[str, str], datetime] = {}
    for row in rows:
        place = (row["source"], row["billing_period"])
        if row["landed_at"] and (*place, row["content_version"] or row["version"]) in contents:
            good[place] = max(good.get(place, _BEGINNING), row["delivered_at"])
    return good


def _stopped(home: Home, config: Config, good: dict[tuple[str, str], datetime]) -> Iterator[RedGate]:
    if stopped := stopped_build.read(home):
        gate = RedGate("", None, "unproved", stopped.since, stopped.sentences, max(good.values(), default=None))
        yield _with_pages(gate, home, config, stopped.build_id)


def _silent(config: Config, ledger: Ledger, now: datetime) -> Iterator[RedGate]:
    if config.gates.effect_of.get(FRESHNESS, CHECKS[FRESHNESS]) not in ("stop", "hold"):
        return
    for one in freshness.read(config, ledger, now):
        if one.level == "critical":
            sentences = (f"{describe(one)}. {advise(one)}",)
            yield RedGate(one.source, None, "freshness", one.since + one.rhythm, sentences, one.last_delivered_at)


def _held(home: Home, config: Config, ledger: Ledger, good: dict[tuple[str, str], datetime]) -> Iterator[RedGate]:
    for held in ledger.held_deliveries():
        if held.is_red and _counts(config, held.source):
            place = (held.source, held.billing_period)
            sentences = held.reasons
            if held.accepted_at:
                taken = (
                    f"{held.accepted_by} took it as right at {held.accepted_at:%Y-%m-%d %H:%M} UTC"
                    f" ({held.accept_reason}): the next build publishes it."
                )
                sentences = (taken, *sentences)
            gate = RedGate(*place, kind_of(held), held.held_since, sentences, good.get(place))
            gate = replace(gate, version=held.version if held.is_open else None)
            yield _with_pages(gate, home, config, held.build_id)


def _with_pages(gate: RedGate, home: Home, config: Config, build_id: str) -> RedGate:
    pages = data_docs.find(home, build_id)
    return replace(gate, link=data_docs.link(config, build_id) if pages else None, pages=str(pages) if pages else None)
