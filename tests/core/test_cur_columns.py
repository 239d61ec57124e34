"""The landed columns of a CUR line against the published list of CUR 2.0's columns."""

import json
from pathlib import Path

from mlspend.core.cur_columns import CUR_COLUMNS


def test_every_cur2_column_is_landed_under_its_name(shared_data: Path) -> None:
    published = json.loads((shared_data / "schemas" / "cur2_columns.json").read_text())
    assert len(published) == 131
    assert {column["name"] for column in published} - set(CUR_COLUMNS) == {"resource_tags"}


def test_amounts_are_decimals_and_only_quantities_are_doubles(shared_data: Path) -> None:
    published = json.loads((shared_data / "schemas" / "cur2_columns.json").read_text())
    for column in published:
        if column["type"] == "double":
            is_quantity = any(word in column["name"] for word in ("usage", "quantity", "normaliz"))
            is_amount = any(word in column["name"] for word in ("cost", "fee", "upfront"))
            expected = "double" if is_quantity and not is_amount else "decimal(38,12)"
            assert CUR_COLUMNS[column["name"]] == expected, column["name"]
