"""The answers to a build's checks as rows of marts.data_quality in its own file."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path

from mlspend.adapters import duckdb_files
from mlspend.core.deliveries import Build, CheckResult
from mlspend.core.gates import HeldDelivery

_FIELDS = tuple(CheckResult.__dataclass_fields__)
_COLUMNS = ("build_id", "checked_at", *_FIELDS)


def write(build: Build, results: Sequence[CheckResult], held: Iterable[HeldDelivery], now: datetime) -> None:
    """Replace the answers of `build`, and carry those for which deliveries are `held`, of other builds."""
    rows = [[build.build_id, now, *(getattr(result, field) for field in _FIELDS)] for result in results]
    carried = [(one, json.loads(one.results)) for one in held]
    with duckdb_files.connect(Path(build.warehouse_path)) as connection:
        connection.execute("begin")
        connection.execute("delete from marts.data_quality where build_id = ?", [build.build_id])
        for one, results_then in carried:
            connection.execute(
                "delete from marts.data_quality where build_id = ? and x_source = ? and billing_period = ?",
                [one.build_id, one.source, one.billing_period],
            )
            rows += [
                [one.build_id, one.checked_at, *(result.get(field) for field in _FIELDS)] for result in results_then
            ]
        connection.executemany(
            f"insert into marts.data_quality ({', '.join(_COLUMNS)}) values ({', '.join('?' for _ in _COLUMNS)})",
            rows,
        )
        connection.execute("commit")


def read(build: Build) -> list[CheckResult]:
    """Return the answers of `build`; one without an effect, of an earlier release, counts as one that stops."""
    with duckdb_files.connect(Path(build.warehouse_path), read_only=True) as connection:
        rows = connection.execute(
            f"select {', '.join(_FIELDS)} from marts.data_quality where build_id = ?", [build.build_id]
        ).fetchall()
    results = [dict(zip(_FIELDS, row, strict=True)) for row in rows]
    return [CheckResult(**{**result, "effect": result["effect"] or "stop"}) for result in results]
