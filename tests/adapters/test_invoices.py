"""Invoices from files and from AWS's API, kept in the state store, held against the lines of real builds."""

import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from typer.testing import CliRunner
from werkzeug import Request, Response

from mlspend.adapters import config, invoices, pipeline, publication
from mlspend.adapters.config import Config
from mlspend.adapters.config_model import Source
from mlspend.adapters.config_money import InvoiceInput
from mlspend.adapters.home import Home
from mlspend.adapters.invoice_file import read_invoices
from mlspend.adapters.ledger import Ledger
from mlspend.adapters.warehouse_query import query_file, query_published
from mlspend.cli import app
from mlspend.core.deliveries import Build
from mlspend.core.errors import InvoicesUnreadable
from mlspend.core.invoices import Invoice
from tests.focus_csv import focus_line, write_focus_csv
from tests.handmade_build import prove_by_hand

NOW = datetime(2026, 11, 5, 6, tzinfo=UTC)
HEADER = "invoice_id,billing_period,billing_account_id,billing_currency,total,tax,credit,issued_at\n"
CLOUD = Source(name="cloud", provider="other", location="exports")
AWS = Source(name="aws", provider="aws", location="exports")


def settings(source: Source, **where: str) -> Config:
    return Config(company="T", sources=(source,), invoices=(InvoiceInput(source=source.name, **where),))  # type: ignore[arg-type]


@pytest.fixture
def ledger(home: Home) -> Iterator[Ledger]:
    with Ledger.open(home) as opened:
        yield opened


def deliver(home: Home, ledger: Ledger, source: str = "cloud") -> None:
    """October: invoice A over two lines and tax, invoice B over one, and one line that is not invoiced yet."""
    lines = [
        focus_line("2026-10", 1, "70", InvoiceId="A"),
        focus_line("2026-10", 2, "30", InvoiceId="A"),
        focus_line("2026-10", 2, "8", InvoiceId="A", ChargeCategory="Tax"),
        focus_line("2026-10", 3, "20", InvoiceId="B"),
        focus_line("2026-10", 4, "5"),
    ]
    write_focus_csv(home.root / "exports" / "2026-10.csv", lines)
    landed = pipeline.land(source, str(home.root / "exports"), home, ledger, now=NOW, tell=lambda _: None)
    landed.raise_rejections()


def publish(home: Home, ledger: Ledger, used: Config) -> Build:
    build = pipeline.make_build(home, used, ledger, publication.read_published(home), now=NOW)
    prove_by_hand(build)
    publication.publish(build, home, ledger, now=NOW)
    return build


SHEETS = """
    select invoice_id, invoice_total, billed_cost, tax_difference, late_difference, unexplained_difference, status
    from marts.invoice_reconciliation order by all
"""


def sheets(home: Home) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in query_published(home, SHEETS)]


