"""What is found at a location, in every layout AWS writes and every way people copy it."""

import json
import re
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mlspend.adapters.discovery import discover
from mlspend.core.errors import ExportNotDelivered, ExportUnreadable, ExportUnrecognised
from tests.aws_exports import (
    EXPORT,
    cur2_line,
    focus_line,
    legacy_line,
    write_data_export,
    write_json,
    write_legacy_report,
    write_lines_csv,
    write_parquet,
)

SEPTEMBER = {
    "bill_billing_period_start_date": "2026-09-01 00:00:00",
    "line_item_usage_start_date": "2026-09-02 00:00:00",
}


@pytest.mark.parametrize("partition", ["BILLING_PERIOD", "billing_period"])
def test_overwrite_layout_is_one_delivery_per_period_named_by_its_execution(tmp_path: Path, partition: str) -> None:
    write_data_export(tmp_path, [cur2_line()] * 3, parts=2, execution="exec-oct", partition=partition)
    write_data_export(tmp_path, [cur2_line(**SEPTEMBER)], period="2026-09", execution="exec-sep", partition=partition)
    september, october = discover(str(tmp_path), "aws")
    assert (september.period, september.version, september.export_kind) == ("2026-09", "exec-sep", "aws_cur2")
    assert (october.period, october.version, len(october.files)) == ("2026-10", "exec-oct", 2)
    assert not october.selects_period
    assert october.manifest_uri
    assert all(Path(file.uri).stat().st_size == file.size for file in october.files)


def test_create_new_executions_are_deliveries_of_their_own_newest_first(tmp_path: Path) -> None:
    for day, execution in ((3, "exec-b"), (2, "exec-a"), (4, "exec-c")):
        write_data_export(tmp_path, [cur2_line()], execution=execution, at=f"2026-10-0{day}T13:14:43.337Z")
    found = discover(str(tmp_path), "aws")
    assert [delivery.version for delivery in found] == ["exec-c", "exec-b", "exec-a"]
    assert found[0].delivered_at == datetime(2026, 10, 4, 13, 14, 43, 337000, tzinfo=UTC)
    assert all(len(delivery.files) == 1 for delivery in found)


def test_create_new_without_metadata_is_told_apart_by_its_execution_folders(tmp_path: Path) -> None:
    for day, execution in ((2, "exec-a"), (3, "exec-b")):
        write_data_export(tmp_path, [cur2_line()], execution=execution, at=f"2026-10-0{day}T01:02:03Z")
    shutil.rmtree(tmp_path / "prefix" / EXPORT / "metadata")
    assert [delivery.version for delivery in discover(str(tmp_path), "aws")] == ["exec-b", "exec-a"]


def test_a_replicated_bucket_without_metadata_is_versioned_by_its_content(tmp_path: Path) -> None:
    write_data_export(tmp_path, [cur2_line()])
    shutil.rmtree(tmp_path / "prefix" / EXPORT / "metadata")
    [before] = discover(str(tmp_path), "aws")
    assert (before.period, before.selects_period, before.manifest_uri) == ("2026-10", True, None)
    assert discover(str(tmp_path), "aws") == [before]
    write_data_export(tmp_path, [cur2_line(line_item_unblended_cost=2.5)])
    shutil.rmtree(tmp_path / "prefix" / EXPORT / "metadata")
    [after] = discover(str(tmp_path), "aws")
    assert after.version != before.version


@pytest.mark.parametrize("name", ["Manifest.json", f"{EXPORT}-manifest.JSON", f"{EXPORT}-Manifest.json"])
def test_manifests_are_found_whatever_their_name(tmp_path: Path, name: str) -> None:
    manifest = write_data_export(tmp_path, [cur2_line()])
    moved = tmp_path / "prefix" / EXPORT / "metadata" / name
    manifest.rename(moved)
    [delivery] = discover(str(tmp_path), "aws")
    assert (delivery.period, delivery.version) == ("2026-10", "exec-1")


def test_a_copy_of_an_export_on_disk_is_found_from_any_folder_above_its_partitions(tmp_path: Path) -> None:
    write_data_export(tmp_path / "copies", [cur2_line()])
    for folder in (tmp_path, tmp_path / "copies", tmp_path / "copies/prefix", tmp_path / "copies/prefix" / EXPORT):
        [delivery] = discover(str(folder), "aws")
        assert delivery.version == "exec-1"
        assert delivery.files[0].size > 0


def test_only_the_assembly_named_by_the_period_folder_counts(tmp_path: Path) -> None:
    write_legacy_report(tmp_path, [legacy_line()], assembly="newer")
    write_legacy_report(tmp_path, [legacy_line()], assembly="older")
    write_legacy_report(tmp_path, [legacy_line()] * 2, assembly="newer", parts=2)
    [delivery] = discover(str(tmp_path), "aws")
    assert (delivery.version, delivery.export_kind, delivery.period) == ("newer", "aws_cur_legacy", "2026-10")
    assert len(delivery.files) == 2


