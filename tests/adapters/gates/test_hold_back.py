"""A red month is held back alone: what was published of it stays, everything else goes on, until it is green."""

import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from types import ModuleType
from typing import Any

import pytest

from mlspend.adapters import pipeline, proof, publication
from mlspend.adapters.config_gates import CheckEffect, Gates
from mlspend.adapters.config_model import Config, Source
from mlspend.adapters.gates.red_gates import read_red
from mlspend.adapters.home import Home
from mlspend.adapters.ledger import Ledger
from mlspend.core.deliveries import Build, CheckResult
from mlspend.core.errors import ChecksFailed, EverythingHeld
from mlspend.core.steps import Step
from tests import killing
from tests.killing import Order
from tests.landed_by_hand import NOW, ask, land, line

pytestmark = pytest.mark.usefixtures("warm_builds")

HOUR = timedelta(hours=1)
SOURCES = tuple(Source(name=name, provider="aws", location=name, rhythm_hours=744) for name in ("aws", "lab"))
CONFIG = Config(company="Small", sources=SOURCES)
# The same for a process of its own.
YAML = """\
company: Small
sources:
  - {name: aws, provider: aws, location: aws, rhythm_hours: 744}
  - {name: lab, provider: aws, location: lab, rhythm_hours: 744}
"""
SUMS = "select x_source, billing_period, sum(billed_cost) from marts.daily_spend group by all order by all"
# No one delivers in September what is used in December.
FAR_AHEAD = "2026-12-20"


class Company:
    """Two sources whose deliveries are landed by hand; each step is an hour later than the one before."""

    def __init__(self, home: Home, ledger: Ledger) -> None:
        self.home, self.ledger, self.now = home, ledger, NOW

    def deliver(self, source: str, period: str, version: str, *lines: dict[str, Any]) -> None:
        self.now += HOUR
        account = {"bill_payer_account_id": source}
        receipt = land(self.home, [{**one, **account} for one in lines], period, version, source=source)
        delivery = replace(receipt.delivery, delivered_at=self.now)
        self.ledger.record_landed(replace(receipt, delivery=delivery), self.now)

    def build(self, config: Config = CONFIG) -> Build:
        self.now += HOUR
        return pipeline.build(self.home, config, self.ledger, now=self.now, tell=lambda _: None)

    def run(self, config: Config = CONFIG) -> Build:
        built = self.build(config)
        pipeline.publish(self.home, self.ledger, now=self.now, tell=lambda _: None)
        return built

    def killed_while_building(self, *, at: Step) -> None:
        """Have a process of its own build, which the operating system kills at that step."""
        self.now += HOUR
        file = self.home.root / "mlspend.yml"
        file.write_text(YAML)
        order = Order(step=at, now=self.now.isoformat())
        paths = {"MLSPEND_HOME": str(self.home.root), "MLSPEND_CONFIG": str(file), "MLSPEND_STATE_URL": ""}
        assert killing.mlspend("build", order=order, environment=paths).status == -signal.SIGKILL

    def awaits(self, config: Config = CONFIG) -> bool:
        return pipeline.awaits_publication(self.home, config, self.ledger, now=self.now)

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        return ask(self.home.published_warehouse, query)

    def red(self) -> list[tuple[str, str | None, str, datetime, datetime | None]]:
        found = read_red(self.home, CONFIG, self.ledger, self.now)
        return [(one.x_source, one.billing_period, one.kind, one.since, one.last_good_at) for one in found]


@pytest.fixture
def company(home: Home) -> Iterator[Company]:
    with Ledger.open(home) as ledger:
        yield Company(home, ledger)


class Died(BaseException):
    """Nothing between here and the caller catches it: what is left is what a killed process leaves."""


@contextmanager
def dying(monkeypatch: pytest.MonkeyPatch, module: ModuleType, step: Step) -> Iterator[None]:
    """Have the machine die where `module` reaches `step`, and wait for that."""

    def die(reached: Step) -> None:
        if reached is step:
            raise Died

    with monkeypatch.context() as patched:
        patched.setattr(module, "reached", die)
        with pytest.raises(Died):
            yield


