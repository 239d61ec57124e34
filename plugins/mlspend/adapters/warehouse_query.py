"""Read-only questions to a warehouse file: rows as plain values, errors in our words."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mlspend.adapters.duckdb_files import Error, connect
from mlspend.adapters.home import Home
from mlspend.core.errors import NothingPublished, QueryRefused

Row = dict[str, Any]


Parameters = Mapping[str, object] | Sequence[object]


def query_published(
    home: Home, query: str, parameters: Parameters | None = None, *, file: Path | None = None
) -> list[Row]:
    """Return the rows of an SQL query on what is published, or on the `file` of an earlier publication.

    Raises NothingPublished before the first publication.
    """
    if not home.published_warehouse.exists():
        raise NothingPublished(f"nothing is published at {home.published_warehouse} yet: run `mlspend run` first")
    return query_file(file or home.published_warehouse, query, parameters)


def query_file(warehouse: Path, query: str, parameters: Parameters | None = None) -> list[Row]:
    """Return the rows of an SQL query on one warehouse file, opened read-only; QueryRefused with DuckDB's reason.

    Columns of the same name are numbered: spend, spend_2.
    """
    with connect(warehouse, read_only=True) as connection:
        try:
            result = connection.execute(query, parameters)
            names = _distinct([column[0] for column in result.description or []])
            return [dict(zip(names, row, strict=True)) for row in result.fetchall()]
        except Error as error:
            raise QueryRefused(f"the query failed: {error}") from error


def _distinct(names: list[str]) -> list[str]:
    seen: dict[str, int] = {}
    for position, name in enumerate(names):
        seen[name] = seen.get(name, 0) + 1
        if seen[name] > 1:
            names[position] = f"{name}_{seen[name]}"
    return names