def test_athena_layout_of_the_legacy_report(tmp_path: Path) -> None:
    line = {**cur2_line(), "resource_tags_user_team": "risk", "product_region": "eu-west-1"}
    del line["resource_tags"]
    key = "prefix/report/report/year=2026/month=9/report-00001.snappy.parquet"
    write_parquet(tmp_path / key, [{**line, **SEPTEMBER}])
    write_parquet(tmp_path / "prefix/report/report/cost_and_usage_data_status/s.parquet", [{"status": "READY"}])
    (tmp_path / "prefix/report/report/crawler-cfn.yml").write_text("x: 1")
    [delivery] = discover(str(tmp_path), "aws")
    assert (delivery.export_kind, delivery.period, len(delivery.files)) == ("aws_cur_legacy", "2026-09", 1)
    write_json(
        tmp_path / "prefix/report/20260901-20261001/report-Manifest.json",
        {
            "assemblyId": "a1",
            "billingPeriod": {"start": "20260901T000000.000Z", "end": "20261001T000000.000Z"},
            "reportKeys": [key],
        },
    )
    [delivery] = discover(str(tmp_path), "aws")
    assert (delivery.version, delivery.export_kind, len(delivery.files)) == ("a1", "aws_cur_legacy", 1)


def test_a_file_with_several_periods_is_a_delivery_of_each(tmp_path: Path) -> None:
    october = {"BillingPeriodStart": "2026-10-01 00:00:00"}
    path = write_lines_csv(
        tmp_path / "focus.csv", [focus_line(BillingPeriodStart="2026-09-01T00:00:00Z"), focus_line(**october)]
    )
    found = discover(str(path), "mine")
    assert [(delivery.period, delivery.export_kind, delivery.selects_period) for delivery in found] == [
        ("2026-09", "focus", True),
        ("2026-10", "focus", True),
    ]


def test_columns_of_aws_make_a_focus_file_an_aws_focus_export(tmp_path: Path) -> None:
    manifest = write_data_export(tmp_path, [focus_line(x_ServiceCode="AmazonEC2")], partition="billing_period")
    assert [delivery.export_kind for delivery in discover(str(tmp_path), "aws")] == ["aws_focus"]
    content = json.loads(manifest.read_text())
    manifest.write_text(json.dumps({**content, "columns": []}))
    assert [delivery.export_kind for delivery in discover(str(tmp_path), "aws")] == ["aws_focus"]


def test_the_kind_is_told_by_content_not_by_file_name(tmp_path: Path) -> None:
    write_lines_csv(tmp_path / "BILLING_PERIOD=2026-10" / "cur2.snappy.parquet", [focus_line()])
    [delivery] = discover(str(tmp_path), "aws")
    assert delivery.export_kind == "focus"


def test_several_exports_in_one_place_are_refused(tmp_path: Path) -> None:
    write_lines_csv(tmp_path / "focus.csv", [focus_line()])
    write_lines_csv(tmp_path / "cur.csv.gz", [legacy_line()])
    with pytest.raises(ExportUnrecognised, match=r"'aws'.*2026-10.*aws_cur_legacy, focus"):
        discover(str(tmp_path), "aws")


def test_an_unknown_kind_of_export_is_named_with_its_columns(tmp_path: Path) -> None:
    path = write_lines_csv(tmp_path / "azure.csv", [{"SubscriptionId": "x", "CostInBillingCurrency": "1"}])
    with pytest.raises(ExportUnrecognised, match=r"'azure'.*azure\.csv.*SubscriptionId, CostInBillingCurrency"):
        discover(str(tmp_path), "azure")
    with pytest.raises(ExportUnrecognised):
        discover(str(path), "azure")


def test_a_manifest_that_is_no_json_is_named(tmp_path: Path) -> None:
    manifest = write_data_export(tmp_path, [cur2_line()])
    manifest.write_text('{"executionId": "exe')
    write_data_export(tmp_path, [cur2_line()], period="2026-09")
    good, broken = discover(str(tmp_path), "aws")
    assert (good.period, good.fault) == ("2026-09", "")
    assert broken.period == "2026-10"
    assert re.search(rf"'aws'.*BILLING_PERIOD=2026-10/{EXPORT}-Manifest\.json is no JSON", broken.fault)


def test_a_manifest_that_is_no_json_and_lies_in_no_period_is_named(tmp_path: Path) -> None:
    write_data_export(tmp_path, [cur2_line()])
    (tmp_path / "prefix" / EXPORT / "metadata" / "Manifest.json").write_text("{")
    with pytest.raises(ExportUnreadable, match=r"'aws'.*metadata/Manifest\.json is no JSON"):
        discover(str(tmp_path), "aws")


@pytest.mark.parametrize(
    "content", ['{"blobs": []}', '{"assemblyId": "a"}', '{"executionId": "a", "dataFiles": "x"}', "[]"]
)
def test_a_manifest_that_lacks_what_it_must_say_is_named(tmp_path: Path, content: str) -> None:
    manifest = write_data_export(tmp_path, [cur2_line()])
    manifest.write_text(content)
    [delivery] = discover(str(tmp_path), "aws")
    assert re.search(rf"'aws'.*{EXPORT}-Manifest\.json", delivery.fault)


def test_nothing_there_is_not_delivered(tmp_path: Path) -> None:
    with pytest.raises(ExportNotDelivered, match="nowhere"):
        discover(str(tmp_path / "nowhere"), "aws")
