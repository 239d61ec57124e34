"""Landed lines made by hand, for builds through dbt; publication is played by moving the build's file."""

import shutil
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from mlspend.adapters.home import Home
from mlspend.core.cur_columns import CUR_COLUMNS
from mlspend.core.deliveries import Build, ControlTotal, Delivery, Publication, Receipt

NOW = datetime(2026, 11, 2, 6, tzinfo=UTC)


def line(day: str, cost: str, **columns: Any) -> dict[str, Any]:
    """One landed usage line of an hour; `columns` are further landed columns."""
    return {
        "bill_payer_account_id": "012345678901",
        "bill_billing_period_start_date": f"{day[:7]}-01",
        "line_item_usage_account_id": "098765432109",
        "line_item_currency_code": "USD",
        "line_item_line_item_type": "Usage",
        "line_item_product_code": "AmazonEC2",
        "line_item_usage_type": "BoxUsage:g5.xlarge",
        "line_item_usage_start_date": f"{day} 00:00:00",
        "line_item_usage_end_date": f"{day} 01:00:00",
        "line_item_usage_amount": 1,
        "line_item_unblended_cost": cost,
        **columns,
    }


def land(
    home: Home,
    lines: Sequence[dict[str, Any]],
    period: str,
    version: str,
    *,
    source: str = "aws",
    tells_invoices: bool = False,
) -> Receipt:
    """Write `lines` as landing would, with their receipt; that of a release whose totals were per invoice, or not."""
    folder = home.landing / source / period / version
    folder.mkdir(parents=True)
    with duckdb.connect() as connection:
        columns = ", ".join(f"{name} {type_}" for name, type_ in CUR_COLUMNS.items())
        connection.execute(f"create table lines ({columns})")
        for each in lines:
            names = ", ".join(each)
            values = ", ".join("?" for _ in each)
            connection.execute(f"insert into lines ({names}) values ({values})", list(each.values()))
        connection.execute(f"copy lines to '{folder / 'lines-1.parquet'}'")
    totals: dict[tuple[str, ...], Decimal] = {}
    for each in lines:
        day = str(each["line_item_usage_start_date"])[:10]
        key = (day, each["bill_payer_account_id"], each["line_item_usage_account_id"], each["line_item_currency_code"])
        key += (each.get("bill_invoice_id", "") if tells_invoices else "",)
        totals[key] = totals.get(key, Decimal(0)) + Decimal(each["line_item_unblended_cost"])
    receipt = Receipt(
        delivery=Delivery(source, "aws_cur2", period, version, NOW, ()),
        shape="aws_cur",
        landed_files=(f"{source}/{period}/{version}/lines-1.parquet",),
        row_count=len(lines),
        control_totals=tuple(
            ControlTotal(date.fromisoformat(day), payer, account, currency, 1, cost, invoice)
            for (day, payer, account, currency, invoice), cost in totals.items()
        ),
        tag_keys=tuple({key for each in lines for key in each.get("tags", {})}),
        tells_invoices=tells_invoices,
    )
    (folder / "receipt.json").write_text(receipt.to_json())
    return receipt


def publish(home: Home, build: Build, before: Publication | None = None, *, now: datetime = NOW) -> Publication:
    """Play publication: the build's file becomes the published one."""
    home.published_warehouse.parent.mkdir(exist_ok=True)
    shutil.move(build.warehouse_path, home.published_warehouse)
    lake_builds = (*(before.lake_builds if before else ()), build.build_id)
    return Publication(
        build_id=build.build_id,
        schema_version=build.schema_version,
        configuration_hash=build.configuration_hash,
        published_at=now,
        partitions=build.partitions,
        lake_builds=lake_builds,
        tables_hash=build.tables_hash,
    )


def ask(file: str | Path, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(file), read_only=True) as connection:
        return connection.execute(sql).fetchall()
