"""The shell's view: what every command prints, and how it ends."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner, Result

from mlspend.adapters.home import Home
from mlspend.adapters.ledger import Ledger
from mlspend.cli import app
from tests.focus_csv import focus_line, write_focus_csv

PERIOD = "2026-10"
SECRET = "hunter2"
CONFIG = """\
company: Small
sources:
  - {name: cloud, provider: other, location: exports}
projects:
  - {name: recommender, team: discovery}
teams:
  - {name: discovery, slack_channel: "#discovery"}
digest: {channel: "#all"}
"""


def mlspend(*words: str, **options: Any) -> Result:
    return CliRunner().invoke(app, list(words), **options)


def read_json(result: Result) -> Any:
    return json.loads(result.stdout)


def commands(group: Any = None, words: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, command in (group or get_command(app)).commands.items():
        yield (*words, name)
        if hasattr(command, "commands"):
            yield from commands(command, (*words, name))


def write_export(home: Home, *, cost: str = "10", currency: str = "USD") -> Path:
    lines = [
        focus_line(
            PERIOD, day, cost, {"project": "Recommender", "env": "prod"} if day % 2 else {}, BillingCurrency=currency
        )
        for day in range(1, 32)
    ]
    return write_focus_csv(home.root / "exports" / "focus.csv", lines)


@pytest.fixture
def company(home: Home, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A home with its own configuration, nothing landed yet."""
    (home.root / "mlspend.yml").write_text(CONFIG)
    monkeypatch.setenv("MLSPEND_CONFIG", str(home.root / "mlspend.yml"))
    monkeypatch.delenv("MLSPEND_SLACK_TOKEN", raising=False)
    return home


def test_every_command_is_there_and_says_what_it_is_for() -> None:
    wanted = {"config", "demo", "example", "land", "build", "check", "publish", "digest", "run", "status", "sql", "try"}
    wanted |= {"publications", "tags", "links", "alerts", "gates"} | {
        "close",
        "chargeback",
        "invoices",
        "reconcile",
        "rules",
        "explain",
    }
    assert wanted == set(get_command(app).commands)  # type: ignore[attr-defined]
    overview = mlspend("--help").stdout
    for words in commands():
        result = mlspend(*words, "--help")
        assert result.exit_code == 0
        assert words[0] in overview
        assert len(result.stdout.splitlines()) > 5, words


def test_help_loads_nothing_heavy() -> None:
    heavy = {"airflow", "boto3", "dbt", "duckdb", "great_expectations", "pydantic", "slack_sdk", "sqlalchemy"}
    code = "import sys; from mlspend.cli import app; app(['--help'], standalone_mode=False); print(*sys.modules)"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "Usage: " in ended.stdout
    assert not heavy & set(ended.stdout.splitlines()[-1].split())


@pytest.mark.parametrize(
    "words",
    [
        ["nonsense"],
        ["land", "--nonsense"],
        ["land", "--from", "October"],
        ["land", "--to", "2026-13"],
        ["land", "--from", "2026-10", "--to", "2026-09"],
        ["sql"],
        ["try"],
        ["try", "nowhere/at/all"],
        ["try", "gs://bucket/x"],
        ["check", "nonsense"],
        ["check", "source"],
        ["example"],
        ["example", "--to", "x", "--end", "October"],
        ["example", "--to", "x", "--scale", "0"],
        ["status", "--max-age", "36"],
        ["status", "--max-age", "1w"],
        ["status", "--max-age", ""],
    ],
)
def test_wrong_use_ends_with_2(company: Home, words: list[str]) -> None:
    result = mlspend(*words)
    assert result.exit_code == 2
    assert result.stdout == ""


@pytest.mark.parametrize(
    "words", [["sql", "select 1"], ["publish"], ["publish", "--to", "x.duckdb"], ["digest"], ["land"], ["check"]]
)
def test_what_cannot_be_done_yet_ends_with_1_and_a_message(company: Home, words: list[str]) -> None:
    result = mlspend(*words)
    assert result.exit_code == 1
    said = result.stdout + result.stderr
    assert str(company.root) in said or "not there" in said
    assert "Traceback" not in said
    assert result.exception is None or isinstance(result.exception, SystemExit)


