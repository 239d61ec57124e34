"""`mlspend sql` with the questions that mlspend brings along."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from typer.testing import CliRunner

from mlspend.adapters.home import Home
from mlspend.cli import app

QUESTION = "verify-invoices"
OCTOBER = ("--set", "first_period=2026-10", "--set", "last_period=2026-10")


def sql(*words: str, given: str | None = None) -> Any:
    return CliRunner().invoke(app, ["sql", *words], input=given)


@pytest.fixture
def published(example_warehouse: Home, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setenv("MLSPEND_HOME", str(example_warehouse.root))
    return example_warehouse


def test_the_list_needs_no_warehouse_and_tells_parameters_and_faults(home: Home) -> None:
    assert "verify-invoices" in sql("--list").stdout
    listed = {one["slug"]: one for one in json.loads(sql("--list", "--json").stdout)}
    assert len(listed) == 53
    [limit] = [one for one in listed["service-costs-subaccount"]["parameters"] if one["name"] == "limit"]
    assert (limit["type"], limit["default"]) == ("integer", 10)
    assert listed["costs-service-name"]["faults"][0]["kind"] == "does not bind"


def test_a_question_is_answered_as_its_text_pasted_into_a_query(published: Home) -> None:
    answer = json.loads(sql("--question", QUESTION, *OCTOBER, "--json").stdout)
    assert [row["billing_period"] for row in answer] == ["2026-10"]
    text = sql("--show", QUESTION, *OCTOBER).stdout
    assert "$" not in text
    assert json.loads(sql("-", "--json", given=text).stdout) == answer
    direct = "select sum(billed_cost) as cost from marts.focus_costs where billing_period = '2026-10'"
    assert json.loads(sql(direct, "--json").stdout) == [{"cost": answer[0]["billed_cost"]}]


def test_the_shown_text_comes_with_its_values_as_json(home: Home) -> None:
    shown = json.loads(sql("--show", QUESTION, *OCTOBER, "--json").stdout)
    assert shown["values"] == {"first_period": "2026-10", "last_period": "2026-10", "provider": None}
    assert "billing_period <= '2026-10'" in shown["sql"]


def test_a_question_is_asked_of_the_state_that_is_meant(published: Home) -> None:
    today = f"{datetime.now(UTC):%Y-%m-%dT%H:%M}"
    [build_id] = [row["build_id"] for row in json.loads(sql("select build_id from ops.publications", "--json").stdout)]
    assert sql("--question", QUESTION, "--publication", build_id).exit_code == 0
    assert sql("--question", QUESTION, "--as-known-on", today).exit_code == 0
    before = sql("--question", QUESTION, "--as-known-on", "2020-01-01")
    assert (before.exit_code, before.stdout) == (1, "")


def test_before_the_first_publication_a_question_has_no_answer(home: Home) -> None:
    result = sql("--question", QUESTION)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "nothing is published" in result.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--question", "verify-invoice"], "verify-invoices"),
        (["--show", "anomaly"], "daily-anomaly-region"),
        (["--question", "zzz"], "--list"),
        (["--question", QUESTION, "--set", "month=2026-10"], "first_period"),
        (["--question", QUESTION, "--set", "first_period"], "first_period"),
        (["--question", QUESTION, "--set", "first_period=October"], "2026-10"),
        (["--question", QUESTION, "--set", "first_period=2026-10", "--set", "last_period=2026-09"], "2026-09"),
        (["--question", "costs-service-name", "--show", "costs-service-name"], "one of"),
        (["select 1", "--list"], "one of"),
        (["select 1", "--set", "a=1"], "--set"),
    ],
)
def test_wrong_use_ends_with_2_and_says_what_is_right(home: Home, words: list[str], said: str) -> None:
    result = sql(*words)
    assert (result.exit_code, result.stdout) == (2, "")
    assert said in result.stderr
