"""Python and SQL make the same of a tag's value: names in the configuration are folded by one, tags by the other."""

import sys
from collections.abc import Iterator

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jinja2 import Environment

from mlspend.adapters.home import PROJECT_ROOT
from mlspend.core.attribution import canonical_value


@pytest.fixture(scope="module")
def fold() -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection that knows the macro `canonical_value` of the dbt project, as it is written there."""
    text = (PROJECT_ROOT / "dbt_project" / "macros" / "attribution.sql").read_text()
    start = text.index("{% macro canonical_value(")
    macro = text[start : text.index("{%- endmacro %}", start)] + "{%- endmacro %}"
    sql = Environment(autoescape=False).from_string(macro + "{{ canonical_value('$1') }}").render()
    with duckdb.connect() as connection:
        connection.execute(f"create macro canonical(text) as {sql.replace('$1', 'text')}")
        yield connection


alphabet = st.sampled_from(" \t\n\v\f\r\u00a0_-./:AbÀßİıΣς\u2028ǅK0") | st.characters(
    codec="utf-8", exclude_characters="\0"
)


@settings(max_examples=300, deadline=None)
@given(value=st.text(alphabet, max_size=12))
def test_sql_and_python_fold_alike(fold: duckdb.DuckDBPyConnection, value: str) -> None:
    assert fold.execute("select canonical($1)", [value]).fetchone() == (canonical_value(value) or None,)


def test_every_character_there_is_folds_alike(fold: duckdb.DuckDBPyConnection) -> None:
    characters = [chr(code) for code in range(1, sys.maxunicode + 1) if not 0xD800 <= code <= 0xDFFF]
    rows = fold.execute("select c, canonical('a' || c || 'b') from (select unnest($1) as c)", [characters]).fetchall()
    differing = [character for character, folded in rows if canonical_value(f"a{character}b") != folded]
    assert [hex(ord(character)) for character in differing] == []
