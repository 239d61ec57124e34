"""The proof as its caller sees it: a child process, answers in the build's file, an error that says what to look at."""

import re
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import unquote

import duckdb
import pytest

from mlspend.adapters import proof
from mlspend.adapters.home import Home
from mlspend.core.deliveries import Build
from mlspend.core.errors import ChecksFailed
from tests.handmade_build import NOW, edit_lake, edit_warehouse, make_build


def recorded(build: Build, query: str) -> list[tuple]:
    with duckdb.connect(build.warehouse_path, read_only=True) as connection:
        return connection.execute(query).fetchall()


def test_a_green_build_has_all_its_answers_recorded_once(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not for children")
    build = make_build(home)
    edit_warehouse(build, "insert into marts.data_quality (build_id, layer) values ('b0', 'focus'), ('b1', 'focus')")
    edit_warehouse(build, "update marts.daily_spend set project = 'unattributed'")
    results = proof.prove(build, home, now=NOW)
    assert [result.expectation for result in results if not result.is_success] == ["unattributed_share_below_half"]
    assert recorded(build, "select count(*) from marts.data_quality where build_id = 'b1'") == [(len(results),)]
    assert recorded(build, "select count(*) from marts.data_quality where build_id = 'b0'") == [(1,)]
    assert recorded(
        build,
        "select distinct checked_at, is_evaluated from marts.data_quality where build_id = 'b1'",
    ) == [(NOW.replace(tzinfo=None), True)]
    assert recorded(
        build,
        "select layer, subject, x_source, billing_period, is_success, unexpected_count, severity, sample <> ''"
        " from marts.data_quality where not is_success",
    ) == [("marts", "daily_spend", "aws", "2026-10", False, 1, "warning", True)]


def test_a_red_build_says_what_where_how_many_and_shows_rows(home: Home) -> None:
    build = make_build(home)
    edit_lake(home, build, "focus_costs", "select * replace (cast(null as varchar) as billing_currency) from lines")
    edit_warehouse(build, "drop table marts.reconciliation")
    with pytest.raises(ChecksFailed) as raised:
        proof.prove(build, home, now=NOW)
    message = str(raised.value)
    assert "nothing was published" in message
    index = home.data_docs / "b1" / "index.html"
    assert f"as pages: {index}" in message
    pages = {page.name: page.read_text() for page in index.parent.glob("validations/**/*.html")}
    [told] = [text for name, text in pages.items() if "billing_currency not_null aws 2026-10" in name]
    assert "40 unexpected values found" in told
    links = {unquote(link) for link in re.findall(r"validations/[^\"' >]+\.html", index.read_text())}
    assert {link.rsplit("/", 1)[1] for link in links} == pages.keys()
    assert (
        "source 'aws', billing period 2026-10: focus: expect_column_values_to_not_be_null on"
        " focus_costs.billing_currency: 40 unexpected, for example x_source=aws, billing_period=2026-10, x_line_id="
    ) in message
    assert "every_partition_is_reconciled on reconciliation could not be evaluated" in message
    assert recorded(
        build, "select count(*) from marts.data_quality where not is_evaluated and layer = 'warehouse'"
    ) == [(2,)]


def test_a_proof_that_breaks_down_is_an_error_of_the_checks(home: Home) -> None:
    build = make_build(home)
    Path(build.warehouse_path).write_bytes(b"no database")
    with pytest.raises(ChecksFailed, match=r"could not be run.*nothing was\s+published"):
        proof.prove(build, home, now=datetime(2026, 11, 1, tzinfo=UTC))
