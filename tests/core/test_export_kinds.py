"""Export kinds are recognised by their columns alone."""

import json
from pathlib import Path

import pytest

from mlspend.core.export_kinds import AWS_CUR, FOCUS, SHAPES, Shape, recognise_kind


@pytest.mark.parametrize(
    ("schema", "kind"),
    [("cur2", "aws_cur2"), ("aws_focus_1_0", "aws_focus"), ("aws_focus_1_2", "aws_focus")],
)
def test_published_schemas_are_recognised(shared_data: Path, schema: str, kind: str) -> None:
    columns = json.loads((shared_data / "schemas" / f"{schema}_columns.json").read_text())
    names = [column["name"] if isinstance(column, dict) else column for column in columns]
    assert recognise_kind(names) == kind
    assert recognise_kind([name.lower() for name in reversed(names)]) == kind


def test_a_legacy_report_is_told_from_cur2_by_its_lack_of_maps() -> None:
    base = ["line_item_unblended_cost", "line_item_line_item_type", "resource_tags_user_team"]
    assert recognise_kind(base) == "aws_cur_legacy"
    assert recognise_kind([*base, "cost_category"]) == "aws_cur2"


def test_a_missing_required_column_does_not_make_the_kind_unknown() -> None:
    assert recognise_kind(["BilledCost", "ChargeCategory"]) == "focus"
    assert recognise_kind(["lineItem/UsageType", "lineItem/LineItemType"]) == "aws_cur_legacy"


@pytest.mark.parametrize("names", [[], ["a", "b"], ["Cost", "Date", "SubscriptionId"], ["line_item_unblended_cost"]])
def test_other_files_are_of_no_kind(names: list[str]) -> None:
    assert recognise_kind(names) is None


@pytest.mark.parametrize("shape", [AWS_CUR, FOCUS], ids=lambda shape: shape.name)
def test_what_a_shape_requires_is_among_its_columns(shape: Shape) -> None:
    assert shape in SHAPES.values()
    assert set(shape.required) <= set(shape.columns)
    assert set(shape.never_null) <= set(shape.required)
