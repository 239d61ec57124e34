"""What is a Terraform plan, and what is mistaken for one."""

import io
import json
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from mlspend.adapters.plan_file import read_plan
from mlspend.core.errors import PlanUnreadable
from tests.terraform_plans import change, plan

WHOLE = json.dumps(plan(change("aws_instance.x", {"tags": {"project": "Größe"}}))).encode()


@pytest.mark.parametrize(
    "content",
    [
        WHOLE,
        b"\xef\xbb\xbf" + WHOLE,
        WHOLE.decode().encode("utf-16"),
        b'{"format_version": "1.0", "planned_values": {}}',
    ],
)
def test_plans_are_read_in_every_encoding_of_json(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "plan.json").write_bytes(content)
    assert read_plan(str(tmp_path / "plan.json"))["format_version"].startswith("1.")


def test_a_dash_reads_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(WHOLE)))
    assert len(read_plan("-")["resource_changes"]) == 1


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b" \n", "is empty"),
        (WHOLE[:-20], "is not whole JSON"),
        (b"[" * 100_000, "is not whole JSON"),
        (b"\x80\x81", "is not whole JSON"),
        (b"PK\x03\x04tfplan", "the plan that Terraform keeps for itself"),
        (b'{"@level":"info","@message":"Terraform 1.11.4"}\n{"@level":"info"}\n', "the log of `terraform plan -json`"),
        (b"[]", "is JSON, but no plan"),
        (b"{}", "is JSON, but no plan"),
        (b'{"format_version": "1.2"}', "is JSON, but no plan"),
        (b'{"version": 4, "serial": 7, "lineage": "x", "resources": []}', "is a state, not a plan"),
        (b'{"format_version": "1.0", "values": {"root_module": {}}}', "is a state, not a plan"),
        (b'{"format_version": "0.2", "resource_changes": []}', "format_version 0.2; mlspend reads 1.x"),
        (b'{"format_version": "2.0", "resource_changes": []}', "format_version 2.0; mlspend reads 1.x"),
        (b'{"format_version": "1.2", "resource_changes": [], "errored": true}', "of a run that failed"),
        (b'{"format_version": "1.2", "resource_changes": {}, "planned_values": {}}', None),
        (b'{"format_version": "1.2", "resource_changes": {"a": 1}}', "no list of resource_changes"),
        (b'{"format_version": "1.2", "resource_changes": [7]}', r"resource_changes\[0\] has no address"),
        (b'{"format_version": "1.2", "resource_changes": [{"address": "x", "type": "y", "change": {}}]}', "actions"),
    ],
)
def test_what_is_no_plan_is_called_by_its_name(tmp_path: Path, content: bytes, words: str | None) -> None:
    (tmp_path / "plan.json").write_bytes(content)
    if words is None:
        assert read_plan(str(tmp_path / "plan.json"))
        return
    with pytest.raises(PlanUnreadable, match=words) as raised:
        read_plan(str(tmp_path / "plan.json"))
    assert str(raised.value).startswith(str(tmp_path / "plan.json"))


def test_a_file_that_is_not_there_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(PlanUnreadable, match="No such file"):
        read_plan(str(tmp_path / "plan.json"))
    with pytest.raises(PlanUnreadable, match="Is a directory"):
        read_plan(str(tmp_path))
