"""Which resource leads to which: the file, and what EC2 (moto) says."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import boto3
import pytest
from typer.testing import CliRunner

from mlspend.adapters.config import Config
from mlspend.adapters.home import Home
from mlspend.adapters.resource_links import ResourceLink, read_links, write_links
from mlspend.cli import app
from mlspend.core.errors import ConfigInvalid


def test_links_are_read_by_the_last_part_of_their_ids_and_written_back(home: Home, tmp_path: Path) -> None:
    file = home.root / "links.csv"
    file.write_text(
        "linked_resource_id,resource_id,valid_to\nvol-1,arn:aws:ec2:eu-west-1:1:snapshot/snap-1,2026-10-31\ni-1,vol-1,\n"
    )
    expected = (ResourceLink("snap-1", "vol-1", None, date(2026, 10, 31)), ResourceLink("vol-1", "i-1"))
    assert read_links("links.csv") == expected
    # A volume that was moved has its new instance only; a deleted snapshot keeps its volume.
    assert write_links(file, [ResourceLink("vol-1", "i-2")]) == 2
    assert read_links(str(file)) == (expected[0], ResourceLink("vol-1", "i-2"))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a,b\n1,2\n", "links.csv:1: write a CSV file with the columns resource_id, linked_resource_id"),
        ("resource_id,linked_resource_id\nx,y\nz,\n", "links.csv:3: a resource is missing"),
        ("resource_id,linked_resource_id,valid_from\nx,y,1.1.2026\n", "links.csv:2: Invalid isoformat"),
        (
            "resource_id,linked_resource_id,valid_from,valid_to\nx,y,2026-02-01,2026-01-01\n",
            "links.csv:2: valid_to 2026-01-01 is before",
        ),
        ("resource_id,linked_resource_id\n\xfcber,y\n", "links.csv is no CSV file in UTF-8"),
        (None, "links.csv cannot be read (No such file or directory)"),
    ],
)
def test_a_wrong_file_is_answered_with_its_line(home: Home, text: str | None, words: str) -> None:
    if text is not None:
        (home.root / "links.csv").write_text(text, encoding="latin-1")
    with pytest.raises(ConfigInvalid) as error:
        read_links("links.csv")
    assert words in str(error.value)


def test_a_folder_is_no_file_of_links(home: Home) -> None:
    (home.root / "links.csv").mkdir()
    with pytest.raises(ConfigInvalid, match=r"links\.csv cannot be read \(Is a directory\)"):
        read_links("links.csv")


def test_links_count_where_a_rule_asks_for_them_and_are_part_of_what_is_hashed(home: Home) -> None:
    file = home.root / "links.csv"
    file.write_text("resource_id,linked_resource_id,valid_from\nsnap-1,vol-1,\nvol-1,i-1,2026-11-10\n")
    rule = {"id": "links", "when": {"linked": True}}
    config = Config.model_validate({"company": "x", "sources": (), "rules": (rule,), "resource_links": "links.csv"})
    october = config.attribution(date(2026, 10, 1), date(2026, 10, 31))
    assert [link["resource"] for link in october["links"]] == ["snap-1"]
    november = config.attribution(date(2026, 11, 1), date(2026, 11, 30))
    assert november["links"][1] == {"resource": "vol-1", "linked": "i-1", "valid_from": "2026-11-10", "valid_to": None}
    assert november["turning_days"] == ["2026-11-10"]
    file.write_text(file.read_text() + "vol-2,i-2,2026-11-11\n")
    assert config.attribution(date(2026, 10, 1), date(2026, 10, 31)) == october
    assert config.attribution(date(2026, 11, 1), date(2026, 11, 30)) != november
    assert "links" not in config.model_copy(update={"rules": ()}).attribution()


def test_ec2_is_asked_for_its_own_snapshots_and_attached_volumes(aws_environment: str, tmp_path: Path) -> None:
    ec2: Any = boto3.client("ec2", region_name="us-east-1")
    image = ec2.describe_images()["Images"][0]["ImageId"]
    instance = ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]
    loose = ec2.create_volume(AvailabilityZone="us-east-1a", Size=1)["VolumeId"]
    [root] = [each["VolumeId"] for each in ec2.describe_volumes()["Volumes"] if each["Attachments"]]
    snapshots = [ec2.create_snapshot(VolumeId=volume)["SnapshotId"] for volume in (root, loose)]
    file = tmp_path / "links.csv"
    result = CliRunner().invoke(app, ["links", "fetch", "--to", str(file), "--json"])
    assert result.exit_code == 0, result.output
    expected = {ResourceLink(snapshots[0], root), ResourceLink(snapshots[1], loose), ResourceLink(root, instance)}
    # moto knows snapshots of its own images besides.
    assert expected <= set(read_links(str(file)))
    assert json.loads(result.stdout)["links"] == len(read_links(str(file)))
    assert not [link for link in read_links(str(file)) if link.resource == loose]
