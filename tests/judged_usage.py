"""The SQL of the mart anomalies, as dbt compiles it, over daily use made by hand: many bills in little time."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import yaml

from mlspend.adapters import config_anomalies, dbt
from mlspend.adapters.build_inputs import BuildInputs
from mlspend.adapters.build_plan import LAKE_TABLES, write_plan
from mlspend.adapters.config import default
from mlspend.adapters.home import PROJECT_ROOT, Home
from mlspend.core.retention import Contents

_MODELS = PROJECT_ROOT / "dbt_project" / "models" / "marts"
Row = dict[str, Any]


class JudgedUsage:
    """Daily use in memory, and the anomalies that the models find in it."""

    def __init__(self, folder: Path) -> None:
        """Compile the models in `folder`; that takes dbt some seconds."""
        build = folder / "the-build"
        build.mkdir(parents=True)
        nothing: dict[str, list[str]] = {table: [] for table in LAKE_TABLES}
        limits = config_anomalies.Anomalies().rows()
        now = datetime(2026, 11, 1, tzinfo=UTC)
        write_plan(
            Home(folder),
            default(),
            build,
            Contents(),
            rebuild=[],
            kept_files=nothing,
            now=now,
            inputs=BuildInputs(tables={config_anomalies.INPUT: limits}),
        )
        run = dbt.DbtRun(build / "warehouse.duckdb", build / "plan.json", build)
        dbt.invoke(run, "compile", "--select", "anomalies", "complete_sources", "int_usage_days_judged")
        compiled = run.target / "compiled" / "mlspend" / "models"
        self._limits = build / f"input-{config_anomalies.INPUT}.json"
        self._anomalies = (compiled / "marts" / "anomalies.sql").read_text()
        sources = (compiled / "marts" / "complete_sources.sql").read_text()
        judged = (compiled / "outlook" / "int_usage_days_judged.sql").read_text()
        self.connection = duckdb.connect()
        self.connection.execute(
            "attach ':memory:' as warehouse; use warehouse; create schema marts; create schema build"
        )
        for name, file in (("daily_usage", "outlook"), ("complete_days", "outlook"), ("spend_changes", "marts")):
            columns = _columns(name, _MODELS / f"{file}.yml")
            self.connection.execute(f"create table marts.{name} ({columns})")
        self.connection.execute(f"create view marts.complete_sources as {sources}")
        self.connection.execute(f"create view build.int_usage_days_judged as {judged}")

    def forget(self) -> None:
        """Begin anew, without use and with the limits that hold where nothing is configured."""
        for name in ("daily_usage", "complete_days", "spend_changes"):
            self.connection.execute(f"delete from marts.{name}")
        self.limit()

    def limit(self, **limits: Any) -> None:
        """Judge by these limits, as they stand in mlspend.yml."""
        self._limits.write_text(json.dumps(config_anomalies.Anomalies.model_validate(limits).rows()))

    def add_use(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Add rows of daily_usage; what a row leaves out is as in a small company with one account in USD."""
        usual = {
            "x_source": "aws",
            "billing_account_id": "payer",
            "project": "apollo",
            "team": "one",
            "is_shared_cost": False,
            "service_name": "EC2",
            "usage_type": "BoxUsage:m5",
            "charge_category": "Usage",
            "is_metered": True,
            "sku_id": "SKU",
            "pricing_category": "Standard",
            "pricing_unit": "Hours",
            "billing_currency": "USD",
            "line_count": 1,
        }
        self._insert("daily_usage", [{**usual, **row, "billing_period": f"{row['charge_date']:%Y-%m}"} for row in rows])

    def complete_until(self, last: date, *, source: str = "aws", account: str = "payer", currency: str = "USD") -> None:
        """Say that the source's days are whole up to `last`: its months are written anew as they were a day later."""
        self.connection.execute(
            "delete from marts.complete_days where x_source = ? and billing_account_id = ?", [source, account]
        )
        periods = self.connection.execute(
            "select distinct billing_period from marts.daily_usage where x_source = ? and billing_period <= ?",
            [source, f"{last:%Y-%m}"],
        ).fetchall()
        self.connection.executemany(
            "insert into marts.complete_days by name"
            " select ? as x_source, ? as billing_account_id, ? as billing_period, ? as billing_currency,"
            " least(last_day(cast(? || '-01' as date)), ?) as last_complete_date,"
            " least(last_day(cast(? || '-01' as date)), ?) as last_usage_date",
            [[source, account, period, currency, period, last, period, last] for (period,) in periods],
        )

    def correct(
        self, day: date, change: str, *, service: str = "EC2", known_at: datetime, currency: str = "USD"
    ) -> None:
        """Log that the provider changed a day that was known before."""
        self._insert(
            "spend_changes",
            [
                {
                    "x_source": "aws",
                    "billing_account_id": "payer",
                    "billing_period": f"{day:%Y-%m}",
                    "charge_date": day,
                    "service_name": service,
                    "charge_category": "Usage",
                    "billing_currency": currency,
                    "effective_cost_change": Decimal(change),
                    "change_kind": "restated",
                    "known_at": known_at.replace(tzinfo=None),
                }
            ],
        )

    def find(self) -> list[Row]:
        """Return the anomalies, ordered by project, usage type and day."""
        found = self.connection.execute(
            f"select * from ({self._anomalies})"
            " order by project, usage_type, billing_currency, first_date, anomaly_kind"
        )
        names = [column[0] for column in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

    def _insert(self, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
        file = self._limits.with_name(f"{table}.json")
        file.write_text(json.dumps(list(rows), default=str))
        known = self.connection.execute(f"describe marts.{table}").fetchall()
        given = {name for row in rows for name in row}
        columns = ", ".join(f"{name}: '{type_}'" for name, type_, *_ in known if name in given)
        self.connection.execute(
            f"insert into marts.{table} by name from read_json('{file}', format = 'array', columns = {{{columns}}})"
        )


def _columns(model: str, file: Path) -> str:
    models = yaml.safe_load(file.read_text())["models"]
    (found,) = [each for each in models if each["name"] == model]
    return ", ".join(f"{column['name']} {column['data_type']}" for column in found["columns"])
