"""Tiny AWS exports, written in their real layouts: what the landing tests land."""

import csv
import gzip
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb

from mlspend.adapters.home import Home
from mlspend.core.cur_columns import CUR_COLUMNS
from mlspend.core.deliveries import Receipt

Line = dict[str, Any]

EXPORT = "ml-costs"
BUCKET = "company-bills"


def cur2_line(**changes: Any) -> Line:
    """A CUR 2.0 line of 1 October 2026: one dollar and a half of EC2."""
    return {
        "bill_payer_account_id": "012345678901",
        "bill_billing_period_start_date": "2026-10-01 00:00:00",
        "bill_billing_period_end_date": "2026-11-01 00:00:00",
        "line_item_usage_account_id": "000000000042",
        "line_item_usage_start_date": "2026-10-01 05:00:00",
        "line_item_usage_end_date": "2026-10-01 06:00:00",
        "line_item_line_item_type": "Usage",
        "line_item_product_code": "AmazonEC2",
        "line_item_currency_code": "USD",
        "line_item_unblended_cost": 1.5,
        "line_item_usage_amount": 1.0,
        "resource_tags": {"user_project": "recommender"},
        **changes,
    }


# The legacy report's names of the same columns.
_LEGACY = {
    "bill_payer_account_id": "bill/PayerAccountId",
    "bill_billing_period_start_date": "bill/BillingPeriodStartDate",
    "bill_billing_period_end_date": "bill/BillingPeriodEndDate",
    "line_item_usage_account_id": "lineItem/UsageAccountId",
    "line_item_usage_start_date": "lineItem/UsageStartDate",
    "line_item_usage_end_date": "lineItem/UsageEndDate",
    "line_item_line_item_type": "lineItem/LineItemType",
    "line_item_product_code": "lineItem/ProductCode",
    "line_item_currency_code": "lineItem/CurrencyCode",
    "line_item_unblended_cost": "lineItem/UnblendedCost",
    "line_item_usage_amount": "lineItem/UsageAmount",
}


def legacy_line(**changes: Any) -> Line:
    """The same line as the legacy report writes it; `changes` may use CUR 2.0 names or the report's own."""
    line = {_LEGACY[name]: value for name, value in cur2_line().items() if name in _LEGACY}
    for name in list(line):
        if "Date" in name:
            line[name] = line[name].replace(" ", "T") + "Z"
    return {**line, **{_LEGACY.get(name, name): value for name, value in changes.items()}}


def focus_line(**changes: Any) -> Line:
    """A FOCUS line of 1 October 2026."""
    return {
        "BilledCost": "1.5",
        "EffectiveCost": "1.25",
        "BillingAccountId": "012345678901",
        "BillingCurrency": "USD",
        "BillingPeriodStart": "2026-10-01 00:00:00",
        "BillingPeriodEnd": "2026-11-01 00:00:00",
        "ChargePeriodStart": "2026-10-01 05:00:00",
        "ChargePeriodEnd": "2026-10-01 06:00:00",
        "ChargeCategory": "Usage",
        "ProviderName": "AWS",
        "ServiceName": "AmazonEC2",
        "SubAccountId": "000000000042",
        "Tags": '{"project": "recommender"}',
        **changes,
    }


def write_parquet(path: Path, lines: Sequence[Line], *, types: Mapping[str, str] | None = None) -> Path:
    """Write lines (all with the same keys) with the types AWS uses; `types` overrides them by column."""
    path.parent.mkdir(parents=True, exist_ok=True)
    columns = list(lines[0])
    kinds = {name: (types or {}).get(name) or _delivered_type(name) for name in columns}
    values = ", ".join("(" + ", ".join(_literal(line[name]) for name in columns) + ")" for line in lines)
    select = ", ".join(f'c{i}::{kinds[name]} as "{name}"' for i, name in enumerate(columns))
    aliases = ", ".join(f"c{i}" for i in range(len(columns)))
    with duckdb.connect() as connection:
        connection.execute(
            f"copy (select {select} from (values {values}) as t({aliases})) to '{path}' "
            "(format parquet, compression uncompressed)"
        )
    return path