@pytest.mark.usefixtures("warm_builds")
def test_a_file_of_invoices_is_taken_before_a_build_and_rebuilds_nothing(
    home: Home, ledger: Ledger, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    deliver(home, ledger)
    used = settings(CLOUD, file="invoices.csv")
    with caplog.at_level(logging.WARNING):
        publish(home, ledger, used)
    assert "invoices.csv cannot be read (No such file or directory)" in caplog.text, "the bill does not wait for it"
    assert [(row[0], row[-1]) for row in sheets(home)] == [
        ("A", "invoice_not_known"),
        ("B", "invoice_not_known"),
        (None, "not_invoiced"),
    ]
    assert not pipeline.awaits_publication(home, used, ledger, now=NOW)

    (home.root / "invoices.csv").write_text(
        HEADER + "A,2026-10,000000000007,USD,108.00,8.00,,2026-11-03\nB,2026-10,000000000007,USD,23.00,,,\n"
    )
    assert pipeline.awaits_publication(home, used, ledger, now=NOW)
    again = publish(home, ledger, used)
    assert again.rebuilt == ()
    assert not pipeline.awaits_publication(home, used, ledger, now=NOW)
    wanted = [
        ("A", Decimal(108), Decimal(108), Decimal(0), Decimal(0), Decimal(0), "matches"),
        # B asks for 3 more than its line; the line of 5 that is not invoiced can be that.
        ("B", Decimal(23), Decimal(20), None, Decimal(3), Decimal(0), "explained"),
        (None, None, Decimal(5), None, None, None, "not_invoiced"),
    ]
    assert sheets(home) == wanted
    publication.copy_self_contained(home, tmp_path / "copy.duckdb")
    assert [tuple(row.values()) for row in query_file(tmp_path / "copy.duckdb", SHEETS)] == wanted


def test_a_restated_invoice_replaces_what_was_known_and_none_is_removed(home: Home, ledger: Ledger) -> None:
    used = settings(CLOUD, file="invoices.csv")
    file = home.root / "invoices.csv"

    def taken(*lines: str) -> int:
        file.write_text(HEADER + "\n".join(lines))
        [one] = invoices.take(home, used, ledger, now=NOW)
        return one.changed

    assert taken("A,2026-09,1,USD,10,1,-2,", "B,2026-10,1,USD,20,,,") == 2
    assert taken("A,2026-09,1,USD,10.00,1.0,-2,") == 0, "the same again, written otherwise"
    assert taken("A,2026-09,1,USD,11,1,-2,2026-10-03T10:00:00+02:00") == 1
    assert ledger.invoices() == [
        Invoice(
            "cloud", "A", "2026-09", "1", "USD", Decimal(11), Decimal(1), Decimal(-2),
            datetime(2026, 10, 3, 8, tzinfo=UTC), "invoices.csv",
        ),
        Invoice("cloud", "B", "2026-10", "1", "USD", Decimal(20), taken_from="invoices.csv"),
    ]  # fmt: skip
    [one] = invoices.take(home, used, ledger, now=NOW, period="2026-10")
    assert (one.invoices, one.changed) == ((), 0)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("id,total\n", "1: has no column invoice_id, billing_period, billing_account_id, billing_currency: the first"),
        (HEADER + ",2026-10,1,USD,1,,,\n", "2: invoice_id is empty"),
        (HEADER + "A,10/2026,1,USD,1,,,\n", "2: billing_period is '10/2026': write it as YYYY-MM, for example 2026-10"),
        (HEADER + "A,2026-10,1,$,1,,,\n", "2: billing_currency is '$': write three capital letters, for example USD"),
        (HEADER + 'A,2026-10,1,USD,"1,000.00",,,\n', "2: total is '1,000.00': write a number with a point and up to"),
        (HEADER + "A,2026-10,1,USD,NaN,,,\n", "2: total is 'NaN': write a number with a point and up to 12 decimals"),
        (HEADER + "A,2026-10,1,USD,1,,5,\n", "2: credit is 5: write it as it stands in the total, negative"),
        (HEADER + "A,2026-10,1,USD,1,,,3.10.\n", "2: issued_at is '3.10.': write a day as YYYY-MM-DD, or a time in"),
        (HEADER + "A,2026-10,1,USD,1,,,\nA,2026-10,1,USD,2,,,\n", "3: holds invoice A again (line 2 does already)"),
    ],
)
def test_a_wrong_line_of_the_file_is_named_and_nothing_is_taken(tmp_path: Path, text: str, wanted: str) -> None:
    file = tmp_path / "invoices.csv"
    file.write_text(text)
    with pytest.raises(InvoicesUnreadable) as refused:
        read_invoices(file, source="cloud", written="invoices.csv")
    assert str(refused.value).startswith(f"source 'cloud': {file}:{wanted}")


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        ("{source: aws}", "[0]: must name either a `file` or an `api`"),
        ("{source: aws, file: a.csv, api: aws}", "[0]: must name either a `file` or an `api`"),
        ("{source: azure, file: a.csv}", "[0].source: is 'azure', which is no source here; the sources are: aws, hub"),
        ("{source: hub, api: aws}", "[0].api: is aws, but 'hub' is of provider other; write a `file`"),
        ("{source: aws, api: gcp}", "[0].api: is 'gcp'; write one of aws"),
        (
            "{source: aws, file: a.csv, region: us-east-1}",
            "[0]: has a profile or a region, which a file does not need; remove them",
        ),
        ("{source: aws, file: a.csv}, {source: aws, file: a.csv}", "[1]: is the same as invoices[0]; keep one"),
    ],
)
def test_a_wrong_input_of_invoices_is_named(tmp_path: Path, written: str, wanted: str) -> None:
    file = tmp_path / "mlspend.yml"
    file.write_text(
        "company: Small\nsources:\n  - {name: aws, provider: aws, location: a}\n"
        f"  - {{name: hub, provider: other, location: b}}\ninvoices: [{written}]\n"
    )
    assert [str(problem) for problem in config.check(file)] == [f"{file}:5: invoices{wanted}"]


# AWS's API


