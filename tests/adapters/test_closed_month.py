"""A month is closed, then restated while the rules change: through dbt, two builds for all that is told of them."""

import csv
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pypdf
import pytest

from mlspend import cli_explain
from mlspend.adapters import (
    chargeback,
    closing,
    explanation,
    lost_closings,
    pipeline,
    publication,
    publication_history,
    rule_changes,
)
from mlspend.adapters.config import load
from mlspend.adapters.config_model import Config
from mlspend.adapters.home import Home
from mlspend.adapters.landing_folder import landed_receipts
from mlspend.adapters.ledger import Ledger
from mlspend.core.deliveries import Build
from mlspend.core.errors import ClosingRefused, LineUnknown, RulesUnknown, StateLost
from mlspend.core.periods import EVERY_PERIOD
from tests.handmade_build import prove_by_hand
from tests.landed_by_hand import ask, land, line

NOW = datetime(2026, 11, 2, 6, tzinfo=UTC)
AGGREGATE = "select {}, sum(billed_cost) from {} group by all order by all"


FIRST = """\
company: Northwind
sources: []
projects: [{name: recommender, team: discovery}]
teams: [{name: discovery}]
"""
THEN = """\
company: Northwind
sources: []
projects: [{name: recommender, aliases: [recsys], team: discovery}, {name: search, team: finders}]
teams: [{name: discovery}, {name: finders}, {name: risk}]
rules:
  - {id: gpu-only, when: {usage_type: Gpu}, project: search}
  - {id: nat, when: {usage_type: NatGateway}, shared: network}
shared_costs:
  - {name: network, split: even, among: [recommender, search]}
"""


def configured(text: str, folder: Path) -> Config:
    file = folder / "mlspend.yml"
    file.write_text(text)
    return load(file)


def charge(day: str, cost: str, project: str, **columns: Any) -> dict[str, Any]:
    return line(day, cost, tags={"project": project}, **columns)


class Company:
    """A home with its ledger; every step is made as the pipeline makes it, but for the proof."""

    def __init__(self, home: Home, ledger: Ledger) -> None:
        self.home, self.ledger, self.now = home, ledger, NOW

    def land(self, period: str, version: str, *lines: dict[str, Any]) -> None:
        self.now += timedelta(minutes=1)
        self.ledger.record_landed(land(self.home, lines, period, version), self.now)

    def publish(self, config: Config) -> Build:
        self.now += timedelta(minutes=1)
        made = pipeline.make_build(self.home, config, self.ledger, publication.read_published(self.home), now=self.now)
        if not made.is_unchanged:
            prove_by_hand(made)
            publication.publish(made, self.home, self.ledger, now=self.now)
        return made

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        return ask(self.home.published_warehouse, query)


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    """September is invoiced and closed, then restated; October is open; the rules change after the close."""
    home = Home(tmp_path_factory.mktemp("closed_month"))
    with Ledger(f"sqlite:///{home.root / 'state.db'}") as ledger:
        ledger.migrate()
        made = Company(home, ledger)
        invoiced = {"bill_invoice_id": "INV-1"}
        kept = charge("2026-09-02", "4", "recsys", **invoiced)
        made.land("2026-09", "v1", charge("2026-09-01", "10", "recommender", **invoiced), kept)
        nat = line("2026-10-01", "3", line_item_usage_type="NatGateway-Hours")
        made.land("2026-10", "v1", charge("2026-10-01", "5.005", "recsys"), nat)
        made.publish(configured(FIRST, home.root))
        closing.close(home, ledger, "2026-09", source=None, by="ines", note=None, now=made.now)
        later = charge("2026-09-03", "1", "recsys", **invoiced)
        made.land("2026-09", "v2", charge("2026-09-01", "12", "recommender", **invoiced), kept, later)
        made.publish(configured(THEN, home.root))
        yield made


