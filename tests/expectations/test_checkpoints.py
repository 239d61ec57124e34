"""Every kind of damage to a build turns the right expectation red, with its count, its rows and its partition."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

from expectations.checkpoints import check
from mlspend.adapters.home import Home
from mlspend.adapters.proof import plan_proof
from mlspend.core.deliveries import Build
from tests.handmade_build import edit_lake, edit_landed, edit_warehouse, lake_folder, make_build

PERIODS = ("2026-09", "2026-10")
LAYERS = {"landing", "focus", "marts", "schema", "completeness", "drift", "warehouse"}


@pytest.fixture
def build(home: Home) -> Iterator[Build]:
    return make_build(home, periods=PERIODS)


def answers(build: Build, home: Home) -> list[dict[str, Any]]:
    return check(Path(build.warehouse_path), plan_proof(build, home), home.root)


def red(build: Build, home: Home) -> dict[str, dict[str, Any]]:
    """What did not succeed, by expectation, the subject beside the general ones."""
    return {
        row["expectation"] + (" " + row["subject"] if row["expectation"].startswith("expect_") else ""): row
        for row in answers(build, home)
        if not row["is_success"]
    }


def test_a_right_build_is_green_in_every_layer(build: Build, home: Home) -> None:
    found = answers(build, home)
    assert [row for row in found if not row["is_success"] or not row["is_evaluated"]] == []
    assert {row["layer"] for row in found} == LAYERS
    assert all(row["reason"] for row in found)
    assert {row["severity"] for row in found} == {"critical", "warning", "info"}


def line(number: int) -> str:
    """The condition that holds for one line."""
    return f"row_number() over (order by x_line_id) = {number}"


def test_wrong_lines_are_found_with_their_count_and_rows(build: Build, home: Home) -> None:
    edit_lake(
        home,
        build,
        "focus_costs",
        f"""select * replace (
            if({line(1)}, null, billing_account_id) as billing_account_id,
            cast(if({line(2)}, null, effective_cost) as decimal(38, 12)) as effective_cost,
            if({line(3)}, 'Usages', charge_category) as charge_category,
            if({line(4)}, 'SavingsPlanCoveredUsage', x_line_item_type) as x_line_item_type,
            if({line(5)}, 'Compute and more', service_category) as service_category
        ) from lines union all (select * from lines order by x_line_id desc limit 1)""",
    )
    found = red(build, home)
    expected = {
        "expect_column_values_to_not_be_null focus_costs.billing_account_id": (
            1,
            "billing_account_id=None",
            "critical",
        ),
        "expect_column_values_to_not_be_null focus_costs.effective_cost": (1, "effective_cost=None", "critical"),
        "expect_column_values_to_be_in_set focus_costs.charge_category": (1, "charge_category=Usages", "critical"),
        "expect_column_values_to_be_in_set focus_costs.service_category": (1, "=Compute and more", "warning"),
        "covered_usage_is_not_billed": (1, "x_line_item_type=SavingsPlanCoveredUsage", "critical"),
        "x_line_id_is_unique_in_partition": (1, "line_count=2", "critical"),
        # One line without an account, another one twice: the right account has what it should.
        "focus_billed_cost_equals_landed": (
            1,
            "landed_billed_cost=0.000000000000, focus_billed_cost=0.250000000000",
            "critical",
        ),
        "focus_effective_cost_equals_amortised_landed": (2, "landed_effective_cost=10.000000000000", "critical"),
        # By day: the line without an account leaves the 2nd for nobody's, the other two are of the 4th.
        "allocated_cost_equals_focus": (3, "focus_billed_cost=1.750000000000", "critical"),
        "allocation_keeps_every_line": (1, "billing_account_id=None", "critical"),
    }
    assert set(found) == set(expected)
    for name, (count, sample, severity) in expected.items():
        row = found[name]
        assert (row["unexpected_count"], row["severity"], row["is_evaluated"]) == (count, severity, True), name
        assert sample in row["sample"], name
        assert (row["x_source"], row["billing_period"]) == ("aws", "2026-09"), name


def test_money_that_became_a_binary_fraction_is_found(build: Build, home: Home) -> None:
    as_double = "select * replace (cast({0} as double) as {0}) from lines"
    edit_lake(home, build, "focus_costs", as_double.format("billed_cost"))
    edit_lake(home, build, "attributed_costs", as_double.format("list_cost"))
    edit_landed(home, build, as_double.format("line_item_unblended_cost"))
    found = red(build, home)
    assert set(found) == {
        "focus_columns_have_their_types",
        "allocated_money_is_decimal",
        "landed_money_is_decimal",
        "landed_columns_are_those_of_the_export_kind",
    }
    assert "column_name=billed_cost, wanted_type=DECIMAL(38,12), found_type=DOUBLE" in str(found)


def test_a_month_whose_lines_vanished_is_found(build: Build, home: Home) -> None:
    edit_lake(home, build, "focus_costs", "select * from lines where false")
    assert red(build, home)["focus_has_lines_where_landed_has"]["billing_period"] == "2026-09"


def test_damage_to_the_allocation_is_found(build: Build, home: Home) -> None:
    edit_lake(
        home,
        build,
        "attributed_costs",
        f"""select * replace (
            if({line(1)}, null, project) as project,
            cast(list_cost + if({line(2)}, 1, 0) as decimal(38, 12)) as list_cost,
            cast(charge_date + if({line(3)}, 1, 0) as date) as charge_date
        ) from lines order by x_line_id limit 39""",
    )
    assert {name: row["unexpected_count"] for name, row in red(build, home).items()} == {
        "expect_column_values_to_not_be_null allocated_costs.project": 1,
        # A line moved from the 3rd to the 4th; the other two are of the 4th.
        "allocated_cost_equals_focus": 2,
        "allocation_keeps_every_line": 1,
        "daily_spend_equals_allocated": 1,
    }


def test_damage_to_what_was_landed_is_found(build: Build, home: Home) -> None:
    edit_landed(
        home,
        build,
        """select * replace (
            cast(bill_payer_account_id as bigint) as bill_payer_account_id,
            if(identity_line_item_id = 'line-1', 'EUR', 'USD') as line_item_currency_code,
            line_item_usage_start_date
            + to_months(case identity_line_item_id when 'line-2' then 3 when 'line-3' then null else 0 end)
                as line_item_usage_start_date
        ) from lines where identity_line_item_id <> 'line-4'""",
    )
    found = red(build, home)
    assert set(found) >= {
        "landed_line_count_equals_receipt",
        "landed_billed_cost_equals_control_total",
        "landed_line_count_equals_control_total",
        "charge_date_near_period",
        "one_currency_per_billing_account",
        "landed_ids_are_text",
        "expect_column_values_to_not_be_null landed lines.charge_start",
    }
    assert "receipt_line_count=40, landed_line_count=39" in found["landed_line_count_equals_receipt"]["sample"]
    assert all(row["severity"] == "critical" for row in found.values())


def test_damage_to_the_marts_is_found(build: Build, home: Home) -> None:
    edit_warehouse(build, "update marts.daily_spend set team = null where billing_period = '2026-09'")
    edit_warehouse(build, "delete from marts.daily_spend where billing_period = '2026-10'")
    edit_warehouse(build, "update marts.reconciliation set largest_difference = 0.01 where billing_period = '2026-09'")
    edit_warehouse(build, "delete from marts.reconciliation where billing_period = '2026-10'")
    assert {name: row["billing_period"] for name, row in red(build, home).items()} == {
        "expect_column_values_to_not_be_null daily_spend.team": "2026-09",
        "daily_spend_equals_allocated": "2026-10",
        "monthly_spend_equals_daily_spend": "2026-10",
        "spend_changes_add_up_to_daily_spend": "2026-10",
        "every_partition_is_reconciled": "2026-09",
        "warehouse_holds_the_planned_partitions": "2026-10",
    }


def test_sums_and_a_log_that_do_not_add_up_are_found(build: Build, home: Home) -> None:
    edit_warehouse(build, "update marts.monthly_spend set effective_cost = 19.99 where billing_period = '2026-09'")
    # The same change logged twice.
    again = "insert into marts.spend_changes from marts.spend_changes where charge_date = date '2026-10-02' limit 1"
    edit_warehouse(build, again)
    found = red(build, home)
    assert {name: (row["billing_period"], row["severity"]) for name, row in found.items()} == {
        "monthly_spend_equals_daily_spend": ("2026-09", "critical"),
        "spend_changes_add_up_to_daily_spend": ("2026-10", "critical"),
    }
    assert "charge_date=2026-10-02" in found["spend_changes_add_up_to_daily_spend"]["sample"]


def test_mostly_unattributed_spend_is_a_warning(build: Build, home: Home) -> None:
    edit_warehouse(build, "update marts.daily_spend set project = 'unattributed'")
    found = red(build, home)
    assert list(found) == ["unattributed_share_below_half"]
    assert found["unattributed_share_below_half"]["severity"] == "warning"


def net_lines(net: str, discount: str = "null") -> str:
    """The landed lines with a net cost and a discount."""
    return (
        f"select * replace (cast({net} as decimal(38, 12)) as line_item_net_unblended_cost,"
        f" cast({discount} as decimal(38, 12)) as discount_total_discount) from lines"
    )


@pytest.mark.parametrize(
    ("net", "discount", "problem"),
    [
        (
            "if(identity_line_item_id = 'line-3', null, 0.2)",
            "null",
            "problem=lines without net cost, billing_currency=USD, unblended_cost=10.000000000000,"
            " net_unblended_cost=7.800000000000, lines_without_net_cost=1, cost_without_net_cost=0.250000000000",
        ),
        ("0", "-0.05", "problem=discounts but no net costs, billing_currency=USD, unblended_cost=10.000000000000"),
    ],
    ids=["some", "none"],
)
def test_discounts_that_cannot_be_counted_are_a_warning_with_payer_and_money(
    build: Build, home: Home, net: str, discount: str, problem: str
) -> None:
    edit_landed(home, build, net_lines(net, discount))
    found = red(build, home)
    assert set(found) == {"net_costs_are_whole"}
    row = found["net_costs_are_whole"]
    assert (row["severity"], row["unexpected_count"], row["billing_period"]) == ("warning", 1, "2026-09")
    assert f"billing_account_id=000000000011, {problem}" in row["sample"]


def test_net_costs_of_a_release_that_knew_none_are_a_warning(build: Build, home: Home) -> None:
    edit_landed(home, build, net_lines("0.2"))
    receipt = next((home.landing / "aws" / "2026-09").rglob("receipt.json"))
    receipt.write_text(receipt.read_text().replace('"net_accounts": []', '"net_accounts": null'))
    found = red(build, home)
    assert set(found) == {"net_costs_are_whole"}
    assert "problem=landed by a release that knew no net costs" in found["net_costs_are_whole"]["sample"]


def test_net_costs_that_the_control_totals_or_the_lines_do_not_follow_are_found(build: Build, home: Home) -> None:
    edit_landed(home, build, net_lines("0.2"))
    found = red(build, home)
    assert set(found) == {
        "landed_billed_cost_equals_control_total",
        "landed_billed_cost_equals_control_total_per_invoice",
        "focus_billed_cost_equals_landed",
        "focus_effective_cost_equals_amortised_landed",
    }
    assert (
        "landed_billed_cost=8.000000000000, focus_billed_cost=10.0"
        in found["focus_billed_cost_equals_landed"]["sample"]
    )


def test_shared_costs_that_nobody_has_a_weight_for_are_a_warning(build: Build, home: Home) -> None:
    edit_warehouse(
        build,
        "update marts.daily_spend set project = 'support', is_shared_cost = true"
        " where billing_period = '2026-10' and charge_date = date '2026-10-02'",
    )
    [(name, row)] = red(build, home).items()
    assert (name, row["severity"], row["billing_period"]) == ("shared_costs_are_split", "warning", "2026-10")
    assert "shared_cost=support, billing_currency=USD, billed_cost=2.000000000000" in row["sample"]


def test_containers_whose_cost_their_node_does_not_have_are_a_warning(build: Build, home: Home) -> None:
    details = (
        '{"split_cost": 0.25, "containers_cost": null, "node_cost": null}',
        '{"split_cost": 0.50, "containers_cost": 0.50, "node_cost": 0}',
        '{"split_cost": 0.75, "containers_cost": 1.75, "node_cost": 1.70}',
        '{"split_cost": 1.00, "containers_cost": 1.75, "node_cost": 1.75}',
    )
    containers = " ".join(f"when {line(at)} then '{each}'" for at, each in enumerate(details, 1))
    edit_lake(
        home,
        build,
        "attributed_costs",
        f"""select * replace (
            if(allocated_method_details is null, null, 'split_cost') as allocated_method_id,
            if(allocated_method_details is null, null, 'pod') as allocated_resource_id
        ) from (select * replace (case {containers} end as allocated_method_details) from lines)""",
    )
    found = red(build, home)
    # The four rows were lines before.
    assert {name: row["severity"] for name, row in found.items()} == {
        "allocation_keeps_every_line": "critical",
        "containers_have_a_node_that_costs_something": "warning",
        "containers_cost_no_more_than_their_node": "warning",
    }
    missing, over = (
        found["containers_have_a_node_that_costs_something"],
        found["containers_cost_no_more_than_their_node"],
    )
    assert "container_lines=2, split_cost=0.750000000000" in missing["sample"]
    assert "container_lines=1, split_cost=0.750000000000" in over["sample"]


def test_each_damaged_partition_is_told_by_itself(build: Build, home: Home) -> None:
    edit_warehouse(build, "update marts.reconciliation set is_reconciled = false")
    found = [row for row in answers(build, home) if not row["is_success"]]
    assert [(row["expectation"], row["billing_period"]) for row in found] == [
        ("every_partition_is_reconciled", "2026-09"),
        ("every_partition_is_reconciled", "2026-10"),
    ]


def test_a_missing_column_is_not_evaluated_rather_than_failed(build: Build, home: Home) -> None:
    for partition in build.rebuilt:
        file = next(lake_folder(home, "focus_costs", build.build_id, partition).glob("*.parquet"))
        with duckdb.connect() as connection:
            connection.execute(f"create table lines as from read_parquet('{file}', hive_partitioning = false)")
            connection.execute(f"copy (select * exclude (service_name) from lines) to '{file}' (format parquet)")
    found = red(build, home)
    unasked = found["expect_column_values_to_not_be_null focus_costs.service_name"]
    assert not unasked["is_evaluated"]
    assert "service_name" in unasked["sample"]
    assert found["focus_columns_have_their_types"]["is_evaluated"]


def test_a_layer_that_cannot_be_measured_is_not_evaluated(build: Build, home: Home) -> None:
    edit_warehouse(build, "drop table marts.daily_spend")
    found = [row for row in answers(build, home) if not row["is_success"]]
    assert {(row["layer"], row["is_evaluated"]) for row in found} == {
        ("marts", False),
        ("completeness", False),
        ("drift", False),
    }
    assert "could not be measured" in found[0]["sample"]


def test_a_month_without_lines_is_red_for_none_is_ever_landed(home: Home) -> None:
    build = make_build(home, periods=("2026-11",), days=0)
    found = answers(build, home)
    assert {row["billing_period"] for row in found if not row["is_success"]} == {"2026-11"}
    assert {row["layer"] for row in found} == LAYERS


def test_a_build_that_only_dropped_a_period_is_still_asked_about_the_warehouse(home: Home) -> None:
    build = make_build(home, periods=PERIODS)
    shrunk = Build(**{**vars(build), "rebuilt": (), "partitions": build.partitions[:1]})
    found = answers(shrunk, home)
    assert {row["layer"] for row in found} == {"warehouse"}
    assert [row["billing_period"] for row in found if not row["is_success"]] == ["2026-10"]


def test_what_cannot_be_evaluated_of_one_partition_is_told_of_that_one_with_its_effect(
    build: Build, home: Home
) -> None:
    """One partition says of a container's cost what is no number; the other one has no containers at all."""
    edit_lake(
        home,
        build,
        "attributed_costs",
        """select * replace (
            'split_cost' as allocated_method_id, 'pod-1' as allocated_resource_id,
            '{"split_cost": "1", "node_cost": "a lot", "containers_cost": "1"}' as allocated_method_details
        ) from lines""",
    )
    name = "containers_cost_no_more_than_their_node"
    plan = replace(plan_proof(build, home), effects={name: "hold"})
    rows = check(Path(build.warehouse_path), plan, home.root)
    unevaluated = {row["check_name"]: row for row in rows if not row["is_evaluated"]}
    other = unevaluated["containers_have_a_node_that_costs_something"]
    assert (other["billing_period"], other["effect"], other["severity"]) == ("2026-09", "warn", "warning")
    row = unevaluated[name]
    assert (row["x_source"], row["billing_period"], row["is_success"]) == ("aws", "2026-09", False)
    assert (row["effect"], row["severity"]) == ("hold", "critical")
    assert "a lot" in row["sample"]
