"""The proof on a real build of the example company's bill: green as it is, red when something is wrong afterwards."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from expectations.checkpoints import check
from mlspend.adapters import config, pipeline, publication
from mlspend.adapters.example_company import write_exports
from mlspend.adapters.home import PROJECT_ROOT, Home
from mlspend.adapters.ledger import Ledger
from mlspend.adapters.proof import plan_proof
from mlspend.adapters.warehouse import lake_folder
from mlspend.core.deliveries import Build
from mlspend.core.errors import ChecksFailed

NOW = datetime(2026, 11, 2, 6, 0, tzinfo=UTC)
PERIOD = "2026-10"


@pytest.fixture(scope="module")
def proved(tmp_path_factory: pytest.TempPathFactory, warm_builds: None) -> tuple[Home, Build]:
    """One month landed, built and proved, not yet published."""
    home = Home(tmp_path_factory.mktemp("company"))
    write_exports(home.root / "exports", months=1, end=PERIOD)
    rules = config.load(PROJECT_ROOT / "config" / "mlspend.yml")
    with Ledger(f"sqlite:///{home.root / 'state.db'}") as ledger:
        ledger.migrate()
        pipeline.land("aws", str(home.root / "exports"), home, ledger, now=NOW, tell=lambda _: None)
        return home, pipeline.build(home, rules, ledger, now=NOW, tell=lambda _: None)


@contextmanager
def rewritten(home: Home, build: Build, table: str, select: str) -> Iterator[None]:
    """The lake file of the month as `select` from `lines`, put back afterwards."""
    file = next(lake_folder(home, table, build.build_id, build.rebuilt[0]).glob("*.parquet"))
    right = file.with_suffix(".right")
    shutil.copyfile(file, right)
    try:
        with duckdb.connect() as connection:
            connection.execute(f"create view lines as from read_parquet('{right}', hive_partitioning = false)")
            connection.execute(f"copy ({select}) to '{file}' (format parquet)")
        yield
    finally:
        right.replace(file)


def red(home: Home, build: Build) -> dict[str, dict[str, Any]]:
    answers = check(Path(build.warehouse_path), plan_proof(build, home), home.root)
    return {row["expectation"]: row for row in answers if not row["is_success"] and row["effect"] != "inform"}


def test_the_example_companys_bill_is_green_in_all_answers(proved: tuple[Home, Build]) -> None:
    _, build = proved
    with duckdb.connect(build.warehouse_path, read_only=True) as connection:
        answers = connection.execute("select is_success, is_evaluated, expectation, effect from marts.data_quality")
        found = answers.fetchall()
    assert all(is_evaluated for _, is_evaluated, *_ in found)
    # Its export leaves columns out that it could have, and trains too seldom to compare each kind of machine.
    assert {(expectation, effect) for is_success, _, expectation, effect in found if not is_success} == {
        ("optional_columns_are_delivered", "inform"),
        ("enough_lines_to_compare_distributions", "inform"),
    }
    assert len(found) > 70


def test_the_example_companys_shared_costs_and_nodes_are_split_whole(proved: tuple[Home, Build]) -> None:
    _, build = proved
    with duckdb.connect(build.warehouse_path, read_only=True) as connection:
        filed = connection.execute(
            "select project, count(*) > 0, sum(effective_cost) > 100 from marts.attributed_costs where is_shared_cost"
            " group by all order by all"
        ).fetchall()
        rest = connection.execute(
            "select project, sum(effective_cost), sum(billed_cost) from marts.daily_spend where is_shared_cost"
            " group by project, charge_date, team, environment having sum(effective_cost) <> 0 or sum(billed_cost) <> 0"
        ).fetchall()
        ((asked, given),) = connection.execute(
            """select
                (select sum(x_split_cost) from marts.focus_costs),
                (select sum(effective_cost) from marts.container_costs_split where allocated_resource_id is not null)"""
        ).fetchall()
    assert filed == [("network", True, True), ("support", True, True)]
    assert rest == []
    assert given == asked
    assert given > 100


def test_lines_that_go_wrong_after_the_build_are_told_with_count_and_rows(proved: tuple[Home, Build]) -> None:
    home, build = proved
    damaged = """select * exclude (row) replace (
            if(row = 1, null, charge_date) as charge_date,
            cast(billed_cost + if(row = 2, 0.01, 0) as decimal(38, 12)) as billed_cost,
            cast(effective_cost * if(x_line_item_type = 'SavingsPlanCoveredUsage', 1.01, 1) as decimal(38, 12))
                as effective_cost
        )
        from (select *, row_number() over (order by billed_cost desc, x_line_id) as row from lines)
        union all (from lines where billed_cost = 0 order by x_line_id limit 2)"""
    with rewritten(home, build, "focus_costs", damaged):
        found = red(home, build)
    assert {name: (row["unexpected_count"], row["severity"]) for name, row in found.items()} == {
        "expect_column_values_to_not_be_null": (1, "critical"),
        "focus_billed_cost_equals_landed": (1, "critical"),
        "focus_effective_cost_equals_amortised_landed": (1, "critical"),
        "x_line_id_is_unique_in_partition": (2, "critical"),
        # Savings plans are used on each of the 31 days; and the line without a day.
        "allocated_cost_equals_focus": (32, "critical"),
        "allocation_keeps_every_line": (1, "critical"),
    }
    assert {(row["x_source"], row["billing_period"]) for row in found.values()} == {("aws", PERIOD)}
    assert "charge_date=None" in found["expect_column_values_to_not_be_null"]["sample"]
    assert "line_count=2" in found["x_line_id_is_unique_in_partition"]["sample"]
    assert "landed_billed_cost=" in found["focus_billed_cost_equals_landed"]["sample"]


def test_an_owner_whose_lines_vanished_is_told(proved: tuple[Home, Build]) -> None:
    home, build = proved
    with rewritten(home, build, "attributed_costs", "from lines where project <> 'fraud-detection'"):
        found = red(home, build)
    assert set(found) == {
        "allocated_cost_equals_focus",
        "allocation_keeps_every_line",
        "daily_spend_equals_allocated",
    }


def test_only_what_was_proved_is_published(proved: tuple[Home, Build]) -> None:
    home, build = proved
    with Ledger(f"sqlite:///{home.root / 'state.db'}") as ledger:
        with pytest.raises(ChecksFailed, match="was not proved"):
            publication.publish(replace(build, build_id="another"), home, ledger, now=NOW)
        published = publication.publish(build, home, ledger, now=NOW)
    assert published.lake_builds == (build.build_id,)
    with duckdb.connect(str(home.published_warehouse), read_only=True) as connection:
        ((status, rows),) = connection.execute("select status, row_count from ops.deliveries").fetchall()
        ((lines,),) = connection.execute("select sum(line_count) from marts.daily_spend").fetchall()
    assert status == "published"
    assert rows > 10_000
    assert lines > 10_000
