"""What DuckDB makes of a query of one value."""

from typing import Any

import duckdb


def run(query: str) -> Any:
    [row] = duckdb.sql(query).fetchall()
    return row[0]
