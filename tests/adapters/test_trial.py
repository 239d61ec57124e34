import gzip
import json
import tempfile
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import boto3
import pytest
from typer.testing import CliRunner

from mlspend.adapters import trial
from mlspend.adapters.trial import Trial
from mlspend.cli import app
from mlspend.core.errors import ConfigInvalid
from tests.aws_exports import legacy_line, write_legacy_report
from tests.focus_csv import focus_line, write_focus_csv

NOW = datetime(2026, 11, 3, 6, tzinfo=UTC)

pytestmark = pytest.mark.usefixtures("warm_builds")


def run(path: Path | str, keep: Path | None = None) -> Trial:
    return trial.run(str(path), now=NOW, tell=lambda _: None, keep=keep)


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where throw-away homes are made: nothing may be left in it. What is configured must not matter."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.setenv("MLSPEND_CONFIG", str(tmp_path / "no such file"))
    monkeypatch.setenv("MLSPEND_STATE_URL", "postgresql://127.0.0.1:1/none")
    monkeypatch.setenv("MLSPEND_HOME", str(tmp_path / "no such home"))
    return folder


def test_two_exports_in_a_bucket_are_reported_apart_and_nothing_is_left(
    aws_environment: str, temporary: Path, tmp_path: Path
) -> None:
    tags = {"Project": "Recommender\x1b[31m", "aws:createdBy": "x"}
    lines = [
        focus_line("2026-10", 1, "6", tags),
        focus_line("2026-10", 2, "3"),
        focus_line("2026-10", 3, "1", {"project": ""}),
        focus_line("2026-10", 4, "5", ChargeCategory="Tax"),
        focus_line("2026-09", 30, "2", BillingCurrency="EUR", BillingAccountId="9"),
    ]
    write_focus_csv(tmp_path / "bucket" / "focus" / "part.csv", lines)
    write_legacy_report(tmp_path / "bucket" / "cur", [legacy_line(), legacy_line(line_item_unblended_cost="2.5")])
    (tmp_path / "bucket" / "notes.txt").write_text("hello")
    upload(tmp_path / "bucket", "somebodys", "bills")

    result = CliRunner().invoke(app, ["try", "s3://somebodys/bills", "--json"])

    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert told["is_good"]
    assert [
        (one["source"], one["billing_period"], one["export_kind"], one["billed_cost"]) for one in told["found"]
    ] == [
        ("bills", "2026-10", "aws_cur_legacy", "4.000000000000 USD"),
        ("focus", "2026-09", "focus", "2.000000000000 EUR"),
        ("focus", "2026-10", "focus", "15.000000000000 USD"),
    ]
    assert told["unrecognised"] == ["notes.txt"]
    report = told["report"]
    assert {(one["x_source"], one["billing_currency"]): Decimal(one["billed_cost"]) for one in report["totals"]} == {
        ("bills", "USD"): 4,
        ("focus", "EUR"): 2,
        ("focus", "USD"): 15,
    }
    focus = [one for one in report["by_project"] if (one["x_source"], one["billing_currency"]) == ("focus", "USD")]
    assert {one["project"]: Decimal(one["billed_cost"]) for one in focus} == {
        "recommender\x1b[31m": 6,
        "unattributed": 9,
    }
    # Of 10 dollars of usage 6 bear a tag of the user's own; tax cannot bear any, an empty value is none.
    untagged = {(one["x_source"], one["billing_currency"]): one["share"] for one in report["untagged"]}
    assert untagged["focus", "USD"] == pytest.approx(0.4)
    assert untagged["focus", "EUR"] == 1
    keys = [(one["tag_key"], one["is_users_own"]) for one in report["tag_keys"] if one["x_source"] == "focus"]
    assert keys == [("Project", True), ("aws:createdBy", False)]
    assert [one["tag_value"] for one in report["tag_values"] if one["x_source"] == "focus"] == ["Recommender\x1b[31m"]
    assert all(one["is_reconciled"] for one in report["reconciliation"])
    assert list(temporary.iterdir()) == []
    assert not (tmp_path / "no such home").exists()


def upload(folder: Path, bucket: str, prefix: str) -> None:
    client = boto3.client("s3")
    client.create_bucket(Bucket=bucket)
    for path in folder.rglob("*"):
        if path.is_file():
            client.upload_file(str(path), bucket, f"{prefix}/{path.relative_to(folder)}")


def test_a_real_legacy_report_comes_to_the_amounts_its_makers_give(shared_data: Path, temporary: Path) -> None:
    """Billed and amortised cost are published with the file: AWS Well-Architected Labs, 200_4."""
    told = run(shared_data / "aws-well-architected-labs", keep=temporary / "kept")
    assert told.is_good, told
    assert told.report is not None
    november = next(one for one in told.report.totals if one["billing_period"] == "2018-11")
    assert round(november["billed_cost"], 4) == Decimal("3505.3270")
    assert round(november["effective_cost"], 4) == Decimal("3632.5598")
    assert told.unrecognised == ["7_day_EC2_RI_Rec.csv", "WALAB-ec2-rightsizing-recommendations.csv"]
    assert (temporary / "kept" / "published" / "warehouse.duckdb").exists()
    with pytest.raises(ConfigInvalid, match="is not empty"):
        run(shared_data / "aws-well-architected-labs", keep=temporary / "kept")


def test_what_is_no_export_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "papers").mkdir()
    (tmp_path / "papers" / "people.csv").write_text("name,age\nAda,36\n")
    told = run(tmp_path / "papers")
    assert (told.is_good, told.verdict, told.unrecognised) == (False, "no export found", ["people.csv"])
    result = CliRunner().invoke(app, ["try", str(tmp_path / "papers")])
    assert result.exit_code == 1
    assert "not recognised: people.csv" in result.stdout


def test_an_export_that_cannot_be_taken_whole_is_rejected_with_its_reason(tmp_path: Path, temporary: Path) -> None:
    whole = write_focus_csv(tmp_path / "x.csv", [focus_line("2026-10", day, "1") for day in range(1, 29)]).read_bytes()
    (tmp_path / "export").mkdir()
    (tmp_path / "export" / "focus.csv.gz").write_bytes(gzip.compress(whole)[:-200])
    result = CliRunner().invoke(app, ["try", str(tmp_path / "export")])
    assert result.exit_code == 1
    assert "rejected: " in result.stdout
    assert "focus.csv.gz" in result.stdout
    assert list(temporary.iterdir()) == []


def test_a_line_without_currency_rejects_the_export_naming_the_column(tmp_path: Path) -> None:
    path = write_focus_csv(tmp_path / "focus.csv", [focus_line("2026-10", 1, "1", BillingCurrency="")])
    told = run(path)
    assert not told.is_good
    assert any("BillingCurrency" in reason or "billing_currency" in reason for reason in told.rejected), told.rejected
