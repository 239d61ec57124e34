"""Control totals of the raw files, by their own query, and what they must agree with before anything is landed."""

import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from mlspend.adapters.duckdb_files import Connection, Error
from mlspend.adapters.landing_failures import explain_failure, explain_incomplete
from mlspend.adapters.landing_files import FileGroup
from mlspend.adapters.landing_sql import line_types_query, total_query
from mlspend.core.deliveries import ControlTotal, Delivery
from mlspend.core.errors import CurrencyChanged, ExportContractBroken
from mlspend.core.export_kinds import AWS_CUR, COMMITMENT_COLUMNS
from mlspend.core.periods import is_near, period_of

logger = logging.getLogger(__name__)


@dataclass
class _Sums:
    rows: int = 0
    cost: Decimal = Decimal(0)
    net_cost: Decimal = Decimal(0)


def control_totals(
    connection: Connection, delivery: Delivery, groups: Sequence[FileGroup]
) -> tuple[tuple[ControlTotal, ...], tuple[str, ...]]:
    """Return rows and billed cost of the delivery's own lines per day, accounts, currency and invoice, so sorted.

    And the billing accounts whose billed cost is net of their discounts: those with net costs, on every line that has
    an amount; the unblended cost counts for all others. Over all files: one of them may hold what makes the account
    net, another what keeps it from being so.

    Each line is rounded to 12 decimals before it is added, as it is when landed: doubles carry 15 to 17 digits.
    Where a manifest names the period it is believed: corrections of earlier months come with the period's own lines.
    Raises ExportContractBroken for values that do not cast and for missing ones.
    """
    foreign = 0
    sums: dict[tuple[date, str, str, str, str], _Sums] = defaultdict(_Sums)
    has_net: set[str] = set()
    lacks_net: set[str] = set()
    for group in groups:
        query = total_query(group.shape, group.plan, group.files[0], group.relation)
        try:
            rows = connection.execute(query).fetchall()
        except Error as error:
            raise explain_failure(connection, delivery, group.shape, group.files, error) from error
        if any(row[7] for row in rows):
            raise explain_incomplete(connection, delivery, group.shape, group.files)
        for start, day, account, sub_account, currency, row_count, cost, _, invoice, *net_sums in rows:
            net_cost, net_count, unmatched = net_sums
            if period_of(start) != delivery.period:
                if delivery.selects_period:
                    continue
                foreign += row_count
            found = sums[day, account, sub_account, currency, invoice]
            found.rows += row_count
            found.cost += cost
            found.net_cost += net_cost
            if net_count:
                has_net.add(account)
            if unmatched:
                lacks_net.add(account)
    if foreign:
        logger.warning("%s: %d lines bear another billing period and count in this one", delivery, foreign)
    net = has_net - lacks_net
    totals = tuple(
        ControlTotal(*key[:4], found.rows, found.net_cost if key[1] in net else found.cost, invoice_id=key[4])
        for key, found in sorted(sums.items(), key=lambda item: item[0])
    )
    return totals, tuple(sorted(net))


def check_currencies(delivery: Delivery, totals: Sequence[ControlTotal], known: Mapping[str, str]) -> None:
    """Raise CurrencyChanged when an account is billed in two currencies, or in another than the one known for it."""
    seen = dict(known)
    for total in totals:
        expected = seen.setdefault(total.billing_account_id, total.billing_currency)
        if total.billing_currency != expected:
            raise CurrencyChanged(
                f"{delivery}: billing account {total.billing_account_id} is billed in {total.billing_currency} on "
                f"{total.charge_date}, but {expected} is its currency ({_uris(delivery)}). Amounts of two currencies "
                "are never added: where the account really changed it, run `mlspend land --accept-new-currency`"
            )


def check_filled(delivery: Delivery, totals: Sequence[ControlTotal]) -> None:
    """Raise ExportContractBroken for a delivery without lines: an empty month and a lost one look the same."""
    if not totals:
        raise ExportContractBroken(
            f"{delivery}: no line in {_uris(delivery)}, only headers. Nothing is replaced by an empty export: "
            "a month that has only begun lands with its next delivery; for any other, deliver it again"
        )


def check_days(delivery: Delivery, totals: Sequence[ControlTotal]) -> None:
    """Raise ExportContractBroken for a day so far from the billing period that it must be a mistake."""
    for total in totals:
        if not is_near(total.charge_date, delivery.period):
            raise ExportContractBroken(
                f"{delivery}: {total.row_count} lines of account {total.sub_account_id} are for {total.charge_date}, "
                f"far from the billing period ({_uris(delivery)}): deliver the export again"
            )


def check_commitments(connection: Connection, delivery: Delivery, groups: Sequence[FileGroup]) -> None:
    """Raise ExportContractBroken for lines of commitments whose cost stands in columns the export was made without.

    Such columns are optional only as long as there is no such line: NULL would count what was paid for as free.
    """
    for group in groups:
        if group.shape is not AWS_CUR:
            continue
        needed = {
            line_type: missing
            for line_type, columns in COMMITMENT_COLUMNS.items()
            if (missing := sorted(set(columns) & set(group.plan.absent)))
        }
        if not needed:
            continue
        line_types = {
            row[0]
            for row in connection.execute(
                line_types_query(group.shape, group.plan, group.files[0], group.relation)
            ).fetchall()
        }
        for line_type, missing in needed.items():
            if line_type in line_types:
                raise ExportContractBroken(
                    f"{delivery}: lines of type {line_type} need {', '.join(missing)}, which the export was made "
                    f"without ({group.uris}): add the columns to the export"
                )


def _uris(delivery: Delivery) -> str:
    return ", ".join(file.uri for file in delivery.files)
