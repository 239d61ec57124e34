"""Published tables that alerts are read from, with rows written by hand; their columns are those that dbt describes."""

from collections.abc import Iterator, Mapping
from datetime import date
from functools import cache
from typing import Any

import duckdb
import yaml

from mlspend.adapters.home import PROJECT_ROOT, Home

TABLES = ("anomalies", "budgets", "data_quality", "daily_spend", "complete_sources")
CURRENT = "b7"

_PUBLICATIONS = """
    create table ops.publications (
        build_id varchar, is_current boolean, schema_version varchar, configuration_hash varchar,
        published_at timestamp, lake_builds varchar[], tables_hash varchar,
        partitions struct(
            x_source varchar, billing_period varchar, version varchar, has_lines boolean, rules varchar
        )[]
    )
"""
# Which version of which billing period of aws each publication shows, the current one last.
SHOWN: Mapping[str, Mapping[str, str]] = {CURRENT: {"2026-10": "v1"}}

ANOMALY: Mapping[str, Any] = {
    "anomaly_id": "an-1",
    "x_source": "aws",
    "project": "recommender",
    "team": "risk",
    "service_name": "AmazonSageMaker",
    "usage_type": "Training:p4d",
    "billing_currency": "USD",
    "anomaly_kind": "spike",
    "first_date": date(2026, 10, 20),
    "last_date": date(2026, 10, 21),
    "day_count": 2,
    "is_open": True,
    "actual_cost": "700",
    "expected_cost": "100",
    "excess_cost": "600",
    "score": 9.26,
    "price_cost": "100",
    "quantity_cost": "480",
    "mix_cost": "20",
    "cause": "quantity",
    "cause_detail": "ml.p4d.24xlarge",
    "history_day_count": 40,
    "detected_date": date(2026, 10, 20),
}
BUDGET: Mapping[str, Any] = {
    "budget": "risk monthly",
    "scope": "team",
    "scope_name": "risk",
    "team": "risk",
    "billing_currency": "USD",
    "month": "2026-10",
    "as_of_date": date(2026, 10, 21),
    "budget_cost": "1000",
    "cost_to_date": "800",
    "spent_percent": 80.0,
    "burn_rate": 1.18,
    "forecast_cost": "1180.50",
    "forecast_low_cost": "1050",
    "forecast_high_cost": "1300",
    "projected_over_cost": "180.50",
    "exhausted_date": date(2026, 10, 27),
    "status": "will_burst",
}
CHECK: Mapping[str, Any] = {
    "build_id": CURRENT,
    "checked_at": "2026-10-22 06:00:00",
    "layer": "drift",
    "suite": "drift",
    "expectation": "line_costs_are_distributed_as_before",
    "subject": "drift",
    "x_source": "aws",
    "billing_period": "2026-10",
    "is_success": False,
    "is_evaluated": True,
    "unexpected_count": 3,
    "sample": "AmazonEC2 <!channel>",
    "effect": "warn",
}


def publish_outlook(
    home: Home, *, shown: Mapping[str, Mapping[str, str]] = SHOWN, **rows: list[Mapping[str, Any]]
) -> None:
    """Publish these rows of each table; what a row leaves out is NULL."""
    home.published_warehouse.parent.mkdir(parents=True, exist_ok=True)
    home.published_warehouse.unlink(missing_ok=True)
    columns = _all_columns()
    with duckdb.connect(str(home.published_warehouse)) as connection:
        connection.execute("create schema marts")
        connection.execute("create schema ops")
        connection.execute(_PUBLICATIONS)
        for number, (build_id, versions) in enumerate(shown.items()):
            partitions = [
                {"x_source": "aws", "billing_period": period, "version": version, "has_lines": True, "rules": "r1"}
                for period, version in versions.items()
            ]
            published_at = f"2026-10-22 {6 + number:02}:00:00"
            values = [build_id, number == len(shown) - 1, "1.3", "", published_at, [], "", partitions]
            connection.execute("insert into ops.publications values (?, ?, ?, ?, ?, ?, ?, ?)", values)
        for table in TABLES:
            described = ", ".join(f"{name} {kind}" for name, kind in columns[table].items())
            connection.execute(f"create table marts.{table} ({described})")
            if several := rows.get(table):
                names, places = ", ".join(several[0]), ", ".join("?" for _ in several[0])
                values = [list(row.values()) for row in several]
                connection.executemany(f"insert into marts.{table} ({names}) values ({places})", values)


@cache
def _all_columns() -> dict[str, dict[str, str]]:
    return dict(_columns())


def _columns() -> Iterator[tuple[str, dict[str, str]]]:
    for file in (PROJECT_ROOT / "dbt_project" / "models" / "marts").glob("*.yml"):
        for model in yaml.safe_load(file.read_text()).get("models", []):
            yield model["name"], {each["name"]: each["data_type"] for each in model["columns"]}
