"""DAG files say when and in what order: parsed as Airflow does it, in a process of its own."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mlspend.adapters.home import PROJECT_ROOT
from mlspend.core import errors

HEAVY = {"dbt", "duckdb", "pandas", "great_expectations", "numpy", "boto3", "slack_sdk"}
# Airflow brings pydantic itself; none of our modules that use it may be needed to parse.
LIGHT = {"home", "source_names"}
QUEUE = "https://sqs.eu-west-1.amazonaws.com/012345678901/billing"
PARSE = """
import json, sys
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk import DAG, Asset, AssetAny, BaseOperator
import airflow.sdk.exceptions

def names(condition):
    if isinstance(condition, Asset):
        return [condition.name]
    return [name for one in getattr(condition, "objects", ()) for name in names(one)]

def clock(timetable):
    inner = getattr(timetable, "timetable", timetable)
    return getattr(inner, "summary", None) or getattr(inner, "expression", None)

before = set(sys.modules)
bag = DagBag(sys.argv[1])
dags = [
    {
        "dag_id": dag.dag_id,
        "doc": dag.doc_md,
        "tasks": [[task.task_id, sorted(task.downstream_task_ids), type(task).__module__] for task in dag.tasks],
        "max_active_runs": dag.max_active_runs,
        "catchup": dag.catchup,
        "retries": [task.retries for task in dag.tasks],
        "clock": clock(dag.timetable),
        "watches": [
            watcher.trigger.serialize()
            for watcher in getattr(getattr(dag.timetable, "asset_condition", None), "watchers", ())
        ],
        "assets_read": [asset.name for task in dag.tasks for asset in task.inlets],
        "starts_on": type(getattr(dag.timetable, "asset_condition", None)).__name__,
        "assets_in": names(getattr(dag.timetable, "asset_condition", None)),
        "assets_out": [asset.name for task in dag.tasks for asset in task.outlets],
    }
    for dag in bag.dags.values()
]
print(json.dumps({"dags": dags, "errors": bag.import_errors, "modules": sorted(set(sys.modules) - before)}))
"""


def parse(config: Path, home: Path) -> dict[str, Any]:
    answer = subprocess.run(
        [sys.executable, "-c", PARSE, str(PROJECT_ROOT / "dags")],
        env={
            "PATH": "/usr/bin:/bin",
            "AIRFLOW_HOME": str(home),
            "MLSPEND_CONFIG": str(config),
            "PYTHONPATH": f"{PROJECT_ROOT}:{PROJECT_ROOT / 'plugins'}",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    parsed: dict[str, Any] = json.loads(answer.stdout.splitlines()[-1])
    assert parsed["errors"] == {}
    return parsed


@pytest.fixture(scope="module")
def parsed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("parse")
    config = folder / "mlspend.yml"
    config.write_text("company: Two Clouds\nsources: [{name: aws}, {name: aws_research}]\n")
    return parse(config, folder)


@pytest.fixture(scope="module")
def with_queue(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("parse")
    config = folder / "mlspend.yml"
    source = f"{{name: aws, queue: '{QUEUE}', connection: aws_billing}}, {{name: aws_research, queue: '{QUEUE}_2'}}"
    config.write_text(f"company: Two Clouds\nsources: [{source}, {{name: hub}}]\n")
    return parse(config, folder)


def dag(parsed: dict[str, Any], dag_id: str) -> dict[str, Any]:
    return next(each for each in parsed["dags"] if each["dag_id"] == dag_id)


def test_every_configured_source_has_its_landing(parsed: dict[str, Any]) -> None:
    assert sorted(each["dag_id"] for each in parsed["dags"]) == [
        "build_warehouse",
        "check_freshness",
        "land_billing_aws",
        "land_billing_aws_research",
        "send_alerts",
        "send_digest",
    ]


def test_assets_chain_landing_build_and_digest(parsed: dict[str, Any]) -> None:
    # Both what landed at once and what landed only when it was tried again are to be built.
    assert dag(parsed, "land_billing_aws")["assets_out"] == ["landing_aws"] * 2
    after = {task: followers for task, followers, _ in dag(parsed, "land_billing_aws")["tasks"]}
    assert after == {"land_deliveries": ["land_refused"], "land_refused": []}
    build = dag(parsed, "build_warehouse")
    assert build["assets_in"] == ["landing_aws", "landing_aws_research"]
    assert build["starts_on"] == "AssetAny"
    assert build["assets_out"] == ["warehouse"]
    alerts = dag(parsed, "send_alerts")
    assert (alerts["assets_in"], alerts["clock"]) == (["warehouse"], "45 * * * *")
    digest = dag(parsed, "send_digest")
    assert (digest["assets_in"], digest["clock"]) == (["warehouse"], "0 * * * *")


def test_a_source_lands_by_the_clock_and_by_its_queue_where_it_has_one(with_queue: dict[str, Any]) -> None:
    lands = {name: dag(with_queue, f"land_billing_{name}") for name in ("aws", "aws_research", "hub")}
    assert {name: each["clock"] for name, each in lands.items()} == dict.fromkeys(lands, "0 6 * * *")
    assert lands["hub"]["watches"] == lands["hub"]["assets_in"] == lands["hub"]["assets_read"] == []
    assert (lands["aws"]["assets_in"], lands["aws"]["assets_read"]) == (["queue_aws"], ["queue_aws"] * 2)
    [(classpath, arguments)] = lands["aws"]["watches"]
    assert classpath.endswith(".SqsSensorTrigger")
    assert (arguments["sqs_queue"], arguments["region_name"]) == (QUEUE, "eu-west-1")
    # Landing deletes what it has recorded; till then a message may be hidden, but not gone.
    assert arguments["delete_message_on_reception"] is False
    assert arguments["visibility_timeout"] > 600
    assert arguments["waiter_delay"] <= 5
    assert arguments["aws_conn_id"] == "aws_billing"
    [(_, arguments)] = lands["aws_research"]["watches"]
    assert arguments["aws_conn_id"] is None


def test_nothing_is_published_before_it_was_proved(parsed: dict[str, Any]) -> None:
    downstream = {task: after for task, after, _ in dag(parsed, "build_warehouse")["tasks"]}
    assert "prove_warehouse" in downstream["build_warehouse"]
    assert downstream["prove_warehouse"] == ["publish_warehouse"]
    assert downstream["publish_warehouse"] == []


def test_no_run_overtakes_another_and_no_past_is_caught_up(parsed: dict[str, Any]) -> None:
    assert {each["max_active_runs"] for each in parsed["dags"]} == {1}
    assert {each["catchup"] for each in parsed["dags"]} == {False}
    assert all(retries > 0 for each in parsed["dags"] for retries in each["retries"])


def test_names_are_verb_and_noun_and_tasks_are_operators_of_ours(parsed: dict[str, Any]) -> None:
    for each in parsed["dags"]:
        assert re.fullmatch(r"(land|build|check|send)_[a-z]+(_[a-z_]+)?", each["dag_id"])
        for task_id, _, module in each["tasks"]:
            assert re.fullmatch(r"[a-z]+_[a-z]+", task_id)
            assert module.startswith("mlspend.operators.")


def test_every_dag_says_what_to_do_when_it_fails(parsed: dict[str, Any]) -> None:
    for each in parsed["dags"]:
        assert "**When it fails**" in each["doc"]
        assert each["doc"].strip().splitlines()[-1].startswith(("- ", "  "))


@pytest.mark.parametrize(
    ("dag_id", "seen"),
    [
        ("land_billing_aws", "ExportsRejected ExportsNotLanded ExportsOverlap SeveralExports ConfigInvalid"),
        ("build_warehouse", "ExportsOverlap BuildOvertaken NothingProved PublishedFileInUse ConfigInvalid"),
    ],
)
def test_a_page_names_the_errors_that_people_see_and_none_that_is_not_there(
    parsed: dict[str, Any], dag_id: str, seen: str
) -> None:
    told = re.findall(r"^- \*([A-Z][^*]+)\*:", dag(parsed, dag_id)["doc"], re.MULTILINE)
    named = {name for names in told for name in re.split(r",\s+", names)}
    assert set(seen.split()) <= named
    assert not {name for name in named if not hasattr(errors, name)}


def test_parsing_imports_nothing_heavy(parsed: dict[str, Any]) -> None:
    roots = {module.split(".")[0] for module in parsed["modules"]}
    assert not roots & HEAVY
    adapters = {module.split(".")[2] for module in parsed["modules"] if module.startswith("mlspend.adapters.")}
    assert adapters <= LIGHT


def test_a_queue_brings_its_trigger_and_nothing_else_heavy(with_queue: dict[str, Any]) -> None:
    roots = {module.split(".")[0] for module in with_queue["modules"]}
    assert roots & HEAVY <= {"boto3"}
    adapters = {module.split(".")[2] for module in with_queue["modules"] if module.startswith("mlspend.adapters.")}
    assert adapters <= LIGHT


def test_airflow_does_not_import_the_package_by_its_bare_file_names() -> None:
    assert (PROJECT_ROOT / "plugins" / ".airflowignore").read_text().split() == ["mlspend/"]
