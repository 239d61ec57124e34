"""A small company written by hand in SQL: landed Parquet, lake and warehouse file, without generator and dbt."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb

from mlspend.adapters.build_plan import ALLOCATED_TABLES, LAKE_TABLES
from mlspend.adapters.home import Home
from mlspend.core.cur_columns import CUR_COLUMNS
from mlspend.core.deliveries import Build, ControlTotal, Delivery, Partition, Receipt
from mlspend.core.focus_columns import FOCUS_1_2
from mlspend.core.periods import first_day

NOW = datetime(2026, 11, 1, 6, 0, tzinfo=UTC)
DAYS = 5
LINES_PER_DAY = 8
LINE_COST = Decimal("0.25")

_OWNED = {
    "provider_name": "'AWS'",
    "publisher_name": "'AWS'",
    "invoice_issuer_name": "'Amazon Web Services'",
    "service_name": "'Amazon SageMaker'",
    "service_category": "'AI and Machine Learning'",
    "charge_category": "'Usage'",
    "charge_frequency": "'Usage-Based'",
    "pricing_category": "'Standard'",
    "billing_currency": "line_item_currency_code",
    "billing_account_id": "bill_payer_account_id",
    "sub_account_id": "line_item_usage_account_id",
    "charge_period_start": "line_item_usage_start_date",
    "charge_period_end": "line_item_usage_start_date + interval 1 hour",
    "billed_cost": "line_item_unblended_cost",
    "effective_cost": "line_item_unblended_cost",
    "list_cost": "line_item_unblended_cost",
    "contracted_cost": "line_item_unblended_cost",
    "tags": "map {'project': 'recommender'}",
}
_FILLED = {
    "identity_line_item_id",
    "bill_payer_account_id",
    "line_item_usage_account_id",
    "line_item_currency_code",
    "line_item_usage_start_date",
    "line_item_line_item_type",
    "line_item_product_code",
    "line_item_unblended_cost",
}
_OTHERS = {name: type_ for name, type_ in CUR_COLUMNS.items() if name not in _FILLED}
_ALLOCATED = (
    "x_source, billing_account_id, billing_period, x_line_id, charge_date, sub_account_id, provider_name, service_name,"
    " service_category, region_id, resource_id, charge_category, commitment_discount_status, invoice_id,"
    " 'recommender' as project, 'discovery' as team, 'prod' as environment, 'training' as ml_stage, billing_currency,"
    " billed_cost, effective_cost, list_cost, contracted_cost, x_usage_type as usage_type, sku_id,"
    " false as is_shared_cost, 'tag' as x_attributed_by,"
    " cast(null as varchar) as x_matched_rule_id, cast(null as varchar) as allocated_method_id,"
    " cast(null as varchar) as allocated_method_details, cast(null as varchar) as allocated_resource_id"
)


def make_build(
    home: Home,
    build_id: str = "b1",
    periods: tuple[str, ...] = ("2026-10",),
    *,
    kept: Build | None = None,
    days: int = DAYS,
) -> Build:
    """Write landing, lake and build/<id>/warehouse.duckdb as a real build would; `kept` brings its partitions along.

    Each partition has LINES_PER_DAY lines on each of its first `days` days.
    """
    rebuilt = tuple(Partition("aws", period, f"v-{build_id}") for period in periods)
    old = tuple(p for p in kept.partitions if p.billing_period not in periods) if kept else ()
    folder = home.builds / build_id
    folder.mkdir(parents=True)
    with duckdb.connect() as connection:
        for partition in rebuilt:
            _land(connection, home, partition, days)
            _fill_lake(connection, home, build_id, partition)
    with duckdb.connect(str(folder / "warehouse.duckdb")) as connection:
        _fill_warehouse(connection, home)
    (folder / "plan.json").write_text("{}")
    return Build(
        build_id=build_id,
        schema_version="1.0",
        configuration_hash="c",
        warehouse_path=str(folder / "warehouse.duckdb"),
        plan_path=str(folder / "plan.json"),
        partitions=(*old, *rebuilt),
        rebuilt=rebuilt,
    )


def edit_lake(home: Home, build: Build, table: str, select: str) -> None:
    """Rewrite the lake file of the build's first partition as `select`, which reads it under the name `lines`."""
    partition = build.rebuilt[0]
    file = next(lake_folder(home, table, build.build_id, partition).glob("*.parquet"))
    with duckdb.connect() as connection:
        connection.execute(f"create table lines as select * from read_parquet('{file}', hive_partitioning = false)")
        connection.execute(f"copy ({select}) to '{file}' (format parquet)")


