"""Columns: what the landed Parquet must have, what the export left out or added, and what it changed."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
import pytest

from expectations import schema
from expectations.measures_schema import measure_schema
from mlspend.core.cur_columns import CUR_COLUMNS
from mlspend.core.export_kinds import AWS_CUR
from mlspend.core.proof_plan import CheckedPartition, ProofPlan

TYPES = {"line_item_unblended_cost": "DOUBLE", "line_item_usage_start_date": "TIMESTAMP"}


def receipt(file: Path, **changes: Any) -> str:
    """Write the part of a receipt that is asked about."""
    plain = {
        "delivery": {"export_kind": "aws_cur2", "period": "2026-10"},
        "absent_columns": [],
        "extra_columns": [],
        "column_types": TYPES,
        **changes,
    }
    file.write_text(json.dumps(plain))
    return str(file)


def red(
    folder: Path,
    *,
    types: Mapping[str, str] = CUR_COLUMNS,
    now: Mapping[str, Any] | None = None,
    before: Mapping[str, Any] | None = None,
) -> dict[str, tuple[str, list[dict[str, Any]]]]:
    """Return check → its effect and the unexpected rows, of one landed file with the columns `types`."""
    with duckdb.connect() as session:
        columns = ", ".join(f"cast(null as {type_}) as {name}" for name, type_ in types.items())
        session.execute(f"copy (select {columns}) to '{folder / 'lines.parquet'}' (format parquet)")
        partition = CheckedPartition(
            "aws",
            "2026-10",
            "aws_cur",
            receipt(folder / "receipt.json", **(now or {})),
            (str(folder / "lines.parquet"),),
            (),
            (),
            published_receipt="" if before is None else receipt(folder / "published.json", **before),
        )
        measure_schema(session, ProofPlan((partition,), ()))
        found = {}
        for asset, expectations in schema.suites().items():
            for expectation in expectations:
                rows = session.execute(expectation.unexpected_rows_query.replace("{batch}", asset))
                names = [column[0] for column in rows.description or []]
                if unexpected := [dict(zip(names, row, strict=True)) for row in rows.fetchall()]:
                    assert all(row["x_source"] == "aws" and row["billing_period"] == "2026-10" for row in unexpected)
                    found[expectation.meta["rule"]] = (expectation.meta["effect"], unexpected)
        return found


def test_a_delivery_like_the_published_one_is_green(tmp_path: Path) -> None:
    assert red(tmp_path, before={}) == {}
    # The first of its source, and one that a release landed which told no types.
    assert red(tmp_path) == {}
    assert red(tmp_path, before={"column_types": {}}) == {}


@pytest.mark.parametrize("column", AWS_CUR.required)
def test_a_required_column_that_is_not_in_the_landed_file_holds_the_month_back(tmp_path: Path, column: str) -> None:
    found = red(tmp_path, types={name: type_ for name, type_ in CUR_COLUMNS.items() if name != column})
    [(check, (effect, [row]))] = found.items()
    assert (check, effect) == ("landed_columns_are_those_of_the_export_kind", "hold")
    assert (row["column_name"], row["is_required"], row["found"]) == (column, True, None)


def test_landed_columns_of_another_type_hold_the_month_back(tmp_path: Path) -> None:
    changed = {"line_item_unblended_cost": "double", "line_item_resource_id": "bigint"}
    effect, rows = red(tmp_path, types=CUR_COLUMNS | changed)["landed_columns_are_those_of_the_export_kind"]
    assert effect == "hold"
    assert [(row["column_name"], row["wanted"], row["found"]) for row in rows] == [
        ("line_item_unblended_cost", "DECIMAL(38,12)", "DOUBLE"),
        ("line_item_resource_id", "VARCHAR", "BIGINT"),
    ]


def test_absent_and_unknown_columns_are_told_by_name(tmp_path: Path) -> None:
    told = {"absent_columns": ["product_sku", "bill_invoice_id"], "extra_columns": ["carbon"]}
    found = red(tmp_path, now=told, before=told)
    assert {check: effect for check, (effect, _) in found.items()} == {
        "optional_columns_are_delivered": "inform",
        "delivered_columns_are_known": "inform",
    }
    [absent], [extra] = (rows for _, rows in found.values())
    assert (absent["absent_count"], absent["absent_columns"]) == (2, "bill_invoice_id product_sku")
    assert (extra["extra_count"], extra["extra_columns"], extra["export_kind"]) == (1, "carbon", "aws_cur2")


def test_a_type_that_changed_and_a_column_that_is_gone_are_warnings(tmp_path: Path) -> None:
    found = red(
        tmp_path,
        now={"column_types": TYPES | {"line_item_unblended_cost": "VARCHAR"}, "absent_columns": ["product_sku"]},
        before={"delivery": {"export_kind": "aws_cur2", "period": "2026-09"}},
    )
    effect, rows = found["columns_are_as_published_before"]
    assert effect == "warn"
    assert [(row["column_name"], row["change"], row["published_period"]) for row in rows] == [
        ("line_item_unblended_cost", "DOUBLE before, VARCHAR now", "2026-09"),
        ("product_sku", "absent now", "2026-09"),
    ]


def test_another_kind_of_export_is_not_compared(tmp_path: Path) -> None:
    before = {"delivery": {"export_kind": "aws_cur_legacy", "period": "2026-09"}, "column_types": {"a": "DOUBLE"}}
    assert red(tmp_path, now={"column_types": {"a": "VARCHAR"}}, before=before) == {}
