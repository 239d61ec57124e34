from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from mlspend.adapters import warehouse_query
from mlspend.adapters.home import Home
from mlspend.core.errors import NothingPublished, QueryRefused


@pytest.fixture
def warehouse(tmp_path: Path) -> Path:
    path = tmp_path / "warehouse.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("create table spend as select 'a' as project, 1.000000000001::decimal(38,12) as cost")
    return path


def test_rows_come_as_plain_values_and_names_stay_apart(warehouse: Path) -> None:
    query = "select project, cost, cost, {'x': [cost]} as nested from spend where project = $1"
    amount = Decimal("1.000000000001")
    assert warehouse_query.query_file(warehouse, query, ["a"]) == [
        {"project": "a", "cost": amount, "cost_2": amount, "nested": {"x": [amount]}}
    ]
    assert warehouse_query.query_file(warehouse, query, ["b"]) == []


@pytest.mark.parametrize(
    "query", ["drop table spend", "insert into spend values ('b', 1)", "selekt", "select * from nothing"]
)
def test_nothing_can_be_changed_and_mistakes_are_explained(warehouse: Path, query: str) -> None:
    with pytest.raises(QueryRefused, match="the query failed"):
        warehouse_query.query_file(warehouse, query)
    assert len(warehouse_query.query_file(warehouse, "select * from spend")) == 1


def test_before_the_first_publication_there_is_nothing_to_ask(home: Home) -> None:
    with pytest.raises(NothingPublished, match="mlspend run"):
        warehouse_query.query_published(home, "select 1")