def edit_landed(home: Home, build: Build, select: str) -> None:
    """Rewrite the landed file of the build's first partition as `select`, which reads it under the name `lines`."""
    partition = build.rebuilt[0]
    folder = home.landing / partition.x_source / partition.billing_period / partition.version
    with duckdb.connect() as connection:
        connection.execute(f"create table lines as from read_parquet('{folder / 'lines-00001.parquet'}')")
        connection.execute(f"copy ({select}) to '{folder / 'lines-00001.parquet'}' (format parquet)")


def edit_warehouse(build: Build, statement: str) -> None:
    """Run `statement` in the build's warehouse file."""
    with duckdb.connect(build.warehouse_path) as connection:
        connection.execute(statement)


def prove_by_hand(build: Build) -> None:
    """Write the answers that a green proof writes, without asking."""
    of_partitions = ("landing", "focus", "marts", "schema", "completeness", "drift")
    layers = (*of_partitions, "warehouse") if build.rebuilt else ("warehouse",)
    with duckdb.connect(build.warehouse_path) as connection:
        for layer in layers:
            connection.execute(
                "insert into marts.data_quality by name select ? as build_id, ? as layer, 'rule' as expectation,"
                " 'lines' as subject, true as is_success, true as is_evaluated, 'critical' as severity,"
                " 'stop' as effect",
                [build.build_id, layer],
            )


def lake_folder(home: Home, table: str, build_id: str, partition: Partition) -> Path:
    """Return the folder of one partition of one build's lake table."""
    return (
        home.lake
        / table
        / f"build={build_id}"
        / f"x_source={partition.x_source}"
        / f"billing_period={partition.billing_period}"
    )


def _land(connection: duckdb.DuckDBPyConnection, home: Home, partition: Partition, days: int) -> None:
    folder = home.landing / partition.x_source / partition.billing_period / partition.version
    folder.mkdir(parents=True)
    start = first_day(partition.billing_period)
    connection.execute(
        f"""create or replace table landed as
        select
            'line-' || n as identity_line_item_id,
            '000000000011' as bill_payer_account_id,
            case when n % 2 = 0 then '000000000022' else '000000000033' end as line_item_usage_account_id,
            'USD' as line_item_currency_code,
            timestamp '{start}' + to_days(cast(n % {days} as integer)) + to_hours(n % 24) as line_item_usage_start_date,
            'Usage' as line_item_line_item_type,
            'AmazonSageMaker' as line_item_product_code,
            cast({LINE_COST} as decimal(38, 12)) as line_item_unblended_cost,
            {", ".join(f"cast(null as {type_}) as {name}" for name, type_ in _OTHERS.items())}
        from range({days * LINES_PER_DAY}) as r(n)"""
    )
    connection.execute(f"copy landed to '{folder / 'lines-00001.parquet'}' (format parquet)")
    per_account = LINES_PER_DAY // 2
    totals = tuple(
        ControlTotal(start + timedelta(days=day), "000000000011", account, "USD", per_account, LINE_COST * per_account)
        for day in range(days)
        for account in ("000000000022", "000000000033")
    )
    delivery = Delivery("aws", "aws_cur2", partition.billing_period, partition.version, NOW, ())
    receipt = Receipt(
        delivery=delivery,
        shape="aws_cur",
        landed_files=(str((folder / "lines-00001.parquet").relative_to(home.landing)),),
        row_count=days * LINES_PER_DAY,
        control_totals=totals,
        net_accounts=(),
        tells_invoices=True,
    )
    (folder / "receipt.json").write_text(receipt.to_json())


