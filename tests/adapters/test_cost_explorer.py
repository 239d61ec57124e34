"""Cost Explorer, asked through AWS's SDK of a server on this machine; each request costs money and is counted."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
import time_machine
from pytest_httpserver import HTTPServer
from typer.testing import CliRunner
from werkzeug import Request, Response

from mlspend.adapters.home import Home
from mlspend.adapters.ledger import Ledger
from mlspend.cli import app

NOW = datetime(2026, 11, 5, 22, 30, tzinfo=UTC)
CONFIG = """company: Small
sources:
  - {name: aws, provider: aws, location: exports}
  - {name: hub, provider: other, location: others}
"""


@pytest.fixture
def published(home: Home) -> Home:
    """Account a spent 100 in October, 40 in September; of August nothing is left to ask for but a cent."""
    home.published_warehouse.parent.mkdir(parents=True)
    with duckdb.connect(str(home.published_warehouse)) as connection:
        connection.execute(
            """create schema marts;
            create table marts.monthly_spend as
            select 'aws' as x_source, billing_period, 'a' as sub_account_id, 'USD' as billing_currency,
                cast(cost as decimal(38, 12)) as billed_cost
            from (values ('2026-10', 99), ('2026-10', 1), ('2026-09', 40), ('2026-08', 0.01), ('2026-07', 5))
                as spend(billing_period, cost);
            create table marts.reconciliation as
            select x_source, billing_period, 'payer' as billing_account_id, null as invoice_id, billing_currency,
                billed_cost as landed_billed_cost, billed_cost as daily_spend_billed_cost,
                cast(0 as decimal(38, 12)) as largest_difference, true as is_reconciled
            from marts.monthly_spend;
            create table marts.invoice_reconciliation (
                x_source varchar, billing_period varchar, billing_account_id varchar, invoice_id varchar,
                billing_currency varchar, invoice_total decimal(38, 12), billed_cost decimal(38, 12),
                difference decimal(38, 12), tax_difference decimal(38, 12), credit_difference decimal(38, 12),
                late_difference decimal(38, 12), rounding_difference decimal(38, 12),
                unexplained_difference decimal(38, 12), status varchar
            );"""
        )
    return home


@pytest.fixture
def asked(httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The requests that the server got; its answers come in two pages."""
    requests: list[dict[str, Any]] = []

    def month(start: str, amount: str) -> dict[str, Any]:
        cost = {"Amount": amount, "Unit": "USD"}
        groups = [{"Keys": ["a"], "Metrics": {"UnblendedCost": cost, "NetUnblendedCost": {**cost, "Amount": "1"}}}]
        return {"TimePeriod": {"Start": start, "End": "x"}, "Estimated": start > "2026-10", "Groups": groups}

    def answer(request: Request) -> Response:
        assert request.headers["X-Amz-Target"] == "AWSInsightsIndexService.GetCostAndUsage"
        requests.append(json.loads(request.data))
        first = {"ResultsByTime": [month("2026-08-01", "0.01"), month("2026-09-01", "40.005")], "NextPageToken": "2"}
        second = {"ResultsByTime": [month("2026-10-01", "100.02")]}
        found = second if requests[-1].get("NextPageToken") else first
        return Response(json.dumps(found), content_type="application/x-amz-json-1.1")

    httpserver.expect_request("/", method="POST").respond_with_handler(answer)
    for name, value in {
        "AWS_ENDPOINT_URL": httpserver.url_for(""),
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }.items():
        monkeypatch.setenv(name, value)
    return requests


def run(*words: str) -> tuple[int, Any]:
    result = CliRunner().invoke(app, ["reconcile", *words, "--json"])
    return result.exit_code, json.loads(result.stdout) if result.stdout else result.stderr


def test_cost_explorer_is_off_asked_once_a_day_and_every_request_is_counted(
    published: Home, asked: list[dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "mlspend.yml"
    monkeypatch.setenv("MLSPEND_CONFIG", str(file))
    with time_machine.travel(NOW, tick=False) as clock:
        file.write_text(CONFIG)
        code, told = run("aws", "--cost-explorer")
        assert (code, "so it is off" in told) == (1, True)
        file.write_text(CONFIG + "cost_explorer: {enabled: true}\n")
        assert (asked, run()[0]) == ([], 0), "without the option nobody asks"

        code, told = run("aws", "--cost-explorer")
        rows = [
            (
                one["billing_period"],
                one["billed_cost"],
                one["cost_explorer_cost"],
                one["difference"],
                one["is_estimated"],
            )
            for one in told["cost_explorer"]
        ]
        assert rows == [
            ("2026-08", "0.010000000000", "0.01", "0.000000000000", False),
            ("2026-09", "40.000000000000", "40.005", "0.005000000000", False),
            ("2026-10", "100.000000000000", "100.02", "0.020000000000", True),
        ]
        assert code == 1, "two cents are two cents too many"
        assert asked[0] == {
            "TimePeriod": {"Start": "2026-08-01", "End": "2026-11-01"},
            "Granularity": "MONTHLY",
            "Metrics": ["UnblendedCost", "NetUnblendedCost"],
            "GroupBy": [{"Type": "DIMENSION", "Key": "LINKED_ACCOUNT"}],
        }
        assert asked[1] == {**asked[0], "NextPageToken": "2"}

        code, told = run("aws", "--cost-explorer")
        assert code == 1
        assert "was asked at 2026-11-05 22:30 UTC, and is asked once a day; next from 2026-11-06 00:00 UTC on" in told
        assert len(asked) == 2
        clock.move_to(NOW.replace(day=6, hour=0, minute=0))
        assert run("aws", "--cost-explorer", "--period", "2026-09")[0] == 0, "half a cent is none"
        assert asked[2]["TimePeriod"] == {"Start": "2026-09-01", "End": "2026-10-01"}
    with Ledger.open(published) as ledger:
        calls = ledger.api_calls()
    assert [(one["service"], one["source"], one["estimated_cost"]) for one in calls] == [
        ("ce", "aws", Decimal("0.01"))
    ] * len(asked)
    assert [one["called_at"].day for one in calls] == [5, 5, 6, 6]


def test_the_command_shows_what_was_asked_for_and_fails_where_hops_differ(published: Home) -> None:
    code, told = run("aws", "--period", "2026-10")
    assert (code, told["is_reconciled"], len(told["reconciliation"])) == (0, True, 2)
    assert told["cost_explorer"] is None
    text = CliRunner().invoke(app, ["reconcile"]).stdout
    assert "every hop agrees" in text
    with duckdb.connect(str(published.published_warehouse)) as connection:
        connection.execute("update marts.reconciliation set is_reconciled = false where billing_period = '2026-07'")
    assert [run()[0], run("--period", "2026-07")[0], run("--period", "2026-10")[0]] == [1, 1, 0]
    assert run("--period", "2026-01")[0] == 1
    assert run("--period", "October")[0] == 2


def test_before_the_first_publication_there_is_nothing_to_show(home: Home) -> None:
    assert not home.published_warehouse.exists()
    code, told = run()
    assert code == 1
    assert "nothing is published" in told
