"""One kill of each kind under a real Airflow: the task's process dies at a step, and Airflow's own retry sets it right.

The DAGs are the real ones but for their retry delays, seconds instead of minutes.
"""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from pytest_httpserver import HTTPServer

from mlspend.adapters import airflow_standalone
from mlspend.adapters.airflow_standalone import Standalone
from mlspend.adapters.home import PROJECT_ROOT, Home
from mlspend.adapters.ledger import Ledger
from mlspend.core.steps import Step
from tests.killing import Order, mlspend
from tests.readers import reading
from tests.slack_workspace import Workspace
from tests.small_company import CHANNELS, CONFIG, write_export

LAND, BUILD, DIGEST = CHAIN = ("land_billing_aws", "build_warehouse", "send_digest")
KILLS = {
    "land_deliveries": Step.DELIVERY_IN_PLACE,
    "build_warehouse": Step.DBT_ENDED,
    "prove_warehouse": Step.PROOF_BEGINS,
    "publish_warehouse": Step.FILE_REPLACED,
    "send_digest": Step.MESSAGE_POSTED,
}
# Python imports it when it starts, in every process of Airflow.
SITECUSTOMIZE = """
from pathlib import Path
from tests.killing import ListKiller, listen
listen(ListKiller(Path({steps!r})))
"""


@pytest.fixture(scope="module")
def workspace() -> Iterator[Workspace]:
    with HTTPServer() as server:
        yield Workspace(server, tuple(channel.removeprefix("#") for channel in CHANNELS))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("kills_under_airflow")


@pytest.fixture(scope="module")
def environment(folder: Path, workspace: Workspace) -> dict[str, str]:
    (folder / "mlspend.yml").write_text(CONFIG)
    return {
        "MLSPEND_CONFIG": str(folder / "mlspend.yml"),
        "MLSPEND_STATE_URL": "",
        "MLSPEND_SLACK_TOKEN": "xoxb-1",
        "MLSPEND_SLACK_URL": workspace.url,
        "AIRFLOW_CONN_SLACK_DEFAULT": "",
    }


@pytest.fixture(scope="module")
def home(folder: Path, environment: dict[str, str]) -> Home:
    """One month is published; it is restated and the next one is delivered."""
    made = Home(folder / "home")
    write_export(made, "2026-09", "exec-1", lines=1000, cost=1)
    for command in ("land", "build", "publish"):
        ended = mlspend(command, order=Order(), environment={**environment, "MLSPEND_HOME": str(made.root)})
        assert ended.status == 0, ended.said
    write_export(made, "2026-09", "exec-2", lines=900, cost=2)
    write_export(made, "2026-10", "exec-1", lines=1000, cost=1)
    return made


@pytest.fixture(scope="module")
def steps(folder: Path) -> Path:
    """The file that tells where to kill."""
    file = folder / "steps"
    file.write_text("")
    return file


@pytest.fixture(scope="module")
def airflow(folder: Path, home: Home, environment: dict[str, str], steps: Path) -> Iterator[Standalone]:
    dags, site = folder / "dags", folder / "site"
    for path in (dags, site):
        path.mkdir()
    for path in (PROJECT_ROOT / "dags").glob("*.py"):
        (dags / path.name).write_text(path.read_text().replace("timedelta(minutes=", "timedelta(seconds="))
    (site / "sitecustomize.py").write_text(SITECUSTOMIZE.format(steps=str(steps)))
    search = ":".join(str(path) for path in (site, PROJECT_ROOT, PROJECT_ROOT / "plugins"))
    with airflow_standalone.start(home, dags=dags, extra={**environment, "PYTHONPATH": search}) as running:
        running.wait_until_ready(CHAIN)
        yield running


def let_claims_grow_old(home: Home) -> None:
    """Let seven minutes pass, the real retry's delay: by then a claimed message is not left to its claimer any more."""
    with sqlite3.connect(home.root / "state.db", timeout=30) as connection:
        for key, claimed_at in connection.execute("select message_key, claimed_at from messages").fetchall():
            [(earlier,)] = connection.execute("select datetime(?, '-7 minutes')", [claimed_at]).fetchall()
            connection.execute("update messages set claimed_at = ? where message_key = ?", [f"{earlier}.000000", key])


def test_a_task_that_is_killed_at_a_step_is_set_right_by_its_retry(
    airflow: Standalone, home: Home, steps: Path, workspace: Workspace
) -> None:
    steps.write_text("\n".join(KILLS.values()))

    def tries(dag_id: str) -> dict[str, tuple[str, int]]:
        return {
            task.task_id: (task.state, task.try_number)
            for run, _ in airflow.runs(dag_id)
            for task in airflow.tasks(run)
        }

    def has_ended(dag_id: str) -> bool:
        return bool(airflow.runs(dag_id)) and all(state in ("success", "failed") for _, state in airflow.runs(dag_id))

    with reading(home.published_warehouse) as seen:
        airflow.api.trigger(LAND)
        airflow.wait_for(lambda: has_ended(LAND), "the landing")
        airflow.wait_for(lambda: has_ended(BUILD), "the publication", timeout=400)
        airflow.wait_for(lambda: KILLS["send_digest"] not in steps.read_text(), "a message that is out")
        let_claims_grow_old(home)
        airflow.wait_for(lambda: has_ended(DIGEST), "the digest")
    assert steps.read_text() == ""
    told = {**tries(LAND), **tries(BUILD), **tries(DIGEST)}
    assert {task: told[task][0] for task in KILLS} == dict.fromkeys(KILLS, "success")
    assert {task for task, (_, number) in told.items() if number > 1} == set(KILLS)

    assert len(seen[0]) == 2
    # Parts of a thread go to the channel's id.
    assert sorted(channel for channel in workspace.channels() if channel.startswith("#")) == CHANNELS
    with Ledger(f"sqlite:///{home.root / 'state.db'}") as ledger:
        assert {(row["billing_period"], row["version"]): row["status"] for row in ledger.deliveries()} == {
            ("2026-09", "exec-1"): "superseded",
            ("2026-09", "exec-2"): "published",
            ("2026-10", "exec-1"): "published",
        }
        assert len(ledger.publications()) == 2
        assert all(row["sent_at"] for row in ledger.messages())
    with duckdb.connect(str(home.published_warehouse), read_only=True) as connection:
        lines = "select billing_period, count(*) from marts.focus_costs group by 1 order by 1"
        assert connection.sql(lines).fetchall() == [("2026-09", 900), ("2026-10", 1000)]
        assert connection.sql("select bool_and(is_reconciled) from marts.reconciliation").fetchall() == [(True,)]
    assert [path.name for path in (home.landing / ".incoming").iterdir()] == ["lock"]
