"""Of every kind of export, each required column must be there and typed, else nothing of the delivery is landed."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from mlspend.adapters.home import Home
from mlspend.adapters.landing import discover, land
from mlspend.core.columns import plan_columns
from mlspend.core.errors import ExportContractBroken, ExportUnreadable
from mlspend.core.export_kinds import SHAPES, recognise_kind
from tests.aws_exports import cur2_line, focus_line, legacy_line, write_lines_csv

NOW = datetime(2026, 11, 2, tzinfo=UTC)


def cur2_csv_line() -> dict[str, Any]:
    return cur2_line(resource_tags='{"user_project": "recommender"}')


def aws_focus_line() -> dict[str, Any]:
    return focus_line(x_ServiceCode="AmazonEC2", x_UsageType="BoxUsage:m5.large")


LINES: dict[str, Callable[[], dict[str, Any]]] = {
    "aws_cur2": cur2_csv_line,
    "aws_cur_legacy": legacy_line,
    "aws_focus": aws_focus_line,
    "focus": focus_line,
}


def refusal(folder: Path, line: dict[str, Any], home: Home) -> str:
    """Write the line as an export of its own; return why it was not landed, '' where it was."""
    folder.mkdir()
    write_lines_csv(folder / "lines.csv", [line])
    try:
        for delivery in discover(str(folder), "bills"):
            land(delivery, home, known_currencies={}, now=NOW)
    except (ExportContractBroken, ExportUnreadable) as error:
        return str(error)
    return ""


def landed_name(kind: str, name: str) -> str | None:
    return next(iter(plan_columns(SHAPES[kind], [name]).direct), None)


@pytest.mark.parametrize("kind", SHAPES)
def test_without_any_one_of_its_required_columns_nothing_is_landed(kind: str, tmp_path: Path, home: Home) -> None:
    whole = LINES[kind]()
    assert recognise_kind(list(whole)) == kind
    named = {landed_name(kind, name): name for name in whole}
    for number, required in enumerate(SHAPES[kind].required):
        line = {name: value for name, value in whole.items() if name != named[required]}
        reason = refusal(tmp_path / str(number), line, home)
        assert "lines.csv" in reason, required
        assert required in reason
    assert list(home.landing.rglob("receipt.json")) == []
    assert refusal(tmp_path / "whole", whole, home) == ""


@pytest.mark.parametrize("kind", SHAPES)
def test_a_required_column_of_another_type_is_refused_by_name(kind: str, tmp_path: Path, home: Home) -> None:
    shape, whole = SHAPES[kind], LINES[kind]()
    named = {landed_name(kind, name): name for name in whole}
    typed = [name for name in shape.required if shape.columns[name] != "varchar"]
    assert len(typed) >= 4
    for number, required in enumerate(typed):
        reason = refusal(tmp_path / str(number), {**whole, named[required]: "neither"}, home)
        assert "lines.csv" in reason, required
        assert named[required] in reason or required in reason
    assert list(home.landing.rglob("receipt.json")) == []


def test_a_receipt_tells_the_types_that_were_delivered(tmp_path: Path, home: Home) -> None:
    assert refusal(tmp_path / "csv", cur2_csv_line(), home) == ""
    receipt = next(home.landing.rglob("receipt.json")).read_text()
    assert '"line_item_unblended_cost": "VARCHAR"' in receipt