def test_a_restated_closed_month_keeps_its_rules_and_its_statement(company: Company) -> None:
    # The bill is followed: 12 + 4 + 1. By the rules of the close nobody is called recsys; in October it is an alias.
    assert company.ask(AGGREGATE.format("billing_period, project", "marts.monthly_spend")) == [
        ("2026-09", "recommender", Decimal(12)),
        ("2026-09", "unattributed", Decimal(5)),
        ("2026-10", "network", Decimal(0)),
        ("2026-10", "recommender", Decimal("6.505")),
        ("2026-10", "search", Decimal("1.5")),
    ]
    assert company.ask(AGGREGATE.format("statement_period, kind, is_closed, project", "marts.chargeback")) == [
        ("2026-09", "charge", True, "recommender", Decimal(10)),
        ("2026-09", "charge", True, "unattributed", Decimal(4)),
        ("2026-10", "adjustment", False, "recommender", Decimal(2)),
        ("2026-10", "adjustment", False, "unattributed", Decimal(1)),
        ("2026-10", "charge", False, "recommender", Decimal("6.505")),
        ("2026-10", "charge", False, "search", Decimal("1.5")),
    ]


def test_a_build_without_news_is_none_and_another_closing_is_news(company: Company) -> None:
    assert company.publish(configured(THEN, company.home.root)).is_unchanged
    inputs = pipeline.inputs_of(company.home, configured(THEN, company.home.root), company.ledger)
    assert inputs.tables.keys() >= {"closed_periods", "closed_spend"}
    published = publication.read_published(company.home)
    assert published
    assert published.tables_hash == inputs.tables_hash


def test_periods_tell_whether_they_are_final_and_closed(company: Company) -> None:
    september, october = closing.read_periods(company.home)
    assert (september["is_final"], september["final_reason"]) == (True, "every charge stands on an invoice")
    assert (september["is_closed"], september["closed_by"]) == (True, "ines")
    assert (october["is_final"], october["final_from"], october["is_closed"]) == (False, None, False)
    assert october["uninvoiced_cost"] == Decimal("8.005")
    assert closing.describe_state(october) == "provisional (2 of 2 charges stand on no invoice yet)"


def test_every_version_of_the_rules_that_was_used_is_kept(company: Company) -> None:
    first, second = company.ledger.rule_versions()
    assert "recsys" not in first["rules"]["tag_values"]["project"]
    assert second["rules"]["tag_values"]["project"]["recsys"] == "recommender"
    assert company.ask("select rules from marts.closed_periods") == [(first["version"],)]
    assert company.ask("select version from ops.rule_versions order by first_used_at") == [
        (first["version"],),
        (second["version"],),
    ]


def test_a_team_gets_its_statement_as_csv_and_pdf(company: Company, tmp_path: Path) -> None:
    written = chargeback.write(company.home, company.ledger, "Northwind", "2026-10", team="discovery", to=tmp_path)
    (one,) = written
    # 2, 5.005 and 1.5 are 8.505; all teams together 11.005, shown as 11.01, whose odd half a cent discovery has.
    assert (one.billed_amount, one.status) == (Decimal("8.51"), "provisional")
    with one.csv.open() as file:
        rows = list(csv.DictReader(file))
    assert [
        (row["kind"], row["billing_period"], row["project"], row["billed_cost"], row["billed_amount"]) for row in rows
    ] == [
        ("adjustment", "2026-09", "recommender", "2.000000000000", "2.00"),
        ("charge", "2026-10", "recommender", "5.005000000000", "5.01"),
        ("share", "2026-10", "recommender", "1.500000000000", "1.50"),
    ]
    text = " ".join(" ".join(page.extract_text() for page in pypdf.PdfReader(one.pdf).pages).split())
    for shown in (
        "Northwind",
        "discovery",
        "2026-10",
        "Provisional",
        "no invoice yet",
        "Sep 2026",
        "8.51",
        "Shares of",
    ):
        assert shown in text
    again = chargeback.write(
        company.home, company.ledger, "Northwind", "2026-10", team="discovery", to=tmp_path / "again"
    )
    assert again[0].pdf.read_bytes() == one.pdf.read_bytes()
    closed = chargeback.write(company.home, company.ledger, "Northwind", "2026-09", team=None, to=tmp_path)
    assert [(each.team, each.billed_amount, each.status) for each in closed] == [
        ("discovery", Decimal("10.00"), "closed"),
        ("unattributed", Decimal("4.00"), "closed"),
    ]


