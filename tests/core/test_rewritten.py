from dataclasses import replace
from datetime import UTC, datetime, timedelta

from mlspend.core.deliveries import Delivery, ExportFile
from mlspend.core.rewritten import distinguish_rewritten, holds_same_files

MADE = datetime(2026, 11, 3, 6, tzinfo=UTC)
FILES = (ExportFile("s3://bills/a/1.parquet", 10, "x"), ExportFile("s3://bills/a/2.parquet", 20, "y"))
LANDED = Delivery("aws", "aws_cur2", "2026-10", "exec-1", MADE, FILES)
LATER = MADE + timedelta(hours=1)


def again(*files: ExportFile, made: datetime = LATER) -> Delivery:
    return replace(LANDED, files=files, delivered_at=made)


def test_a_copy_elsewhere_is_the_same_delivery() -> None:
    copied = [replace(file, uri=file.uri.replace("bills", "copies"), etag="other-2") for file in reversed(FILES)]
    local = [ExportFile(f"/mnt/bills/{file.uri[-9:]}", file.size) for file in FILES]
    for files in (FILES, copied, local):
        assert holds_same_files(again(*files), LANDED)
        assert distinguish_rewritten(again(*files), LANDED).version == "exec-1"


def test_other_files_in_a_later_manifest_get_a_version_of_their_own_each() -> None:
    others = [
        (FILES[0],),
        (*FILES, ExportFile("s3://bills/a/3.parquet", 5, "z")),
        (FILES[0], replace(FILES[1], size=21)),
        (FILES[0], replace(FILES[1], etag="z")),
    ]
    versions = [distinguish_rewritten(again(*files), LANDED).version for files in others]
    assert len(set(versions)) == 4
    assert all(version.startswith("exec-1-rewritten-") for version in versions)
    assert distinguish_rewritten(again(*others[0], made=LATER + timedelta(days=1)), LANDED).version == versions[0]


def test_files_that_are_newer_than_their_manifest_are_no_delivery_yet() -> None:
    assert distinguish_rewritten(again(FILES[0], made=MADE), LANDED).version == "exec-1"
