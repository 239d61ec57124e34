"""The machine dies at every step of landing, building, publishing and sending; one normal run afterwards is right.

`core/steps.py` names the steps, this module walks the list. The process that is killed is the CLI's, with SIGKILL; its
home holds a published month of 1,000 lines, and that month restated and the next one have just been delivered.
"""

import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb
import pytest
from pytest_httpserver import HTTPServer

from mlspend.adapters import publication_history
from mlspend.adapters.home import Home
from mlspend.adapters.ledger import Ledger
from mlspend.core.deliveries import Receipt
from mlspend.core.steps import Step
from tests import killing
from tests.killing import Ended, Order
from tests.readers import reading
from tests.slack_workspace import Workspace
from tests.small_company import CHANNELS, CONFIG, write_export

DIES_AT = "2026-11-03T06:00:00+00:00"
# Beyond the six minutes for which a claimed message is left to the run that claimed it.
COMES_BACK_AT = "2026-11-03T06:10:00+00:00"
NEVER = Order(now=COMES_BACK_AT)


def steps(kind: str) -> list[Step]:
    return [step for step in Step if step.kind == kind]


@dataclass(frozen=True)
class Company:
    """A home and what is kept of it: the homes of all stages stand at the same path, one after the other."""

    home: Home
    workspace: Workspace
    stages: Path

    def mlspend(self, *words: str, order: Order = NEVER) -> Ended:
        environment = {
            "MLSPEND_HOME": str(self.home.root),
            "MLSPEND_CONFIG": str(self.stages / "mlspend.yml"),
            "MLSPEND_STATE_URL": "",
            "MLSPEND_SLACK_TOKEN": "xoxb-1",
            "MLSPEND_SLACK_URL": self.workspace.url,
            "NO_PROXY": "*",
        }
        return killing.mlspend(*words, order=order, environment=environment)

    def succeed(self, *words: str, order: Order = NEVER) -> None:
        ended = self.mlspend(*words, order=order)
        assert ended.status == 0, ended.said

    def die(self, *words: str, at: Step, **order: Any) -> Ended:
        """Run `words` and have the process killed at a step."""
        ended = self.mlspend(*words, order=Order(step=at, now=DIES_AT, **order))
        assert ended.status == -signal.SIGKILL, ended.said
        return ended

    def keep(self, stage: str) -> None:
        shutil.copytree(self.home.root, self.stages / stage)

    def go_back_to(self, stage: str) -> None:
        shutil.rmtree(self.home.root)
        shutil.copytree(self.stages / stage, self.home.root)
        self.workspace.posted.clear()

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.home.published_warehouse), read_only=True) as connection:
            return connection.execute(query).fetchall()

    @contextmanager
    def ledger(self) -> Iterator[Ledger]:
        with Ledger(f"sqlite:///{self.home.root / 'state.db'}") as opened:
            yield opened


@pytest.fixture(scope="module")
def workspace() -> Iterator[Workspace]:
    with HTTPServer() as server:
        yield Workspace(server, ("all", "discovery"))


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory, workspace: Workspace) -> Company:
    folder = tmp_path_factory.mktemp("kills")
    (folder / "mlspend.yml").write_text(CONFIG)
    made = Company(Home(folder / "home"), workspace, folder)
    write_export(made.home, "2026-09", "exec-1", lines=1000, cost=1)
    for command in ("land", "build", "publish"):
        made.succeed(command, order=Order(now="2026-10-05T06:00:00+00:00"))
    write_export(made.home, "2026-09", "exec-2", lines=900, cost=2)
    write_export(made.home, "2026-10", "exec-1", lines=1000, cost=1)
    made.keep("delivered")
    return made


@dataclass(frozen=True)
class Outcome:
    """What a home comes to: its published numbers, what the ledger says, and what went out."""

    lines: list[tuple[Any, ...]]
    spend: list[tuple[Any, ...]]
    reconciliation: list[tuple[Any, ...]]
    deliveries: list[tuple[Any, ...]]
    publications: list[tuple[Any, ...]]
    messages: list[tuple[Any, ...]]
    posted: list[str]
    history: list[tuple[Any, ...]]


LINES = "select x_line_id, billing_period, charge_date, billed_cost, effective_cost from marts.focus_costs order by all"


