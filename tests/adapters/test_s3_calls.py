"""What landing asks of S3 is counted request by request, as the server got them."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from mlspend.adapters import pipeline
from mlspend.adapters.home import Home
from mlspend.adapters.ledger import Ledger
from mlspend.adapters.object_stores import connect_s3
from mlspend.core.errors import ExportNotDelivered
from tests.aws_exports import BUCKET, cur2_line, write_data_export

NOW = datetime(2026, 10, 25, 6, tzinfo=UTC)


def test_each_request_is_counted_with_its_list_price_and_nothing_after_landing(
    home: Home, tmp_path: Path, aws_environment: str
) -> None:
    client = connect_s3()
    client.create_bucket(Bucket=BUCKET)
    write_data_export(tmp_path / "export", [cur2_line(line_item_unblended_cost=n / 8) for n in range(40)], parts=5)
    for path in sorted((tmp_path / "export").rglob("*")):
        if path.is_file():
            client.put_object(Bucket=BUCKET, Key=path.relative_to(tmp_path).as_posix(), Body=path.read_bytes())
    asked: list[str] = []
    client.meta.events.register("before-send.s3.*", lambda event_name, **_: asked.append(event_name.split(".")[-1]))
    with Ledger.open(home) as ledger:
        pipeline.land("aws", f"s3://{BUCKET}/export", home, ledger, now=NOW, tell=lambda _: None, s3=client)
        counted = {row["operation"]: (row["call_count"], row["estimated_cost"]) for row in ledger.api_calls()}
        assert {row["service"] for row in ledger.api_calls()} == {"s3"}
        assert {row["source"] for row in ledger.api_calls()} == {"aws"}
        assert {name: count for name, (count, _) in counted.items()} == {name: asked.count(name) for name in asked}
        # Five data files and their manifest at the least.
        assert counted["GetObject"][0] >= 6
        for name, (count, cost) in counted.items():
            assert cost == count * (Decimal("0.000005") if name.startswith("List") else Decimal("0.0000004"))
        client.list_objects_v2(Bucket=BUCKET)
        assert len(ledger.api_calls()) == len(counted)


def test_what_a_landing_asked_that_found_nothing_is_counted_too(home: Home, aws_environment: str) -> None:
    client = connect_s3()
    client.create_bucket(Bucket=BUCKET)
    with Ledger.open(home) as ledger:
        with pytest.raises(ExportNotDelivered):
            pipeline.land("aws", f"s3://{BUCKET}/nothing", home, ledger, now=NOW, tell=lambda _: None, s3=client)
        assert [(row["operation"], row["call_count"]) for row in ledger.api_calls()] == [("ListObjectsV2", 1)]


def test_a_folder_is_asked_for_nothing(home: Home, tmp_path: Path) -> None:
    write_data_export(tmp_path / "export", [cur2_line()])
    with Ledger.open(home) as ledger:
        pipeline.land("aws", str(tmp_path / "export"), home, ledger, now=NOW, tell=lambda _: None)
        assert ledger.api_calls() == []
