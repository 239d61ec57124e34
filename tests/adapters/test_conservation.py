"""200 bills drawn by chance in one build: not a quantum is lost or made on the way to the marts."""

import random
from collections.abc import Iterator

import duckdb
import pytest

from mlspend.adapters import config, warehouse
from mlspend.adapters.home import Home
from tests.generated_bills import POOLS, configuration, land_bills
from tests.landed_by_hand import NOW

# Four bills a source, as accounts of one company: a model that mixes accounts up is found out, and every model runs 50
# times.
SOURCES, BILLS = 50, 4
# Another seed is another 200 bills; what one finds belongs into a test of its own.
SEED = 20261125
AMOUNTS = ("billed_cost", "effective_cost", "list_cost", "contracted_cost")
GRAIN = (
    "x_source, billing_period, charge_date, billing_account_id, sub_account_id, provider_name, service_name,"
    " service_category, region_id, charge_category, commitment_discount_status, invoice_id, billing_currency"
)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    home = Home(tmp_path_factory.mktemp("chance"))
    chance = random.Random(SEED)
    file = home.root / "mlspend.yml"
    file.write_text(configuration(chance))
    build = warehouse.build(
        home, config.load(file), land_bills(home, chance, sources=SOURCES, bills=BILLS), None, now=NOW
    )
    with duckdb.connect(build.warehouse_path, read_only=True) as connection:
        files = f"{home.landing}/*/*/*/lines-1.parquet"
        connection.execute(
            f"""create temp table landed as
            select
                string_split(filename, '/')[-4] as x_source,
                cast(coalesce(line_item_usage_start_date, charge_period_start) as date) as charge_date,
                coalesce(line_item_currency_code, billing_currency) as billing_currency,
                cast(coalesce(line_item_unblended_cost, billed_cost) as decimal(38, 12)) as billed_cost
            from read_parquet('{files}', union_by_name = true, filename = true)"""
        )
        yield connection


def sums(
    connection: duckdb.DuckDBPyConnection, table: str, keys: str, amounts: tuple[str, ...]
) -> dict[object, object]:
    columns = ", ".join(f"coalesce(sum({amount}), 0)" for amount in amounts)
    rows = connection.execute(f"select ({keys}), {columns} from {table} group by {keys}").fetchall()
    return {str(key): tuple(found) for key, *found in rows if any(found)}


@pytest.mark.parametrize(
    ("before", "after", "keys", "amounts"),
    [
        ("landed", "marts.focus_costs", "x_source, charge_date, billing_currency", ("billed_cost",)),
        ("marts.focus_costs", "marts.allocated_costs", GRAIN, AMOUNTS),
        (
            "marts.allocated_costs",
            "marts.daily_spend",
            "x_source, billing_account_id, charge_date, invoice_id, project, team, billing_currency",
            AMOUNTS[:2],
        ),
        (
            "marts.daily_spend",
            "marts.monthly_spend",
            "x_source, billing_account_id, invoice_id, project, team, billing_currency",
            AMOUNTS[:2],
        ),
    ],
)
def test_sums_are_the_same_to_the_last_digit(
    built: duckdb.DuckDBPyConnection, before: str, after: str, keys: str, amounts: tuple[str, ...]
) -> None:
    expected = sums(built, before, keys, amounts)
    assert len(expected) > SOURCES * BILLS
    assert sums(built, after, keys, amounts) == expected


def test_every_line_is_there_once_and_its_owner_did_not_change_its_cost(built: duckdb.DuckDBPyConnection) -> None:
    differing = built.execute(
        f"""select x_source, x_line_id, {", ".join(AMOUNTS)} from marts.focus_costs
        except all
        select x_source, x_line_id, {", ".join(AMOUNTS)} from marts.attributed_costs"""
    ).fetchall()
    assert differing == []
    ((rows, ids),) = built.execute("select count(*), count(distinct x_line_id) from marts.allocated_costs").fetchall()
    assert rows == ids


@pytest.mark.parametrize("table", ["container_costs_split", "shared_costs_split"])
def test_a_split_is_nothing_by_all_that_a_share_keeps(built: duckdb.DuckDBPyConnection, table: str) -> None:
    assert sums(built, f"marts.{table}", GRAIN, AMOUNTS) == {}


def test_chance_has_drawn_every_kind_of_split_and_money_that_cannot_be_split(built: duckdb.DuckDBPyConnection) -> None:
    """Otherwise the tests above would say nothing."""
    methods = built.execute(
        "select allocated_method_id, count(*), count(*) filter (effective_cost < 0) from marts.allocated_costs"
        " where allocated_resource_id is not null group by all"
    ).fetchall()
    assert {method for method, *_ in methods} == {"even", "fixed", "spend", "usage", "split_cost"}
    assert all(count > 100 and negative > 0 for method, count, negative in methods if method != "split_cost")
    givers = built.execute(
        "select distinct x_allocated_from from marts.shared_costs_split where project like 'pool-%'"
        " and allocated_resource_id is not null"
    ).fetchall()
    assert len(givers) > 3
    split = built.execute("select distinct x_allocated_from from marts.shared_costs_split").fetchall()
    assert {name for (name,) in split} == set(POOLS)
    ((unsplit,),) = built.execute(
        "select count(*) from (select x_source, project, billing_currency, sum(effective_cost) as cost"
        " from marts.daily_spend where is_shared_cost group by all) where cost <> 0"
    ).fetchall()
    assert unsplit > 10
    ((idle, over, missing),) = built.execute(
        """select
            count(*) filter (node_cost > containers_cost), count(*) filter (node_cost < containers_cost),
            count(*) filter (node_cost is null or node_cost <= 0)
        from (
            select
                cast(json_extract_string(allocated_method_details, '$.node_cost') as decimal(38, 12)) as node_cost,
                cast(json_extract_string(allocated_method_details, '$.containers_cost') as decimal(38, 12))
                    as containers_cost
            from marts.container_costs_split where allocated_resource_id is not null
        )"""
    ).fetchall()
    assert min(idle, over, missing) > 20