class Invoicing:
    """Answers like AWS's Invoicing API, two summaries to a page; `asked` are the requests it got."""

    def __init__(self, server: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked: list[dict[str, Any]] = []
        self.refusals = [Response(status=500)]
        server.expect_request("/", method="POST").respond_with_handler(self.answer)
        for name, value in {
            "AWS_ENDPOINT_URL": server.url_for(""),
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "us-east-1",
        }.items():
            monkeypatch.setenv(name, value)

    def answer(self, request: Request) -> Response:
        assert request.headers["X-Amz-Target"] == "Invoicing.ListInvoiceSummaries"
        self.asked.append(json.loads(request.data))
        if self.refusals:
            return self.refusals.pop()
        pages = {None: ["A", "B"], "page-2": ["C"]}
        names = pages[self.asked[-1].get("NextToken")]
        return Response(
            json.dumps(
                {
                    "InvoiceSummaries": [self.summary(name) for name in names],
                    **({"NextToken": "page-2"} if "A" in names else {}),
                }
            ),
            content_type="application/x-amz-json-1.0",
        )

    def summary(self, name: str) -> dict[str, Any]:
        kind = {"B": "CREDIT_MEMO", "C": "PAYMENT_RECEIPT"}.get(name, "INVOICE")
        return {
            "AccountId": "000000000007",
            "InvoiceId": name,
            "InvoiceType": kind,
            "IssuedDate": 1793678400,
            "BillingPeriod": {"Month": 10, "Year": 2026},
            "BaseCurrencyAmount": {"TotalAmount": "108.00", "TotalAmountBeforeTax": "100.00", "CurrencyCode": "USD"},
        }


def test_the_summaries_of_aws_are_taken_page_by_page_and_every_request_is_counted(
    home: Home, ledger: Ledger, httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    api = Invoicing(httpserver, monkeypatch)
    used = settings(AWS, api="aws")
    [early] = invoices.take(home, used, ledger, now=NOW)
    assert "run `mlspend land` first" in early.refusal
    deliver(home, ledger, "aws")
    [taken] = invoices.take(home, used, ledger, now=NOW)
    assert taken.refusal == ""
    issued = datetime(2026, 11, 3, 4, tzinfo=UTC)
    said = ("2026-10", "000000000007", "USD")
    assert ledger.invoices() == [
        Invoice("aws", "A", *said, Decimal(108), Decimal(8), None, issued, "AWS ListInvoiceSummaries"),
        Invoice("aws", "B", *said, Decimal(-108), Decimal(-8), None, issued, "AWS ListInvoiceSummaries"),
    ]
    # The first request got no answer and was repeated: it counts.
    assert [one.get("NextToken") for one in api.asked] == [None, None, "page-2"]
    assert api.asked[0] == {
        "Selector": {"ResourceType": "ACCOUNT_ID", "Value": "000000000007"},
        "Filter": {"BillingPeriod": {"Month": 10, "Year": 2026}},
        "MaxResults": 100,
    }
    assert [(one["service"], one["operation"], one["source"], one["called_at"]) for one in ledger.api_calls()] == [
        ("invoicing", "ListInvoiceSummaries", "aws", NOW)
    ] * 3
    pipeline.inputs_of(home, used, ledger)
    invoices.take_files(home, used, ledger, now=NOW)
    assert len(api.asked) == 3, "a build asks no API"

    denied = json.dumps({"__type": "AccessDeniedException", "message": "no"})
    api.refusals = [Response(denied, 400, content_type="application/x-amz-json-1.0")]
    [refused] = invoices.take(home, used, ledger, now=NOW, period="2026-09")
    assert refused.refusal == (
        "source 'aws', billing period 2026-09, account 000000000007: invoices: AWS says no (AccessDeniedException);"
        " allow invoicing:ListInvoiceSummaries to these credentials"
    )


def test_the_command_tells_what_was_taken_and_fails_where_something_was_refused(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "mlspend.yml"
    file.write_text(
        "company: Small\nsources: [{name: hub, provider: other, location: a}]\n"
        "invoices: [{source: hub, file: a.csv}, {source: hub, file: b.csv}]\n"
    )
    monkeypatch.setenv("MLSPEND_CONFIG", str(file))
    (home.root / "a.csv").write_text(HEADER + "A,2026-10,1,USD,10.50,,,\n")

    def run(*words: str) -> tuple[int, str]:
        result = CliRunner().invoke(app, ["invoices", "land", *words])
        return result.exit_code, result.stdout

    code, told = run("--json")
    document = json.loads(told)
    assert (code, document["changed"], [one["total"] for one in document["invoices"]]) == (1, 1, ["10.50"])
    assert "b.csv cannot be read" in document["refused"][0]
    (home.root / "b.csv").write_text(HEADER)
    code, told = run("hub")
    assert code == 0
    assert "1 read, 0 new or restated" in told
    assert run("--period", "2026")[0] == 2
    assert run("nobody")[0] == 1
