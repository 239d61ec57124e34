"""The anomalies of the example company, and how one is explained from what is published."""

import json
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner

from mlspend.adapters.alerting.explain_anomaly import explain_anomaly, is_anomaly_id
from mlspend.adapters.home import Home
from mlspend.adapters.ledger import Ledger
from mlspend.adapters.warehouse_query import query_published
from mlspend.cli import app
from mlspend.core.alert_judgement import judge
from mlspend.core.errors import AnomalyUnknown
from tests.handmade_alerts import EVERYTHING, RULES, found, hour

# The fraud team trains on machines that it never used before from 19 October on; see fleet.sql of the example company.
TRAINING = "USE1-Train:ml.p5.48xlarge"


def test_the_example_company_has_few_anomalies_and_its_new_machines_are_one(example_warehouse: Home) -> None:
    found = query_published(example_warehouse, "select * from marts.anomalies")
    assert len(found) <= 5
    (training,) = [row for row in found if row["usage_type"] == TRAINING]
    assert (training["project"], training["first_date"]) == ("fraud-detection", date(2026, 10, 19))
    assert training["cause"] == "quantity"
    for row in found:
        parts = [row[f"{part}_cost"] for part in ("price", "quantity", "mix", "unexplained")]
        assert sum(parts, Decimal(0)) == row["excess_cost"] == row["actual_cost"] - row["expected_cost"]


def test_daily_usage_has_the_sums_of_daily_spend(example_warehouse: Home) -> None:
    keys = "x_source, billing_period, billing_account_id, charge_date, project, team, service_name, charge_category"
    sums = [
        query_published(
            example_warehouse,
            f"select {keys}, sum(billed_cost) as billed, sum(effective_cost) as effective, sum(line_count) as lines"
            f" from marts.{table} group by all order by all",
        )
        for table in ("daily_usage", "daily_spend")
    ]
    assert sums[0] == sums[1]
    (known,) = query_published(
        example_warehouse,
        """select
            (select sum(pricing_quantity) from marts.daily_usage where usage_type like '%Train:%') as summed,
            (select sum(pricing_quantity) from marts.focus_costs where x_usage_type like '%Train:%') as of_lines""",
    )
    assert known["summed"] == pytest.approx(known["of_lines"])


def test_an_anomaly_is_explained_by_its_days_and_components(example_warehouse: Home) -> None:
    (row,) = query_published(
        example_warehouse, "select * from marts.anomalies where usage_type = $usage_type", {"usage_type": TRAINING}
    )
    assert is_anomaly_id(row["anomaly_id"])
    explained = explain_anomaly(example_warehouse.published_warehouse, row["anomaly_id"][:14])
    assert explained.anomaly == row
    in_anomaly = [day["effective_cost"] for day in explained.days if day["is_in_anomaly"]]
    assert sum(in_anomaly) == row["actual_cost"]
    (component,) = explained.components
    assert component["cost_since"] == row["actual_cost"]
    assert component["quantity_of_28_days_before"] is None


def test_the_command_explains_anomalies_beside_lines(example_warehouse: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLSPEND_HOME", str(example_warehouse.root))
    (row,) = query_published(
        example_warehouse, "select anomaly_id from marts.anomalies where usage_type = $type", {"type": TRAINING}
    )
    shown = CliRunner().invoke(app, ["explain", row["anomaly_id"]])
    assert shown.exit_code == 0
    assert f"Amazon SageMaker, {TRAINING}" in shown.output
    assert "What the use was made of" in shown.output
    as_json = CliRunner().invoke(app, ["explain", row["anomaly_id"], "--json"])
    assert f'"anomaly_id": "{row["anomaly_id"]}"' in as_json.output


def test_an_alert_is_explained_with_the_anomaly_that_it_is_about(
    example_warehouse: Home, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.published_warehouse.parent.mkdir(parents=True, exist_ok=True)
    home.published_warehouse.symlink_to(example_warehouse.published_warehouse.resolve())
    monkeypatch.setenv("MLSPEND_HOME", str(home.root))
    (row,) = query_published(
        example_warehouse, "select anomaly_id from marts.anomalies where usage_type = $type", {"type": TRAINING}
    )
    about = [found(row["anomaly_id"]), found("anomaly-gone"), found(kind="budget")]
    with Ledger.open(home) as ledger:
        ledger.change_alerts(lambda known, _: judge(about, known, RULES, EVERYTHING, [], hour(0)), hour(0))
    shown = CliRunner().invoke(app, ["explain", about[0].alert_id])
    assert shown.exit_code == 0
    for words in ("What happened", f"Amazon SageMaker, {TRAINING}", "What the use was made of", "Day by day"):
        assert words in shown.output
    told = [json.loads(CliRunner().invoke(app, ["explain", each.alert_id, "--json"]).output) for each in about]
    assert told[0]["anomaly"]["anomaly"]["anomaly_id"] == row["anomaly_id"]
    assert [each["anomaly"] for each in told[1:]] == [None, None]


def test_an_unknown_id_says_where_to_look(example_warehouse: Home) -> None:
    with pytest.raises(AnomalyUnknown, match="holds those of the last 13 weeks"):
        explain_anomaly(example_warehouse.published_warehouse, "anomaly-nothing")


def test_a_beginning_that_several_ids_have_is_not_enough(tmp_path: Path) -> None:
    warehouse = tmp_path / "warehouse.duckdb"
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("create schema marts; create table marts.anomalies (anomaly_id varchar)")
        connection.execute("insert into marts.anomalies values ('anomaly-a1'), ('anomaly-a2'), ('anomaly-b1')")
    with pytest.raises(AnomalyUnknown, match="write more of it; anomaly-a1, anomaly-a2"):
        explain_anomaly(warehouse, "anomaly-a")
