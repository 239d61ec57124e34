"""The ledger's part about what stays as it was: versions of rules, and billing periods that are closed."""

import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from mlspend.adapters.state_store import StateStore
from mlspend.adapters.state_tables import closed_periods, closed_spend, reopened_periods, rule_versions
from mlspend.core.errors import ClosingRefused, StateLost

logger = logging.getLogger(__name__)

Period = tuple[str, str]
"""A source and a billing period."""

_PERIOD = (closed_periods.c.source, closed_periods.c.billing_period)
_SPEND = [column for column in closed_spend.c if column.name != "sequence"]


class LedgerClosings:
    """Methods of the ledger; all times are aware UTC datetimes, amounts travel as text."""

    _store: StateStore

    # Rules

    def record_rules(self, rules: Mapping[str, Mapping[str, Any]], now: datetime) -> None:
        """Keep the rules that a build attributes by, under the versions that its partitions call them by."""
        known = {row["version"] for row in self._store.rows(sa.select(rule_versions.c.version))}
        if not (new := sorted(rules.keys() - known)):
            return
        with self._store.transaction() as connection:
            for version in new:
                row = {"version": version, "rules": json.dumps(rules[version]), "first_used_at": now}
                connection.execute(self._store.upsert(rule_versions).values(**row).on_conflict_do_nothing())

    def rule_versions(self) -> list[dict[str, Any]]:
        """Return every version of the rules, oldest first: version, first_used_at, rules (plain values)."""
        ordered = sa.select(rule_versions).order_by(rule_versions.c.first_used_at, rule_versions.c.version)
        return [{**row, "rules": json.loads(row["rules"])} for row in self._store.rows(ordered)]

    # Closed periods

    def closed_periods(self) -> list[dict[str, Any]]:
        """Return what is closed: source, billing_period, closed_at, closed_by, build_id, rules, note."""
        return self._store.rows(sa.select(closed_periods).order_by(*_PERIOD))

    def closed_spend(self) -> list[dict[str, Any]]:
        """Return the frozen statements in the order they were frozen."""
        return self._store.rows(sa.select(*_SPEND).order_by(closed_spend.c.sequence))

    def frozen_rules(self) -> dict[Period, dict[str, Any]]:
        """Return the rules that each closed period keeps, by source and billing period."""
        versions = {row["version"]: row["rules"] for row in self.rule_versions()}
        return {
            (row["source"], row["billing_period"]): versions[row["rules"]]
            for row in self.closed_periods()
            if row["rules"] in versions
        }

    def close_periods(
        self,
        closings: Sequence[Mapping[str, Any]],
        spend: Iterable[Mapping[str, Any]],
        *,
        known: Mapping[str, frozenset[tuple[str, datetime]]],
    ) -> None:
        """Close billing periods and freeze their statements: all of it in one transaction, or nothing.

        `closings` are rows as `closed_periods` returns them, `spend` their statements. `known` are, per source, the
        closed periods with the times of their closing that the statements were made with: ClosingRefused where they
        are others by now, because what the statement adjusts would be charged twice or not at all.
        """
        with self._store.transaction_alone() as connection:
            for closing in closings:
                source = closing["source"]
                rows = connection.execute(sa.select(closed_periods).where(closed_periods.c.source == source))
                now_closed = {(row["billing_period"], row["closed_at"]) for row in rows.mappings()}
                if closing["billing_period"] in {period for period, _ in now_closed}:
                    raise ClosingRefused(
                        f"source {source!r}, billing period {closing['billing_period']} is closed already: "
                        "`mlspend close --list` tells when and by whom"
                    )
                if now_closed != known[source]:
                    raise ClosingRefused(
                        f"source {source!r}: periods were closed or reopened since the last publication, so the "
                        "statement of "
                        f"{closing['billing_period']} is not known yet: run `mlspend build` and `mlspend publish`,"
                        " then close again"
                    )
            connection.execute(sa.insert(closed_periods), [dict(closing) for closing in closings])
            if rows_of_spend := [dict(row) for row in spend]:
                connection.execute(sa.insert(closed_spend), rows_of_spend)

    def reopen_period(self, source: str, period: str, *, by: str, now: datetime) -> None:
        """Take the closing of a source's newest closed period back, with the statement that it froze; it is logged.

        ClosingRefused where the period is not closed, or a later one is: that one's statement may hold adjustments.
        """
        with self._store.transaction_alone() as connection:
            of_source = sa.select(closed_periods).where(closed_periods.c.source == source)
            closed = {row["billing_period"]: row for row in connection.execute(of_source).mappings()}
            if period not in closed:
                raise ClosingRefused(f"source {source!r}, billing period {period} is not closed")
            if (newest := max(closed)) != period:
                raise ClosingRefused(
                    f"source {source!r}: {period} cannot be reopened, because {newest} is closed, whose statement may"
                    f" hold adjustments of it: reopen {newest} first"
                )
            logged = {
                "source": source,
                "billing_period": period,
                "closed_at": closed[period]["closed_at"],
                "closed_by": closed[period]["closed_by"],
                "reopened_at": now,
                "reopened_by": by,
            }
            connection.execute(sa.insert(reopened_periods).values(**logged))
            connection.execute(
                sa.delete(closed_spend).where(
                    closed_spend.c.source == source, closed_spend.c.statement_period == period
                )
            )
            connection.execute(
                sa.delete(closed_periods).where(
                    closed_periods.c.source == source, closed_periods.c.billing_period == period
                )
            )

    def unknown_closings(self, closings: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        """Return those closings that are neither known, nor known to have been taken back."""
        known = {(row["source"], row["billing_period"]) for row in self.closed_periods()}
        reopened = {(row["source"], row["billing_period"], row["closed_at"]) for row in self.reopened_periods()}
        return [
            one
            for one in closings
            if (place := (one["source"], one["billing_period"])) not in known
            and (*place, one["closed_at"]) not in reopened
        ]

    def restore_closings(
        self,
        closings: Iterable[Mapping[str, Any]],
        spend: Iterable[Mapping[str, Any]],
        rules: Mapping[str, Mapping[str, Any]],
    ) -> None:
        """Record closings again that this store lost, with their statements and rules: all of them, or none.

        `rules` are rows of `rule_versions` (rules as JSON) by version. StateLost where those of a closing are missing.
        """
        with self._store.transaction_alone() as connection:
            lost = self.unknown_closings(closings)
            known = {row["version"] for row in self._store.rows(sa.select(rule_versions.c.version))}
            for one in lost:
                place = f"source {one['source']!r}, billing period {one['billing_period']}"
                if one["rules"] not in known | rules.keys():
                    raise StateLost(
                        f"{place} is published as closed by {one['closed_by']}, but the state store knows nothing of it"
                        f" and its rules {one['rules']} are kept nowhere: restore the state store from its backup"
                    )
                logger.warning("the state store did not know that %s is closed: recorded again as published", place)
            places = {(one["source"], one["billing_period"]) for one in lost}
            for version in sorted(rules.keys() - known if lost else ()):
                row = self._store.upsert(rule_versions).values(**rules[version])
                connection.execute(row.on_conflict_do_nothing())
            if lost:
                connection.execute(sa.insert(closed_periods), [dict(one) for one in lost])
            if rows := [dict(row) for row in spend if (row["source"], row["statement_period"]) in places]:
                connection.execute(sa.insert(closed_spend), rows)

    def reopened_periods(self) -> list[dict[str, Any]]:
        """Return closings that were taken back, oldest first."""
        return self._store.rows(sa.select(reopened_periods).order_by(reopened_periods.c.sequence))