def test_who_is_charged_nothing_is_told_who_is(company: Company, tmp_path: Path) -> None:
    with pytest.raises(ClosingRefused, match="team 'risk' is charged nothing in 2026-10; charged are: discovery"):
        chargeback.write(company.home, company.ledger, "Northwind", "2026-10", team="risk", to=tmp_path)
    with pytest.raises(ClosingRefused, match="nothing is charged in 2026-12"):
        chargeback.write(company.home, company.ledger, "Northwind", "2026-12", team=None, to=tmp_path)


def test_a_change_of_rules_shows_the_money_that_moves_and_touches_nothing(company: Company, tmp_path: Path) -> None:
    changed = tmp_path / "mlspend.yml"
    recsys = "{name: recommender, team: discovery}, {name: recsys, team: risk}"
    changed.write_text(THEN.replace("{name: recommender, aliases: [recsys], team: discovery}", recsys))
    before = company.home.published_warehouse.read_bytes()
    found = rule_changes.diff(
        company.home, company.ledger, "published", str(changed), periods=EVERY_PERIOD, now=company.now
    )
    # September is closed and keeps its rules; in October recsys would be a project of its own.
    assert (found.compared, found.closed) == ([("aws", "2026-10")], [("aws", "2026-09")])
    (move,) = found.moves
    assert (move["from_project"], move["from_team"]) == ("recommender", "discovery")
    assert (move["to_project"], move["to_team"]) == ("recsys", "risk")
    assert (move["billed_cost"], move["effective_cost"], move["line_count"]) == (Decimal("5.005"), Decimal("5.005"), 1)
    assert {row["project"]: row["billed_cost_change"] for row in found.changes} == {
        "recommender": Decimal("-5.005"),
        "recsys": Decimal("5.005"),
    }
    assert company.home.published_warehouse.read_bytes() == before
    assert not list(company.home.root.glob(".recalculation-*"))


def test_rules_that_are_alike_move_nothing(company: Company) -> None:
    version = company.ledger.rule_versions()[-1]["version"]
    for old, new in (("published", version[:6]), ("published", "published")):
        found = rule_changes.diff(company.home, company.ledger, old, new, periods=EVERY_PERIOD, now=company.now)
        assert (found.moves, found.changes, found.compared) == ([], [], [])
        assert found.alike == [("aws", "2026-10")]


def test_history_is_recomputed_as_known_then_under_other_rules(company: Company) -> None:
    first_publication = publication_history.list_kept(company.home)[-1].path
    newest = company.ledger.rule_versions()[-1]["version"]
    found = rule_changes.spend(
        company.home, company.ledger, newest, first_publication, periods=EVERY_PERIOD, now=company.now
    )
    # September as delivered first, 10 and 4, by rules that came later and call recsys the recommender.
    assert [(row["billing_period"], row["project"], row["billed_cost"]) for row in found.rows] == [
        ("2026-09", "recommender", Decimal(14)),
        ("2026-10", "recommender", Decimal("6.505")),
        ("2026-10", "search", Decimal("1.5")),
        ("2026-10", "network", Decimal(0)),
    ]
    known = rule_changes.spend(
        company.home, company.ledger, "published", first_publication, periods=EVERY_PERIOD, now=company.now
    )
    assert [(row["billing_period"], row["project"], row["billed_cost"]) for row in known.rows] == [
        ("2026-09", "recommender", Decimal(10)),
        ("2026-09", "unattributed", Decimal(4)),
        ("2026-10", "unattributed", Decimal("8.005")),
    ]


@pytest.mark.parametrize("name", ["", "ffff", "nowhere.yml"])
def test_rules_that_are_not_known_are_refused(company: Company, name: str) -> None:
    with pytest.raises(RulesUnknown, match="mlspend rules list"):
        rule_changes.diff(company.home, company.ledger, "published", name, periods=EVERY_PERIOD, now=company.now)


def explained(company: Company, table: str, condition: str) -> explanation.Explanation:
    ((line_id,),) = company.ask(f"select x_line_id from marts.{table} where {condition}")
    return explanation.explain(company.home, line_id[:20])


