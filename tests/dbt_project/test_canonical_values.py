"""Python and SQL make the same of a tag's value: names in the configuration are folded by one, tags by the other."""

import sys
from collections.abc import Iterator

import duckdb
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from jinja2 import Environment

from mlspend.adapters import duckdb_files
from mlspend.adapters.home import PROJECT_ROOT
from mlspend.core.attribution import canonical_value
from mlspend.core.explaining import read_tags


@pytest.fixture(scope="module")
def fold() -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection that knows the macro `canonical_value` of the dbt project, as it is written there."""
    with duckdb.connect() as connection:
        connection.execute(f"create macro canonical(text) as {rendered('canonical_value', 'text')}")
        connection.execute(f"create macro first_tag(tags) as {rendered('first_tag', ['a', 'b'])}")
        yield connection


def rendered(name: str, argument: object) -> str:
    text = (PROJECT_ROOT / "dbt_project" / "macros" / "attribution.sql").read_text()
    start = text.index("{% macro " + name + "(")
    macro = text[start : text.index("{%- endmacro %}", start)] + "{%- endmacro %}"
    jinja = Environment(autoescape=False, extensions=["jinja2.ext.do"])
    jinja.globals["quoted"] = duckdb_files.quote
    return jinja.from_string(macro + "{{ " + name + "(argument) }}").render(argument=argument)


alphabet = st.sampled_from(" \t\n\v\f\r\u00a0_-./:AbÀßİıΣς\u2028ǅK0") | st.characters(
    codec="utf-8", exclude_characters="\0"
)


@settings(max_examples=300, deadline=None)
@given(value=st.text(alphabet, max_size=12))
def test_sql_and_python_fold_alike(fold: duckdb.DuckDBPyConnection, value: str) -> None:
    assert fold.execute("select canonical($1)", [value]).fetchone() == (canonical_value(value) or None,)


@settings(max_examples=300, deadline=None)
@given(a=st.none() | st.text(alphabet, max_size=4), b=st.none() | st.text(alphabet, max_size=4))
@example(a="--", b="x")
@example(a="\t", b="x")
@example(a="\u00a0", b="x")
def test_sql_and_python_ask_the_same_tag(fold: duckdb.DuckDBPyConnection, a: str | None, b: str | None) -> None:
    """The first key with something in its value counts: blanks and separators hide no other key's value."""
    tags = {key: value for key, value in (("a", a), ("b", b)) if value is not None}
    [seen] = read_tags({"tag_keys": {"project": ["a", "b"]}, "tag_values": {}}, tags, {}, "2026-10-01")
    [(asked,)] = fold.execute(
        "select canonical(first_tag(map(['a', 'b'], [$1::varchar, $2::varchar])))", [a, b]
    ).fetchall()
    assert asked == (canonical_value(seen.value) if seen.value else None)
    assert asked == next((folded for each in (a, b) if each and (folded := canonical_value(each))), None)


def test_every_character_there_is_folds_alike(fold: duckdb.DuckDBPyConnection) -> None:
    characters = [chr(code) for code in range(1, sys.maxunicode + 1) if not 0xD800 <= code <= 0xDFFF]
    rows = fold.execute("select c, canonical('a' || c || 'b') from (select unnest($1) as c)", [characters]).fetchall()
    differing = [character for character, folded in rows if canonical_value(f"a{character}b") != folded]
    assert [hex(ord(character)) for character in differing] == []