def deliveries_of(company: Company) -> list[tuple[Any, ...]]:
    names = ("source", "billing_period", "version", "status", "row_count", "rejection_reason")
    with company.ledger() as ledger:
        return sorted(tuple(row[name] for name in names) for row in ledger.deliveries())


def outcome_of(company: Company) -> Outcome:
    with company.ledger() as ledger:
        published = [each.partitions for each in ledger.publications()]
        current = ledger.last_publication()
        messages = [(row["message_key"], row["destination"], row["sent_at"] is not None) for row in ledger.messages()]
    assert company.ask("select build_id from ops.publications where is_current") == [(current and current.build_id,)]
    return Outcome(
        lines=company.ask(LINES),
        spend=company.ask("select * from marts.daily_spend order by all"),
        reconciliation=company.ask("select * from marts.reconciliation order by all"),
        deliveries=deliveries_of(company),
        publications=published,
        messages=sorted(messages),
        posted=sorted(company.workspace.channels()),
        history=[history_of(kept) for kept in publication_history.list_kept(company.home)],
    )


def history_of(kept: publication_history.KeptFile) -> tuple[Any, ...]:
    """What a publication that can be opened again holds."""
    with duckdb.connect(str(kept.path), read_only=True) as connection:
        totals = connection.sql("select count(*), sum(billed_cost) from marts.focus_costs").fetchall()
    return kept.publication.partitions, totals


def landing_of(company: Company) -> tuple[list[Receipt], set[Path]]:
    """What stands in the landing folder: the receipts, each held against its lines, and files that none of them names.

    Into how many files lines are written is left to DuckDB.
    """
    landing = company.home.landing
    receipts, unnamed = [], {path for path in landing.rglob("*") if not path.is_dir()}
    for path in sorted(landing.glob("*/*/*/receipt.json")):
        receipt = Receipt.from_json(path.read_text())
        files = [landing / name for name in receipt.landed_files]
        query = f"select count(*), sum(line_item_unblended_cost) from read_parquet({[str(file) for file in files]})"
        total = (receipt.row_count, sum(each.billed_cost for each in receipt.control_totals))
        assert duckdb.sql(query).fetchall() == [total]
        receipts.append(replace(receipt, landed_files=()))
        unnamed -= {path, *files}
    return receipts, unnamed


def await_end_of_children(ended: Ended) -> None:
    deadline = time.monotonic() + 60
    while ended.children():
        assert time.monotonic() < deadline, f"processes outlive the one that was killed: {ended.children()}"
        time.sleep(0.1)


@dataclass(frozen=True)
class Undisturbed:
    """The same company where nobody dies; its stages `proved` and `published` are kept."""

    reached: list[Step]
    landing: tuple[list[Receipt], set[Path]]
    deliveries: list[tuple[Any, ...]]
    outcome: Outcome


@pytest.fixture(scope="module")
def undisturbed(company: Company) -> Undisturbed:
    noted = company.stages / "reached"
    order = replace(NEVER, reached=str(noted))
    company.succeed("land", order=order)
    landing, deliveries = landing_of(company), deliveries_of(company)
    company.succeed("build", order=order)
    company.keep("proved")
    company.succeed("publish", order=order)
    company.keep("published")
    company.succeed("digest", order=order)
    reached = [Step(line) for line in noted.read_text().splitlines()]
    return Undisturbed(reached, landing, deliveries, outcome_of(company))


def test_a_normal_run_reaches_every_step_in_the_order_of_the_list(undisturbed: Undisturbed) -> None:
    # The company has no queue: tests/adapters/test_announcements.py kills at the steps of one. Nor is a gate red:
    # tests/adapters/gates/test_hold_back.py kills there.
    elsewhere = [*steps("announcing"), *steps("holding back")]
    assert list(dict.fromkeys(undisturbed.reached)) == [step for step in Step if step not in elsewhere]


def test_the_undisturbed_company_is_what_it_should_be(undisturbed: Undisturbed) -> None:
    outcome = undisturbed.outcome
    assert len(outcome.lines) == 1900
    # A digest each: the message, two replies of its thread and the chart.
    assert [channel for channel in outcome.posted if channel.startswith("#")] == CHANNELS
    assert len(outcome.posted) == 8
    assert [is_sent for _, _, is_sent in outcome.messages] == [True] * 8
    assert len(outcome.publications) == len(outcome.history) == 2


