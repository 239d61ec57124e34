"""Write the statements of a month, one CSV and one PDF per team, from what is published."""

import csv
import hashlib
import re
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from mlspend.adapters import chargeback_pdf, closing, publication
from mlspend.adapters.disk_errors import disk_errors
from mlspend.adapters.home import Home
from mlspend.adapters.ledger import Ledger
from mlspend.adapters.warehouse_query import query_file
from mlspend.core import wording
from mlspend.core.chargeback import Charge, Statement, round_charges, subtotal
from mlspend.core.errors import ClosingRefused, NothingPublished

_CHARGES = """
    select
        team,
        case
            when kind = 'adjustment' then 'adjustment'
            when is_shared_cost then 'shared'
            -- Only shares of shared costs are filed so.
            when environment = 'shared' and ml_stage = 'shared' then 'share'
            else 'charge'
        end as kind,
        billing_period, project, coalesce(service_name, '') as service_name, billing_currency,
        sum(billed_cost) as billed_cost, sum(effective_cost) as effective_cost
    from marts.chargeback
    where statement_period = ?
    group by all
"""
_SOURCES = "select distinct x_source from marts.chargeback where statement_period = ?"
_CLOSED = "select x_source from marts.closed_periods where billing_period = ?"
_COLUMNS = (
    "company", "team", "statement_period", "status", "kind", "billing_period", "project", "service_name",
    "billing_currency", "billed_cost", "effective_cost", "billed_amount", "effective_amount", "publication",
)  # fmt: skip
# A spreadsheet takes text that begins so for a formula, and tags come from outside.
_FORMULA = re.compile(r"^[=+\-@\t\r]")


@dataclass(frozen=True)
class Written:
    """One team's statement in one currency, and the files that hold it; amounts as shown, in whole cents."""

    team: str
    billing_currency: str
    billed_amount: Decimal
    effective_amount: Decimal
    status: str
    note: str
    csv: Path
    pdf: Path


def write(
    home: Home, ledger: Ledger, company: str, period: str, *, team: str | None, to: Path, font: Path | None = None
) -> list[Written]:
    """Write the statements of `period` into the folder `to`, older files of the same names over, and say which.

    Raises ClosingRefused where nothing is charged in that month, `team` is charged nothing, or the month was closed or
    reopened since the last publication.
    """
    statements = read_statements(home, ledger, company, period)
    teams = sorted({one.team for one in statements})
    if team is not None and team not in teams:
        raise ClosingRefused(f"team {team!r} is charged nothing in {period}; charged are: {', '.join(teams) or 'none'}")
    written = []
    with disk_errors(to, f"writing the statements of {period}"):
        to.mkdir(parents=True, exist_ok=True)
        for name in [team] if team is not None else teams:
            of_team = [one for one in statements if one.team == name]
            base = to / f"chargeback-{period}-{_file_name(name, teams)}"
            files = base.with_name(base.name + ".csv"), base.with_name(base.name + ".pdf")
            _write_csv(files[0], of_team)
            chargeback_pdf.write(files[1], of_team, font)
            for one in of_team:
                total = subtotal(name, one.lines)
                amounts = (total.billed_amount, total.effective_amount)
                written.append(Written(name, one.billing_currency, *amounts, one.status, one.note, *files))
    return written


def read_statements(home: Home, ledger: Ledger, company: str, period: str) -> list[Statement]:
    """Return the published statements of `period`, by team and currency."""
    published = publication.read_published(home)
    if published is None:
        raise NothingPublished(f"nothing is published at {home.published_warehouse} yet: run `mlspend run` first")
    charges = [Charge(**row) for row in query_file(home.published_warehouse, _CHARGES, [period])]
    if not charges:
        raise ClosingRefused(f"nothing is charged in {period}: `mlspend close --list` shows which months are published")
    note = _note(home, ledger, period)
    units = {one.billing_currency: wording.smallest_amount(one.billing_currency) for one in charges}
    return [
        Statement(company, team, period, currency, published.build_id, lines, note)
        for (team, currency), lines in sorted(round_charges(charges, units).items())
    ]


def _note(home: Home, ledger: Ledger, period: str) -> str:
    """Return what is provisional about the statements of `period`, empty where every source's is frozen."""
    shown = {row["x_source"] for row in query_file(home.published_warehouse, _CLOSED, [period])}
    if shown != {row["source"] for row in ledger.closed_periods() if row["billing_period"] == period}:
        raise ClosingRefused(
            f"{period} was closed or reopened since the last publication: run `mlspend build` and `mlspend publish`,"
            " then write its statements"
        )
    charged = {row["x_source"] for row in query_file(home.published_warehouse, _SOURCES, [period])}
    if not (still_open := charged - shown):
        return ""
    reasons = {
        f"{row['x_source']}: {closing.describe_state(row)}"
        for row in closing.read_periods(home)
        if row["billing_period"] == period and row["x_source"] in still_open
    }
    return ", ".join(sorted(reasons)) or "no bill of this month is published yet"


def _file_name(team: str, teams: list[str]) -> str:
    """Return a team's name as part of a file name; one that is not a plain name, or not alone with it, gets a hash."""
    plain = re.sub(r"[^a-z0-9]+", "-", team.lower()).strip("-")
    alike = [each for each in teams if re.sub(r"[^a-z0-9]+", "-", each.lower()).strip("-") == plain]
    return plain if plain and len(alike) == 1 else f"{plain}-{hashlib.sha256(team.encode()).hexdigest()[:8]}".strip("-")


def _write_csv(file: Path, statements: list[Statement]) -> None:
    with file.open("w", newline="", encoding="utf-8") as out:
        writer = csv.DictWriter(out, _COLUMNS)
        writer.writeheader()
        for statement in statements:
            for line in statement.lines:
                charge = line.charge
                row: dict[str, Any] = {
                    "company": statement.company,
                    "team": charge.team,
                    "statement_period": statement.period,
                    "status": statement.status,
                    "kind": charge.kind,
                    "billing_period": charge.billing_period,
                    "project": charge.project,
                    "service_name": charge.service_name,
                    "billing_currency": charge.billing_currency,
                    "publication": statement.build_id,
                }
                safe = {name: _FORMULA.sub(lambda found: "'" + found[0], text) for name, text in row.items()}
                amounts = {
                    "billed_cost": charge.billed_cost,
                    "effective_cost": charge.effective_cost,
                    "billed_amount": line.billed_amount,
                    "effective_amount": line.effective_amount,
                }
                writer.writerow(safe | {name: format(amount, "f") for name, amount in amounts.items()})
