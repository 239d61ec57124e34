"""A warehouse file with the hand-made bill of charges.sql, in tables as dbt's contract has them: names and types."""

from pathlib import Path
from typing import Any

import duckdb
import yaml

from mlspend.adapters.home import PROJECT_ROOT

_CONTRACTS = {"focus_costs": "focus/focus.yml", "allocated_costs": "allocation/allocation.yml"}


def write_small_warehouse(path: Path) -> None:
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema marts")
        for table, file in _CONTRACTS.items():
            connection.execute(f"create table marts.{table} ({columns_of(table, file)})")
        connection.execute((Path(__file__).parent / "charges.sql").read_text())


def columns_of(table: str, file: str) -> str:
    document: Any = yaml.safe_load((PROJECT_ROOT / "dbt_project" / "models" / file).read_text())
    [model] = [model for model in document["models"] if model["name"] == table]
    return ", ".join(f"{column['name']} {column['data_type']}" for column in model["columns"])
