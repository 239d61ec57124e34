"""The hand-made bill of charges.sql in tables as dbt's contract has them: names and types."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import yaml

from mlspend.adapters.home import PROJECT_ROOT

_CONTRACTS = {"focus_costs": "focus/focus.yml", "allocated_costs": "allocation/allocation.yml"}


@contextmanager
def small_bill(*changes: str) -> Iterator[duckdb.DuckDBPyConnection]:
    """The small bill in memory, with these changes."""
    with duckdb.connect() as connection:
        connection.execute("create schema marts")
        for table, file in _CONTRACTS.items():
            connection.execute(f"create table marts.{table} ({columns_of(table, file)})")
        for statement in ((Path(__file__).parent / "charges.sql").read_text(), *changes):
            connection.execute(statement)
        yield connection


def rows_of(
    connection: duckdb.DuckDBPyConnection, query: str, values: Mapping[str, Any] | None = None
) -> list[dict[str, Any]]:
    result = connection.execute(query, values)
    names = [column[0] for column in result.description or []]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def columns_of(table: str, file: str) -> str:
    document: Any = yaml.safe_load((PROJECT_ROOT / "dbt_project" / "models" / file).read_text())
    [model] = [model for model in document["models"] if model["name"] == table]
    return ", ".join(f"{column['name']} {column['data_type']}" for column in model["columns"])