def test_a_charge_under_a_shared_cost_is_explained_by_its_rule_and_its_split(company: Company) -> None:
    found = explained(company, "attributed_costs", "is_shared_cost")
    assert found.line_type == "usage at its rate: effective cost is billed cost"
    assert found.rule
    assert found.rule["id"] == "nat"
    assert found.missed_rules == [("gpu-only", ["usage_type /Gpu/: it is NatGateway-Hours"])]
    assert [(row["project"], row["is_negating"], row["billed_cost"]) for row in found.split] == [
        ("network", True, Decimal(-3)),
        ("recommender", False, Decimal("1.5")),
        ("search", False, Decimal("1.5")),
    ]
    assert found.closing is None
    text = "\n".join(cli_explain.describe(found))
    assert "rule nat matched" in text
    assert "tags: none names a project" in text


def test_a_share_is_explained_by_weight_and_total(company: Company) -> None:
    found = explained(company, "shared_costs_split", "project = 'search'")
    assert (found.line, found.cost["x_allocated_from"]) == (None, "network")
    assert found.split_details
    assert 2 * found.split_details["weight"] == found.split_details["total"]
    assert len(found.split) == 3


def test_a_tag_is_explained_by_the_rules_of_its_month(company: Company) -> None:
    closed = explained(company, "attributed_costs", "billing_period = '2026-09' and billed_cost = 4")
    (project, *_) = closed.tags
    assert (project.decided_by, project.value, project.stands_for) == ("project", "recsys", None)
    assert closed.closing
    assert closed.closing["closed_by"] == "ines"
    later = explained(company, "attributed_costs", "billing_period = '2026-10' and project = 'recommender'")
    assert later.tags[0].stands_for == "recommender"
    first, second = (row["version"] for row in company.ledger.rule_versions())
    assert (closed.rules_version, later.rules_version) == (first, second)


@pytest.mark.parametrize(("line_id", "words"), [("zz", "no published cost"), ("", "write the x_line_id")])
def test_an_id_that_means_no_cost_is_refused(company: Company, line_id: str, words: str) -> None:
    with pytest.raises(LineUnknown, match=words):
        explanation.explain(company.home, line_id)


@pytest.fixture
def lost(company: Company, tmp_path: Path) -> Iterator[Ledger]:
    """The ledger of a company whose state store is gone, filled again from the receipts."""
    with Ledger(f"sqlite:///{tmp_path / 'state.db'}") as ledger:
        ledger.migrate()
        ledger.fill_again(landed_receipts(company.home.landing))
        yield ledger


def test_a_lost_state_store_opens_no_closed_month(company: Company, lost: Ledger) -> None:
    before, statements = company.ledger.closed_spend(), company.ask("from marts.chargeback order by all")
    configured_now = configured(THEN, company.home.root)
    made = pipeline.make_build(
        company.home, configured_now, lost, publication.read_published(company.home), now=company.now
    )
    # Were September open, its restated bill would be its statement.
    assert made.is_unchanged
    assert lost.closed_periods() == company.ledger.closed_periods()
    assert lost.closed_spend() == before
    assert lost.frozen_rules() == company.ledger.frozen_rules()
    assert lost.rule_versions() == company.ledger.rule_versions()
    lost_closings.recover(company.home, lost)
    assert lost.closed_spend() == before
    assert company.ask("from marts.chargeback order by all") == statements


def test_a_closing_that_was_taken_back_is_not_recovered(company: Company, lost: Ledger) -> None:
    lost_closings.recover(company.home, lost)
    lost.reopen_period("aws", "2026-09", by="ines", now=company.now)
    lost_closings.recover(company.home, lost)
    assert (lost.closed_periods(), lost.closed_spend()) == ([], [])


def test_a_closing_whose_rules_are_lost_too_is_refused(company: Company, lost: Ledger, tmp_path: Path) -> None:
    other = Home(tmp_path / "home")
    other.published_warehouse.parent.mkdir(parents=True)
    shutil.copy(company.home.published_warehouse, other.published_warehouse)
    with duckdb.connect(str(other.published_warehouse)) as db:
        db.execute("delete from ops.rule_versions")
    with pytest.raises(StateLost, match=r"billing period 2026-09 is published as closed by ines.*from its backup"):
        lost_closings.recover(other, lost)
    assert (lost.closed_periods(), lost.closed_spend()) == ([], [])