@pytest.mark.parametrize(
    ("step", "nth"),
    [*((step, 1) for step in steps("landing")), (Step.DELIVERY_IN_PLACE, 2), (Step.LANDING_RECORDED, 2)],
)
def test_landing(company: Company, undisturbed: Undisturbed, step: Step, nth: int) -> None:
    """What is landed afterwards is all that a build reads: the same there is the same everywhere."""
    company.go_back_to("delivered")
    before = company.home.published_warehouse.read_bytes()
    with reading(company.home.published_warehouse):
        company.die("run", at=step, nth=nth)
        assert company.home.published_warehouse.read_bytes() == before
        company.succeed("land")
    assert landing_of(company) == undisturbed.landing
    assert deliveries_of(company) == undisturbed.deliveries


def finish_and_compare(company: Company, undisturbed: Undisturbed) -> None:
    company.succeed("run")
    assert outcome_of(company) == undisturbed.outcome
    assert landing_of(company) == undisturbed.landing
    assert not list(company.home.builds.glob("*/proved.json"))


def test_landing_to_the_digest(company: Company, undisturbed: Undisturbed) -> None:
    company.go_back_to("delivered")
    with reading(company.home.published_warehouse):
        company.die("run", at=Step.DELIVERY_IN_PLACE)
        finish_and_compare(company, undisturbed)


@pytest.mark.timeout(1800)
def test_building(company: Company, undisturbed: Undisturbed) -> None:
    """Killed at each step in turn: every time all that counts is as before, so the next run starts from the same."""
    company.go_back_to("delivered")
    company.succeed("land")

    def state() -> tuple[Any, ...]:
        with company.ledger() as ledger:
            counting = ledger.current_receipts()
        return company.home.published_warehouse.read_bytes(), counting, landing_of(company)

    before = state()
    builds = {path.name for path in company.home.builds.iterdir()}
    killed: list[Ended] = []
    lake_file = f"{company.home.lake}/attributed_costs/build=*/*/*/*.parquet"
    with reading(company.home.published_warehouse):
        for step in steps("building"):
            # dbt is killed while it writes, the proof is left alone with its question.
            until = {Step.DBT_BEGINS: lake_file}.get(step)
            killed.append(company.die("run", at=step, until=until))
            assert state() == before
            assert not list(company.home.builds.glob("*/proved.json")) or step is Step.BUILD_MARKED
        assert len({path.name for path in company.home.builds.iterdir()} - builds) >= len(steps("building"))
        finish_and_compare(company, undisturbed)
    for ended in killed:
        await_end_of_children(ended)
    assert outcome_of(company) == undisturbed.outcome


# A run of everything builds anew where nothing was replaced yet: one of these steps stands for the others there.
BUILT_ANEW = {Step.PREVIOUS_KEPT, Step.OPS_WRITTEN}


@pytest.mark.parametrize(
    ("step", "recovery"),
    [(step, ("publish", "run")) for step in steps("publishing")]
    + [(step, ("run",)) for step in steps("publishing") if step not in BUILT_ANEW],
)
def test_publishing(company: Company, undisturbed: Undisturbed, step: Step, recovery: tuple[str, ...]) -> None:
    """Recovered by a run of everything, and, as Airflow's retry does, by publishing the same build again."""
    company.go_back_to("proved")
    with reading(company.home.published_warehouse) as seen:
        company.die("publish", at=step)
        for command in recovery[:-1]:
            company.succeed(command)
        finish_and_compare(company, undisturbed)
    assert len(seen[0]) == 2


@pytest.mark.parametrize(("step", "nth"), [*((step, 1) for step in steps("sending")), (Step.MESSAGE_POSTED, 2)])
def test_sending(company: Company, undisturbed: Undisturbed, step: Step, nth: int) -> None:
    company.go_back_to("published")
    with reading(company.home.published_warehouse):
        company.die("run", at=step, nth=nth)
        finish_and_compare(company, undisturbed)
        # Once more there is nothing to do and nothing to say.
        company.succeed("run")
    assert outcome_of(company) == undisturbed.outcome