def _fill_lake(connection: duckdb.DuckDBPyConnection, home: Home, build_id: str, partition: Partition) -> None:
    columns = ", ".join(f"cast({_OWNED.get(name, 'null')} as {type_}) as {name}" for _, name, type_ in FOCUS_1_2)
    connection.execute(
        f"""create or replace table focus as
        select
            {columns}, '{partition.x_source}' as x_source, '{partition.billing_period}' as billing_period,
            md5('{partition.billing_period}' || identity_line_item_id) as x_line_id,
            cast(line_item_usage_start_date as date) as charge_date,
            line_item_line_item_type as x_line_item_type, 'Train:p4d' as x_usage_type,
            'public_on_demand_cost' as x_list_cost_provenance
        from landed"""
    )
    for table, select in (
        ("focus_costs", "select * from focus"),
        ("attributed_costs", f"select {_ALLOCATED} from focus"),
        *((table, f"select {_ALLOCATED} from focus where false") for table in ALLOCATED_TABLES[1:]),
    ):
        folder = lake_folder(home, table, build_id, partition)
        folder.mkdir(parents=True)
        connection.execute(f"copy ({select}) to '{folder / 'data_0.parquet'}' (format parquet)")


def _fill_warehouse(connection: duckdb.DuckDBPyConnection, home: Home) -> None:
    """Create the views over the newest lake file of each partition, and the marts."""
    connection.execute("create schema marts")
    for table in LAKE_TABLES:
        newest: dict[str, Path] = {}
        for file in sorted((home.lake / table).glob("*/*/*/*.parquet")):
            newest[file.parent.name] = file
        files = ", ".join(f"'{file}'" for file in newest.values())
        connection.execute(
            f"create view marts.{table} as select * from read_parquet([{files}], hive_partitioning = false)"
        )
    lines = " union all by name ".join(f"select * from marts.{table}" for table in ALLOCATED_TABLES)
    connection.execute(f"create view marts.allocated_costs as {lines}")
    keys = "x_source, billing_account_id, billing_period, billing_currency"
    connection.execute(
        """create table marts.daily_spend as
        select
            x_source, billing_account_id, billing_period, charge_date, sub_account_id, provider_name, service_name,
            charge_category, invoice_id, project, team, environment, ml_stage, is_shared_cost, billing_currency,
            sum(billed_cost) as billed_cost, sum(effective_cost) as effective_cost, count(*) as line_count
        from marts.allocated_costs group by all"""
    )
    connection.execute(
        """create table marts.monthly_spend as
        select
            * exclude (charge_date, billed_cost, effective_cost, line_count), sum(billed_cost) as billed_cost,
            sum(effective_cost) as effective_cost, sum(line_count) as line_count
        from marts.daily_spend group by all"""
    )
    connection.execute(
        """create table marts.spend_changes as
        select
            x_source, billing_account_id, billing_period, charge_date, sub_account_id, service_name, charge_category,
            billing_currency, sum(billed_cost) as billed_cost_change, sum(effective_cost) as effective_cost_change,
            sum(line_count) as line_count_change, 'first' as change_kind, '' as build_id
        from marts.daily_spend group by all"""
    )
    connection.execute(
        """create table marts.complete_sources as
        select x_source, last_day(cast(max(billing_period) || '-01' as date)) as last_complete_date
        from marts.daily_spend group by all"""
    )
    connection.execute(
        f"""create table marts.reconciliation as
        select
            {keys}, sum(billed_cost) as landed_billed_cost, sum(billed_cost) as daily_spend_billed_cost,
            cast(0 as decimal(38, 12)) as largest_difference, true as is_reconciled
        from marts.daily_spend group by all"""
    )
    connection.execute(
        """create table marts.data_quality (
            build_id varchar, checked_at timestamp, layer varchar, suite varchar, expectation varchar, subject varchar,
            x_source varchar, billing_period varchar, is_success boolean, is_evaluated boolean, unexpected_count bigint,
            sample varchar, severity varchar, effect varchar, reason varchar,
            check_name varchar
        )"""
    )