def write_csv(path: Path, header: Sequence[str], rows: Sequence[Sequence[Any]], *, encoding: str = "utf-8") -> Path:
    """Write a CSV, gzipped when the name ends in .gz; None is an empty field."""
    text = io.StringIO()
    csv.writer(text).writerows([header, *rows])
    content = text.getvalue().encode(encoding)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


def write_lines_csv(path: Path, lines: Sequence[Line]) -> Path:
    """Write lines (all with the same keys) as CSV."""
    return write_csv(path, list(lines[0]), [list(line.values()) for line in lines])


def write_data_export(
    root: Path,
    lines: Sequence[Line],
    *,
    period: str = "2026-10",
    execution: str = "exec-1",
    at: str | None = None,
    partition: str = "BILLING_PERIOD",
    parts: int = 1,
) -> Path:
    """Write a Data Exports delivery (create-new when `at`, its time, is given, else overwrite); return the manifest."""
    folder = f"{partition}={period}" + (f"/{at}-{execution}" if at else "")
    names = [f"prefix/{EXPORT}/data/{folder}/{EXPORT}-{part + 1:05d}.snappy.parquet" for part in range(parts)]
    for part, name in enumerate(names):
        write_parquet(root / name, lines[part::parts])
    return write_json(
        root / f"prefix/{EXPORT}/metadata/{folder}/{EXPORT}-Manifest.json",
        {
            "executionId": execution,
            "exportArn": f"arn:aws:bcm-data-exports:us-east-1:012345678901:export/{EXPORT}-1",
            "columns": [{"name": name, "type": "string"} for name in lines[0]],
            "dataFiles": [f"s3://{BUCKET}/{name}" for name in names],
            "additionalOutputFiles": [],
        },
    )


def write_legacy_report(
    root: Path,
    lines: Sequence[Line],
    *,
    period: str = "20261001-20261101",
    assembly: str = "assembly-1",
    parts: int = 1,
) -> Path:
    """Write an assembly of the legacy report and make it the period's newest; return the period's manifest."""
    keys = [f"prefix/report/{period}/{assembly}/report-{part + 1}.csv.gz" for part in range(parts)]
    for part, key in enumerate(keys):
        write_lines_csv(root / key, lines[part::parts])
    start, end = period.split("-")
    manifest = {
        "assemblyId": assembly,
        "reportName": "report",
        "columns": [dict(zip(("category", "name"), name.split("/", 1), strict=True)) for name in lines[0]],
        "billingPeriod": {"start": f"{start}T000000.000Z", "end": f"{end}T000000.000Z"},
        "bucket": BUCKET,
        "reportKeys": keys,
    }
    write_json(root / f"prefix/report/{period}/{assembly}/report-Manifest.json", manifest)
    return write_json(root / f"prefix/report/{period}/report-Manifest.json", manifest)


def write_json(path: Path, content: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def landed(home: Home, receipt: Receipt, *columns: str) -> list[tuple[Any, ...]]:
    """The landed lines of a receipt, ordered; maps as dicts."""
    files = [str(home.landing / name) for name in receipt.landed_files]
    with duckdb.connect() as connection:
        return connection.execute(f"select {', '.join(columns)} from read_parquet({files}) order by all").fetchall()


def _delivered_type(name: str) -> str:
    type_ = CUR_COLUMNS.get(name, "varchar")
    if name == "resource_tags":
        return "map(varchar, varchar)"
    return type_.replace("decimal(38,12)", "double")


def _literal(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, dict):
        keys, values = list(value), list(value.values())
        return f"map([{', '.join(map(_literal, keys))}], [{', '.join(map(_literal, values))}])"
    if isinstance(value, int | float):
        return repr(value)
    return "'" + str(value).replace("'", "''") + "'"
