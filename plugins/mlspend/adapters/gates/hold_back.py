"""Hold back what the gates say no to: judge a build, remember the verdict, keep held periods out of the next build.

A delivery is held until another one counts, its billing period's rules or the checks change, or somebody accepts it.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import date, datetime
from typing import Any

from mlspend.adapters.build_inputs import BuildInputs
from mlspend.adapters.config import Config
from mlspend.adapters.gates.red_gates import newer_refused
from mlspend.adapters.home import PROJECT_ROOT, Home
from mlspend.adapters.ledger import Ledger
from mlspend.adapters.publication_history import read_held
from mlspend.core.check_effects import CHECKS
from mlspend.core.deliveries import Build, CheckResult, Partition, Publication, Receipt, build_id_at
from mlspend.core.errors import GateNotRed
from mlspend.core.gates import (
    LONGEST_ACCEPTANCE,
    HeldDelivery,
    Place,
    Verdict,
    accept_command,
    accepted_checks,
    decide,
    kind_of,
)
from mlspend.core.hashes import hash_of

# What a verdict depends on besides lines, rules and configuration: another release may judge otherwise.
_RELEASE = (("expectations", "*.py"), ("dbt_project/models", "**/*.sql"), ("dbt_project/macros", "*.sql"))


def keep_back(inputs: BuildInputs, config: Config, ledger: Ledger, receipts: Sequence[Receipt]) -> BuildInputs:
    """Return `inputs` that keep back what is held now of `receipts`, and tell which published periods are stale."""
    partitions = [inputs.partition_of(config, receipt) for receipt in receipts]
    held = standing(config, ledger, partitions)
    rows = [_stale_row(one) for one in held.values()]
    rows += [
        {
            "x_source": row["source"],
            "billing_period": row["billing_period"],
            "version": row["version"],
            "kind": "schema",
            "stale_since": since,
            "reasons": row["rejection_reason"],
        }
        for row, since in newer_refused(config, ledger.deliveries())
        if (row["source"], row["billing_period"]) not in held
    ]
    tables = {**inputs.tables, "stale_periods": sorted(rows, key=_place_of)} if rows else inputs.tables
    return replace(inputs, tables=tables, held_back=frozenset(held))


def standing(config: Config, ledger: Ledger, partitions: Iterable[Partition]) -> dict[Place, HeldDelivery]:
    """Return what is held of the deliveries that count, which become these `partitions`: judged red, and as now."""
    current = {(one.x_source, one.billing_period): one for one in partitions}
    open_ones = [one for one in ledger.held_deliveries() if one.is_open]
    if not open_ones:
        return {}
    release = _release()
    held = {}
    for one in open_ones:
        partition = current.get((one.source, one.billing_period))
        if partition and partition.version == one.version and one.gates == _basis(config, partition, release):
            held[one.source, one.billing_period] = one
    return held


def judge(build: Build, results: Iterable[CheckResult], ledger: Ledger) -> Verdict:
    """Return what of `build` must not be published, by the answers to its checks and what somebody accepted."""
    versions = {(one.x_source, one.billing_period): one.version for one in build.rebuilt}
    return decide(results, versions, accepted_checks(ledger.held_deliveries(), versions, build.build_id))


def record(build: Build, verdict: Verdict, config: Config, ledger: Ledger, now: datetime) -> list[HeldDelivery]:
    """Record in the ledger what the verdict holds back, and return it: from now on builds leave it out."""
    release = _release()
    partitions = {(one.x_source, one.billing_period): one for one in build.rebuilt}
    held = [
        HeldDelivery(
            source=place[0],
            billing_period=place[1],
            version=partitions[place].version,
            gates=_basis(config, partitions[place], release),
            held_since=now,
            checked_at=now,
            reasons=tuple(sentence(result) for result in results),
            build_id=build.build_id,
            results=json.dumps([asdict(result) for result in results]),
        )
        for place, results in verdict.held.items()
    ]
    ledger.record_held(held)
    return held


def accept(
    ledger: Ledger,
    source: str,
    period: str,
    *,
    version: str | None = None,
    until: date | None = None,
    by: str,
    reason: str,
    now: datetime,
) -> HeldDelivery:
    """Take what is held back of a billing period as right, and return it.

    With `until` the same checks are right for later versions of it too, up to that day. GateNotRed where nothing is
    held back, or not this `version`, or where the day is past or more than LONGEST_ACCEPTANCE ahead.
    """
    if until and not now.date() <= until <= now.date() + LONGEST_ACCEPTANCE:
        raise GateNotRed(
            f"source {source!r}, billing period {period}: until {until} cannot be: name a day from today to"
            f" {now.date() + LONGEST_ACCEPTANCE}; what is right for good is an effect of the check: gates.effects in"
            " mlspend.yml"
        )
    held = [one for one in ledger.held_deliveries() if one.is_open]
    for one in held:
        if (one.source, one.billing_period) == (source, period):
            is_meant = version in (None, one.version)
            if is_meant and ledger.accept_held(one, by=by, reason=reason, now=now, until=until):
                return one
            raise GateNotRed(
                f"source {source!r}, billing period {period}: held back is version {one.version}, judged last at"
                f" {one.checked_at:%Y-%m-%d %H:%M} UTC, and not what you looked at: see `mlspend gates`"
            )
    known = ", ".join(f"{one.source} {one.billing_period}" for one in held) or "none"
    raise GateNotRed(
        f"source {source!r}, billing period {period}: no delivery is held back; held back are: {known}. What landing"
        " refused cannot be accepted: have it delivered again"
    )


def release_published(home: Home, ledger: Ledger, published: Publication, now: datetime) -> None:
    """Record as released what is held no more in what is published now; what was judged since stays."""
    still = read_held(home.published_warehouse)
    released = [
        one
        for one in ledger.held_deliveries()
        if one.released_at is None
        and (one.source, one.billing_period, one.version) not in still
        and build_id_at(one.checked_at) <= published.build_id
    ]
    if released:
        ledger.release_held(released, now)


def describe(one: HeldDelivery) -> str:
    """Return what is held back, why and since when, and what to do."""
    return (
        f"source {one.source!r}, billing period {one.billing_period}, version {one.version} is held back since"
        f" {one.held_since:%Y-%m-%d %H:%M} UTC, what was published of it stays: {' '.join(one.reasons)} Have it"
        f" delivered again, or take it as right: {accept_command(one.source, one.billing_period, one.version)}"
    )


def explain_everything_held(ledger: Ledger) -> str:
    """Return why there is nothing to publish at all."""
    held = "\n".join(f"  - {describe(one)}" for one in ledger.held_deliveries() if one.is_open)
    return f"nothing was ever published, and the gates hold back all that is landed:\n{held}"


def sentence(result: CheckResult) -> str:
    """Return what a check that did not pass found, without sample rows, and why it is made."""
    what = result.check_name or f"{result.expectation} on {result.subject}"
    found = f"{result.unexpected_count} unexpected" if result.is_evaluated else "could not be evaluated"
    return f"{what}: {found}. {result.reason}".strip()


def _stale_row(one: HeldDelivery) -> dict[str, Any]:
    return {
        "x_source": one.source,
        "billing_period": one.billing_period,
        "version": one.version,
        "kind": kind_of(one),
        "stale_since": one.held_since,
        "reasons": "\n".join(one.reasons),
    }


def _place_of(row: Mapping[str, Any]) -> Place:
    return row["x_source"], row["billing_period"]


def _basis(config: Config, partition: Partition, release: str) -> str:
    """A hash of what the verdict on a delivery depends on besides its lines."""
    gates = config.gates.model_dump(mode="json", exclude={"data_docs_url"})
    return hash_of([gates, dict(CHECKS), partition.rules, release])


def _release() -> str:
    files = sorted(file for folder, pattern in _RELEASE for file in (PROJECT_ROOT / folder).glob(pattern))
    return hash_of([(file.name, file.read_text()) for file in files])