def lake_files(company: Company, period: str) -> list[str]:
    ((sql,),) = company.ask("select sql from duckdb_views() where view_name = 'focus_costs' and schema_name = 'marts'")
    files = [part for part in sql.split("'") if part.endswith(".parquet")]
    return sorted(file for file in files if f"billing_period={period}/" in file)


def test_a_red_month_stays_as_published_while_the_others_go_on(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    company.deliver("aws", "2026-09", "v1", line("2026-09-01", "10"), line("2026-09-02", "5"))
    first_delivered = company.now
    company.run()
    rows, files = company.ask("select * from marts.daily_spend"), lake_files(company, "2026-09")
    assert company.red() == []

    # The month is delivered again with a line that cannot be its own; another source delivers its first month.
    company.deliver("aws", "2026-09", "v2", line("2026-09-01", "11"), line(FAR_AHEAD, "7"))
    company.deliver("lab", "2026-10", "v1", line("2026-10-03", "20"))
    company.killed_while_building(at=Step.HOLD_RECORDED)
    held_since = company.now
    assert company.ask(SUMS) == [("aws", "2026-09", Decimal(15))]
    assert company.awaits()
    built = company.run()
    assert company.ask(SUMS) == [("aws", "2026-09", Decimal(15)), ("lab", "2026-10", Decimal(20))]
    assert company.ask("select * from marts.daily_spend where x_source = 'aws'") == rows
    assert lake_files(company, "2026-09") == files
    assert company.ask("select sum(billed_cost) from marts.focus_costs") == [(Decimal(35),)]
    # Nothing of the first build, in which the month was red, is left for readers but what its checks said.
    assert [partition.version for partition in built.partitions] == ["v1", "v1"]
    assert company.ask(
        "select x_source, is_stale, stale_since, stale_reasons is not null from marts.billing_periods order by all"
    ) == [("aws", True, held_since.replace(tzinfo=None), True), ("lab", False, None, False)]
    assert company.ask(
        "select x_source, billing_period, effect, severity, unexpected_count, build_id < (select build_id from"
        " ops.publications where is_current) from marts.data_quality where check_name = 'charge_date_near_period'"
        " and not is_success"
    ) == [("aws", "2026-09", "hold", "critical", 1, True)]
    assert company.ask("select source, version, status from ops.deliveries order by source, version") == [
        ("aws", "v1", "published"),
        ("aws", "v2", "held"),
        ("lab", "v1", "published"),
    ]
    assert company.ask("select version, is_held, held_since from ops.held_deliveries") == [
        ("v2", True, held_since.replace(tzinfo=None))
    ]
    assert company.red() == [("aws", "2026-09", "schema", held_since, first_delivered)]

    # Nothing new: the held delivery is not built again.
    assert not company.awaits()
    assert company.build().is_unchanged

    # Delivered right: published, and released, though the machine dies before the ledger learns of it.
    company.deliver("aws", "2026-09", "v4", line("2026-09-01", "12"))
    with dying(monkeypatch, publication, Step.FILE_REPLACED):
        company.run()
    assert company.build().is_unchanged
    assert company.ask(SUMS) == [("aws", "2026-09", Decimal(12)), ("lab", "2026-10", Decimal(20))]
    assert company.ask("select is_stale from marts.billing_periods where x_source = 'aws'") == [(False,)]
    assert company.red() == []
    assert [(one.version, one.is_open) for one in company.ledger.held_deliveries()] == [("v2", False)]
    assert not company.awaits()


def test_what_somebody_accepts_is_published(company: Company) -> None:
    company.deliver("lab", "2026-10", "v1", line("2026-10-03", "20"))
    company.deliver("aws", "2026-09", "v1", line("2026-09-01", "11"), line(FAR_AHEAD, "7"))
    company.run()
    # Never published, it is simply absent.
    assert company.ask(SUMS) == [("lab", "2026-10", Decimal(20))]
    assert [gate[4] for gate in company.red()] == [None]
    (held,) = company.ledger.held_deliveries()
    assert held.reasons[0].startswith("charge_date_near_period: 1 unexpected. Corrections reach back a year")
    assert [result["check_name"] for result in json.loads(held.results)] == ["charge_date_near_period"]
    company.ledger.accept_held(held, by="ada", reason="a prepaid fee", now=company.now)
    # Judged anew, another check says no to it besides; what was accepted before stays so.
    other = json.dumps([{"layer": "landing", "check_name": "one_currency_per_billing_account"}])
    company.ledger.record_held([replace(held, results=other, checked_at=company.now + HOUR)])
    assert [gate[:2] for gate in company.red()] == [("aws", "2026-09")]
    assert not company.ledger.accept_held(held, by="ada", reason="of what was seen before", now=company.now)
    (again,) = company.ledger.held_deliveries()
    assert company.ledger.accept_held(again, by="bea", reason="two payers", now=company.now + HOUR)
    assert company.awaits()
    company.run()
    assert company.ask(SUMS) == [("aws", "2026-09", Decimal(18)), ("lab", "2026-10", Decimal(20))]
    ((is_held, accepted_by, acceptances),) = company.ask(
        "select is_held, accepted_by, acceptances from ops.held_deliveries"
    )
    assert (is_held, accepted_by) == (False, "bea")
    assert [(one["checks"], one["by"], one["reason"]) for one in json.loads(acceptances)] == [
        (["charge_date_near_period"], "ada", "a prepaid fee"),
        (["one_currency_per_billing_account"], "bea", "two payers"),
    ]
    assert company.red() == []
    assert not company.awaits()


def test_where_nothing_was_published_and_all_is_held_the_error_says_so(company: Company) -> None:
    company.deliver("aws", "2026-09", "v1", line("2026-09-01", "11"), line(FAR_AHEAD, "7"))
    for _ in range(2):
        with pytest.raises(EverythingHeld, match=r"(?s)'aws', billing period 2026-09, version v1 .*near_period"):
            company.build()
    assert not company.home.published_warehouse.exists()
    assert not company.awaits()
    # Another configuration judges it anew: here that line is only worth a warning.
    told = CheckEffect(check="charge_date_near_period", effect="warn", reason="a prepaid fee")
    lenient = CONFIG.model_copy(update={"gates": Gates(effects=(told,))})
    assert company.awaits(lenient)
    company.run(lenient)
    assert company.ask(SUMS) == [("aws", "2026-09", Decimal(18))]
    of_this_build = "build_id = (select build_id from ops.publications where is_current)"
    assert company.ask(
        f"select effect, severity from marts.data_quality where not is_success and {of_this_build}"
        " and check_name = 'charge_date_near_period'"
    ) == [("warn", "warning")]
    assert company.red() == []


def test_money_that_is_not_conserved_stops_all_and_is_red_for_all(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    company.deliver("lab", "2026-10", "v1", line("2026-10-03", "20"))
    company.run()
    company.deliver("lab", "2026-10", "v2", line("2026-10-03", "21"))
    as_asked = proof.ask

    def lose_a_cent(*words: Any, **named: Any) -> list[CheckResult]:
        results = as_asked(*words, **named)
        return [
            replace(one, is_success=one.check_name != "focus_billed_cost_equals_landed", x_source="lab")
            for one in results
        ]

    with monkeypatch.context() as patched:
        patched.setattr(proof, "ask", lose_a_cent)
        with pytest.raises(ChecksFailed, match="focus_billed_cost_equals_landed"):
            company.build()
    since = company.now
    assert company.ask(SUMS) == [("lab", "2026-10", Decimal(20))]
    assert company.ledger.held_deliveries() == []
    assert [gate[:4] for gate in company.red()] == [("", None, "unproved", since)]
    company.run()
    assert company.ask(SUMS) == [("lab", "2026-10", Decimal(21))]
    assert company.red() == []
