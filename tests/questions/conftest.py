from collections.abc import Iterator

import duckdb
import pytest

from tests.questions.small_warehouse import small_bill


@pytest.fixture(scope="session")
def plain() -> Iterator[duckdb.DuckDBPyConnection]:
    """The small bill as it is; only to be read."""
    with small_bill() as connection:
        yield connection