def test_config_check_says_what_is_wrong(company: Home) -> None:
    assert mlspend("config", "check").exit_code == 0
    bad = company.root / "bad.yml"
    bad.write_text(CONFIG.replace("provider", "provder") + f"token: {SECRET}\n")
    result = mlspend("config", "check", str(bad), "--json")
    assert result.exit_code == 1
    [problem] = read_json(result)["problems"]
    assert (problem["line"], problem["key"]) == (9, "token")
    assert SECRET not in result.output
    bad.write_text(CONFIG.replace("provider", "provder"))
    result = mlspend("config", "check", str(bad))
    assert result.exit_code == 1
    assert f"{bad}:3: sources[0].provder: is not a key mlspend knows; did you mean provider?" in result.stdout


def test_no_command_repeats_a_secret(company: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    write_export(company)
    monkeypatch.setenv("MLSPEND_STATE_URL", f"postgresql://ada:{SECRET}@127.0.0.1:1/mlspend")
    monkeypatch.setenv("MLSPEND_SLACK_TOKEN", SECRET)
    for words in (["status"], ["land"], ["build"], ["run"], ["digest"], ["publish"]):
        result = mlspend(*words)
        assert result.exit_code == 1
        assert "state store postgresql://ada:***@127.0.0.1:1/mlspend" in result.stderr
        assert SECRET not in result.output
    (company.root / "mlspend.yml").write_text(CONFIG.replace("exports", f"https://ada:{SECRET}@example.com/"))
    result = mlspend("check")
    assert result.exit_code == 1
    assert SECRET not in result.output


def test_a_changed_currency_is_rejected_until_somebody_accepts_it(company: Home) -> None:
    write_export(company)
    landed = read_json(mlspend("land", "cloud", "--json"))
    assert [(one["billing_period"], one["row_count"]) for one in landed["landed"]] == [(PERIOD, 31)]
    assert read_json(mlspend("land", "--json")) == {"landed": [], "rejected": [], "up_to_date": 1}
    os.utime(write_export(company, currency="EUR"), (2e9, 2e9))
    result = mlspend("land", "--json")
    assert result.exit_code == 1
    [rejected] = read_json(result)["rejected"]
    assert "'cloud'" in rejected["reason"]
    assert "EUR" in rejected["reason"]
    assert not rejected["retry_may_help"]
    assert [one["status"] for one in read_json(mlspend("status", "--json"))["deliveries"]] == ["landed", "rejected"]
    assert mlspend("run").exit_code == 1
    assert mlspend("land", "--accept-new-currency").exit_code == 0
    assert [one["status"] for one in read_json(mlspend("status", "--json"))["deliveries"]] == ["superseded", "landed"]


def test_status_says_why_readers_do_not_see_a_delivery(company: Home) -> None:
    write_export(company)
    assert mlspend("land").exit_code == 0
    assert "is rejected" not in mlspend("status").stdout
    os.utime(write_export(company, currency="EUR"), (2e9, 2e9))
    assert mlspend("land").exit_code == 1
    [old, new] = read_json(mlspend("status", "--json"))["deliveries"]
    shown = mlspend("status").stdout.splitlines()
    assert "EUR" in new["reason"]
    assert f"cloud {PERIOD} {new['version']} is rejected: {new['reason']}" in shown
    assert mlspend("land", "--accept-new-currency").exit_code == 0
    shown = mlspend("status").stdout.splitlines()
    reasons = [line for line in shown if line.startswith(f"cloud {PERIOD} {old['version']} is superseded: ")]
    assert len(reasons) == 1
    assert f"replaced by {new['version']}" in reasons[0]


def test_status_counts_the_dead_letters_when_there_are_some(company: Home) -> None:
    assert "dead_letters" not in mlspend("status").stdout
    with Ledger.open(company) as ledger:
        for number in (1, 2):
            ledger.record_dead_letter("cloud", f"message-{number}", "{}", "no notification", datetime.now(UTC))
    line = "2 messages of the queues led to nothing: --json and ops.dead_letters say why"
    assert line in mlspend("status").stdout.splitlines()
    told = read_json(mlspend("status", "--json"))["dead_letters"]
    assert [one["reason"] for one in told] == ["no notification"] * 2


def test_a_check_of_sources_lists_what_was_delivered_and_lands_nothing(company: Home) -> None:
    write_export(company)
    for words in (["check"], ["check", "source", "cloud"]):
        [found] = read_json(mlspend(*words, "--json"))["deliveries"]
        assert (found["source"], found["billing_period"], found["export_kind"]) == ("cloud", PERIOD, "focus")
        assert PERIOD in mlspend(*words).stdout
    assert not company.landing.exists()
    assert "the configuration knows: cloud" in mlspend("check", "source", "other").stderr


def test_status_is_a_dead_mans_switch(company: Home) -> None:
    """Green only while every source delivered within the age; the clock of the file is the provider's."""
    nothing = mlspend("status", "--max-age", "3d")
    assert nothing.exit_code == 1
    assert "source 'cloud': nothing was ever delivered" in nothing.stderr
    assert mlspend("status").exit_code == 0
    written = time.time() - 30 * 3600
    os.utime(write_export(company), (written, written))
    assert mlspend("land").exit_code == 0
    for age, expected in (("1800m", 1), ("29h", 1), ("31h", 0), ("2d", 0)):
        result = mlspend("status", "--max-age", age)
        assert result.exit_code == expected
        assert ("source 'cloud': last delivered" in result.stderr) == bool(expected)
        assert ("more than " + age in result.stderr) == bool(expected)
    result = mlspend("status", "--max-age", "29h", "--json")
    assert result.exit_code == 1
    [found] = read_json(result)["freshness"]
    assert (found["source"], found["level"], found["rhythm_hours"]) == ("cloud", "critical", 24.0)
    assert 30 <= found["age_hours"] < 31
    shown = mlspend("status").stdout
    assert "Freshness" in shown
    assert "30 hours" in shown


def test_everything_in_order_then_again_then_a_restated_month(company: Home) -> None:
    write_export(company)
    first = mlspend("run", "--json")
    assert first.exit_code == 0, first.stderr
    ran = read_json(first)
    assert [(one["billing_period"], one["billed_cost"]) for one in ran["totals"]] == [(PERIOD, "310.000000000000")]
    assert {one["project"]: Decimal(one["billed_cost"]) for one in ran["by_project"]} == {
        "recommender": 160,
        "unattributed": 150,
    }
    assert [one["is_reconciled"] for one in ran["reconciliation"]] == [True]
    assert {one["channel"] for one in ran["messages"]} == {"#all", "#discovery"}

    again = read_json(mlspend("run", "--json"))
    assert again["build"]["is_unchanged"]
    assert again["totals"] == ran["totals"]
    assert "nothing to build" in mlspend("build").stdout
    assert ran["build"]["build_id"] in mlspend("publish").stdout

    shown = mlspend("status")
    assert shown.exit_code == 0
    assert all(words in shown.stdout for words in ("Deliveries", "Messages", ran["build"]["build_id"]))
    [row] = read_json(
        mlspend("sql", "-", "--json", input="select sum(billed_cost) as billed_cost, 1 as n from marts.daily_spend")
    )
    assert row == {"billed_cost": "310.000000000000", "n": 1}
    assert "recommender" in mlspend("sql", "select distinct project from marts.daily_spend").stdout
    refused = mlspend("sql", "drop table marts.daily_spend")
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "read-only" in refused.stderr
    copy = company.root / "copy.duckdb"
    assert mlspend("publish", "--to", str(copy)).exit_code == 0
    assert copy.stat().st_size > 0

    os.utime(write_export(company, cost="10.5"), (2e9, 2e9))
    assert mlspend("land").exit_code == 0
    built = mlspend("build", "--json")
    assert [one["billing_period"] for one in read_json(built)["rebuilt"]] == [PERIOD]
    query = ("sql", "select sum(billed_cost) as cost from marts.daily_spend", "--json")
    assert read_json(mlspend(*query)) == [{"cost": "310.000000000000"}]
    assert read_json(mlspend("publish", "--json"))["build_id"] == read_json(built)["build_id"]
    assert read_json(mlspend(*query)) == [{"cost": "325.500000000000"}]
