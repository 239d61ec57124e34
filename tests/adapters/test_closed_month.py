"""A month is closed, then restated while the rules change: through dbt, two builds for all that is told of them."""

import csv
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pypdf
import pytest

from mlspend.adapters import chargeback, closing, pipeline, publication, publication_history, rule_changes
from mlspend.adapters.config_model import Config, Project, Team
from mlspend.adapters.home import Home
from mlspend.adapters.ledger import Ledger
from mlspend.core.deliveries import Build
from mlspend.core.errors import ClosingRefused, RulesUnknown
from mlspend.core.periods import EVERY_PERIOD
from tests.handmade_build import prove_by_hand
from tests.landed_by_hand import ask, land, line

NOW = datetime(2026, 11, 2, 6, tzinfo=UTC)
AGGREGATE = "select {}, sum(billed_cost) from {} group by all order by all"


def configured(*aliases: str) -> Config:
    return Config(
        company="Northwind",
        sources=(),
        projects=(Project(name="recommender", aliases=aliases, team="discovery"),),
        teams=(Team(name="discovery"),),
    )


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
    """September is invoiced and closed, then restated; October is open; an alias is added after the close."""
    home = Home(tmp_path_factory.mktemp("closed_month"))
    with Ledger(f"sqlite:///{home.root / 'state.db'}") as ledger:
        ledger.migrate()
        made = Company(home, ledger)
        invoiced = {"bill_invoice_id": "INV-1"}
        kept = charge("2026-09-02", "4", "recsys", **invoiced)
        made.land("2026-09", "v1", charge("2026-09-01", "10", "recommender", **invoiced), kept)
        made.land("2026-10", "v1", charge("2026-10-01", "5.005", "recsys"))
        made.publish(configured())
        closing.close(home, ledger, "2026-09", source=None, by="ines", note=None, now=made.now)
        later = charge("2026-09-03", "1", "recsys", **invoiced)
        made.land("2026-09", "v2", charge("2026-09-01", "12", "recommender", **invoiced), kept, later)
        made.publish(configured("recsys"))
        yield made


def test_a_restated_closed_month_keeps_its_rules_and_its_statement(company: Company) -> None:
    # The bill is followed: 12 + 4 + 1. By the rules of the close nobody is called recsys; in October it is an alias.
    assert company.ask(AGGREGATE.format("billing_period, project", "marts.monthly_spend")) == [
        ("2026-09", "recommender", Decimal(12)),
        ("2026-09", "unattributed", Decimal(5)),
        ("2026-10", "recommender", Decimal("5.005")),
    ]
    assert company.ask(AGGREGATE.format("statement_period, kind, is_closed, project", "marts.chargeback")) == [
        ("2026-09", "charge", True, "recommender", Decimal(10)),
        ("2026-09", "charge", True, "unattributed", Decimal(4)),
        ("2026-10", "adjustment", False, "recommender", Decimal(2)),
        ("2026-10", "adjustment", False, "unattributed", Decimal(1)),
        ("2026-10", "charge", False, "recommender", Decimal("5.005")),
    ]


def test_a_build_without_news_is_none_and_another_closing_is_news(company: Company) -> None:
    assert company.publish(configured("recsys")).is_unchanged
    inputs = pipeline.inputs_of(company.home, configured("recsys"), company.ledger)
    assert inputs.tables.keys() >= {"closed_periods", "closed_spend"}
    published = publication.read_published(company.home)
    assert published
    assert published.tables_hash == inputs.tables_hash


def test_periods_tell_whether_they_are_final_and_closed(company: Company) -> None:
    september, october = closing.read_periods(company.home)
    assert (september["is_final"], september["final_reason"]) == (True, "every charge stands on an invoice")
    assert (september["is_closed"], september["closed_by"]) == (True, "ines")
    assert (october["is_final"], october["final_from"], october["is_closed"]) == (False, None, False)
    assert october["uninvoiced_cost"] == Decimal("5.005")
    assert closing.describe_state(october) == "provisional (1 of 1 charges stand on no invoice yet)"


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
    # 5.005 and 2 are 7.005; all teams together 8.005, shown as 8.01, whose odd half a cent discovery has.
    assert (one.billed_amount, one.status) == (Decimal("7.01"), "provisional")
    with one.csv.open() as file:
        rows = list(csv.DictReader(file))
    assert [
        (row["kind"], row["billing_period"], row["project"], row["billed_cost"], row["billed_amount"]) for row in rows
    ] == [
        ("adjustment", "2026-09", "recommender", "2.000000000000", "2.00"),
        ("charge", "2026-10", "recommender", "5.005000000000", "5.01"),
    ]
    text = " ".join(" ".join(page.extract_text() for page in pypdf.PdfReader(one.pdf).pages).split())
    for shown in ("Northwind", "discovery", "2026-10", "Provisional", "no invoice yet", "Sep 2026", "7.01", "5.01"):
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


WITHOUT_ALIAS = """\
company: Northwind
sources: []
projects: [{name: recommender, team: discovery}, {name: recsys, team: risk}]
teams: [{name: discovery}, {name: risk}]
"""


def test_a_change_of_rules_shows_the_money_that_moves_and_touches_nothing(company: Company, tmp_path: Path) -> None:
    changed = tmp_path / "mlspend.yml"
    changed.write_text(WITHOUT_ALIAS)
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
        ("2026-10", "recommender", Decimal("5.005")),
    ]
    known = rule_changes.spend(
        company.home, company.ledger, "published", first_publication, periods=EVERY_PERIOD, now=company.now
    )
    assert [(row["billing_period"], row["project"], row["billed_cost"]) for row in known.rows] == [
        ("2026-09", "recommender", Decimal(10)),
        ("2026-09", "unattributed", Decimal(4)),
        ("2026-10", "unattributed", Decimal("5.005")),
    ]


@pytest.mark.parametrize("name", ["", "ffff", "nowhere.yml"])
def test_rules_that_are_not_known_are_refused(company: Company, name: str) -> None:
    with pytest.raises(RulesUnknown, match="mlspend rules list"):
        rule_changes.diff(company.home, company.ledger, "published", name, periods=EVERY_PERIOD, now=company.now)
