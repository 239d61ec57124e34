"""Costs of whole exports through landing, build and proof: written by hand, and as the files of others hold them.

All stand in one build. What is expected of the real exports is summed up here, from the raw files and by other SQL.
"""

import os
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from expectations.checkpoints import check
from mlspend.adapters import warehouse
from mlspend.adapters.config import default
from mlspend.adapters.home import PROJECT_ROOT, Home
from mlspend.adapters.landing import discover, land
from mlspend.adapters.proof import plan_proof
from mlspend.core.deliveries import Build, Receipt
from tests.amortised_bill import bill, with_every_column
from tests.aws_exports import write_data_export
from tests.focus_csv import focus_line, write_focus_csv
from tests.landed_by_hand import NOW

DATA = Path(os.environ.get("MLSPEND_SHARED_DATA", PROJECT_ROOT.parent / "shared" / "data"))
NOV2018 = "aws-well-architected-labs/Nov2018-WorkshopCUR-00001.snappy.parquet"
NISE = "nise-generated/aws-legacy-cur"
REAL = {"workshop": NOV2018, "samples": "focus-sample-data", "nise": NISE}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, warm_builds: None) -> tuple[Home, Build]:
    """A build of a net, a half net and an unblended payer, of the same month as an earlier release landed it, and of
    the real exports where they are at hand."""
    root = tmp_path_factory.mktemp("amortised")
    home = Home(root / "home")
    half = bill("2", net=True)
    half[0]["line_item_net_unblended_cost"] = None
    write_data_export(root / "export", with_every_column([*bill("1", net=True), *half, *bill("3", net=False)]), parts=3)
    receipts = [land_from("aws", root / "export", home)[0], land_from("before", root / "export", home)[0]]
    receipts[1] = as_landed_before(home, receipts[1])
    tax = focus_line("2026-10", 2, "4", ChargeCategory="Tax", SubAccountId="", SubAccountName="")
    write_focus_csv(root / "focus" / "lines.csv", [focus_line("2026-10", 2, "1"), tax])
    receipts += land_from("focus", root / "focus", home)
    if DATA.is_dir():
        for source, path in REAL.items():
            receipts += land_from(source, DATA / path, home)
    return home, warehouse.build(home, default(), receipts, None, now=NOW)


def land_from(source: str, location: Path, home: Home) -> list[Receipt]:
    deliveries = discover(str(location), source)
    # The generated report has an October that never began, which no release lands.
    begun = deliveries[:-1] if source == "nise" else deliveries
    return [land(each, home, known_currencies={}, now=NOW) for each in begun]


def as_landed_before(home: Home, receipt: Receipt) -> Receipt:
    """The receipt as a release without net costs wrote it: unblended totals, and nothing said of it."""
    [file] = (home.landing / "before").rglob("receipt.json")
    costs = duckdb.execute(
        f"""select cast(line_item_usage_start_date as date), bill_payer_account_id, line_item_usage_account_id,
            sum(line_item_unblended_cost) from read_parquet({[str(home.landing / f) for f in receipt.landed_files]})
            group by all"""
    ).fetchall()
    unblended = {(day, payer, account or ""): cost for day, payer, account, cost in costs}
    before = replace(
        receipt,
        net_accounts=None,
        control_totals=tuple(
            replace(total, billed_cost=unblended[total.charge_date, total.billing_account_id, total.sub_account_id])
            for total in receipt.control_totals
        ),
    )
    file.write_text(before.to_json())
    return before


@pytest.fixture(scope="module")
def answers(made: tuple[Home, Build]) -> list[dict[str, Any]]:
    home, build = made
    return check(Path(build.warehouse_path), plan_proof(build, home), home.root)


@pytest.fixture(scope="module")
def lines(made: tuple[Home, Build]) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(made[1].warehouse_path, read_only=True) as connection:
        yield connection


# Before discounts: usage 40, covered 8, unused plan 2, reserved 6, unused reservation 4, refunds -6, credit -3, tax 9,
# support 100, marketplace 50 and discounts -17 make 193; with the plan's fee 5, the reservation's 7, upfront fees 1200
# and their refunds -60, without 8 + 2 + 6 + 4, 1325 is billed. Net, nine tenths of 210 and of 1342.
GROSS = ("1325", "193", "1132")
NET = ("1207.8", "189", "1018.8")


@pytest.mark.parametrize(
    ("source", "payer", "expected"),
    [
        ("aws", "1", NET),
        ("aws", "2", GROSS),
        ("aws", "3", GROSS),
        ("before", "1", GROSS),
        ("before", "2", GROSS),
        ("before", "3", GROSS),
    ],
)
def test_a_payer_costs_net_or_unblended_and_ties_to_the_bill(
    lines: duckdb.DuckDBPyConnection, source: str, payer: str, expected: tuple[str, str, str]
) -> None:
    found = lines.execute(
        """select landed_billed_cost, focus_billed_cost, focus_effective_cost, true_up_cost, amortised_upfront_cost,
            upfront_fee_cost, upfront_refund_cost, uncancelled_negation_cost, unexplained_cost, is_reconciled
        from marts.reconciliation where x_source = ? and billing_account_id = ?""",
        [source, payer * 12],
    ).fetchall()
    billed, effective, true_up = map(Decimal, expected)
    rate = Decimal("0.9") if expected is NET else Decimal(1)
    amortised, upfront, refunds = -8 * rate, 1200 * rate, -60 * rate
    assert found == [(billed, billed, effective, true_up, amortised, upfront, refunds, 0, 0, True)]
    assert amortised + upfront + refunds == true_up == billed - effective


def test_unused_commitments_stay_with_their_buyer(lines: duckdb.DuckDBPyConnection) -> None:
    found = lines.execute(
        """select distinct sub_account_id, x_line_item_type, sum(effective_cost) over (partition by x_line_item_type)
        from marts.focus_costs
        where x_source = 'aws' and billing_account_id = '222222222222'
            and charge_category = 'Usage' and commitment_discount_status = 'Unused' order by all"""
    ).fetchall()
    assert found == [("000000000099", "RIFee", 4), ("000000000099", "SavingsPlanRecurringFee", 2)]


def test_containers_say_what_they_cost_and_cost_nothing_themselves(lines: duckdb.DuckDBPyConnection) -> None:
    found = lines.execute(
        """select billing_account_id, x_split_parent_id, x_split_cost, billed_cost, effective_cost
        from marts.focus_costs where x_source = 'aws' and x_split_cost is not null order by all"""
    ).fetchall()
    assert found == [
        ("1" * 12, "i-1", Decimal("10.8"), 0, 0),
        ("2" * 12, "i-1", 12, 0, 0),
        ("3" * 12, "i-1", 12, 0, 0),
    ]


def test_only_september_is_corrected(lines: duckdb.DuckDBPyConnection) -> None:
    found = lines.execute(
        """select charge_category, charge_class, count(*), sum(billed_cost) from marts.focus_costs
        where x_source = 'aws' and billing_account_id = '333333333333' and x_line_item_type = 'Refund'
        group by all order by all"""
    ).fetchall()
    assert found == [
        ("Adjustment", "Correction", 1, -2),
        ("Adjustment", None, 1, -4),
        ("Purchase", "Correction", 3, -30),
        ("Purchase", None, 1, -30),
    ]


def test_the_proof_is_green_and_warns_of_discounts_it_could_not_count(answers: list[dict[str, Any]]) -> None:
    assert [row for row in answers if not row["is_evaluated"]] == []
    by_hand = [row for row in answers if row["x_source"] in ("aws", "before", None) and not row["is_success"]]
    assert [row for row in by_hand if row["severity"] == "critical"] == []
    warned = {row["x_source"]: row for row in by_hand if row["expectation"] == "net_costs_are_whole"}
    assert (warned["aws"]["unexpected_count"], warned["aws"]["billing_period"]) == (1, "2026-10")
    assert "billing_account_id=222222222222, problem=lines without net cost" in warned["aws"]["sample"]
    assert "lines_without_net_cost=1, cost_without_net_cost=40.000000000000" in warned["aws"]["sample"]
    assert warned["before"]["unexpected_count"] == 2


def test_a_tax_that_names_no_account_keeps_the_proof_green(
    lines: duckdb.DuckDBPyConnection, answers: list[dict[str, Any]]
) -> None:
    found = lines.execute(
        """select x_source, sum(billed_cost) from marts.focus_costs
        where charge_category = 'Tax' and sub_account_id is null and x_source in ('aws', 'before', 'focus')
        group by all order by all"""
    ).fetchall()
    # Of the three payers of 9 each the first is net in the export as landed now.
    assert found == [("aws", Decimal("26.1")), ("before", 27), ("focus", 4)]
    assert is_green("aws", answers)
    assert is_green("before", answers)
    assert is_green("focus", answers)


def amount(column: str) -> str:
    """A raw amount as mlspend rounds each before it is added; generators write None where there is none."""
    return f"coalesce(cast(nullif(cast({column} as varchar), 'None') as decimal(38, 12)), 0)"


def test_the_workshop_month_costs_what_its_file_says(
    shared_data: Path, lines: duckdb.DuckDBPyConnection, answers: list[dict[str, Any]]
) -> None:
    """Billed 3505.3270 and amortised 3632.5598 are published with the file (AWS Well-Architected Labs, 200_4)."""
    effective = f"""case line_item_line_item_type
        when 'DiscountedUsage' then {amount("reservation_effective_cost")}
        when 'RIFee' then {amount("reservation_unused_amortized_upfront_fee_for_billing_period")}
            + {amount("reservation_unused_recurring_fee")}
        else {amount("line_item_unblended_cost")} end"""
    expected = duckdb.execute(
        f"""select line_item_line_item_type, line_item_product_code, line_item_usage_type, line_item_usage_account_id,
            coalesce(line_item_resource_id, '') = '' as has_no_resource, count(*),
            sum({amount("line_item_unblended_cost")}), sum({effective})
        from read_parquet('{shared_data / NOV2018}') group by all order by all"""
    ).fetchall()
    # A fee is one line there, and here the fee and the unused part of each day.
    found = lines.execute(
        """select x_line_item_type, x_service_code, x_usage_type, sub_account_id,
            resource_id is null or resource_id is not distinct from commitment_discount_id as has_no_resource,
            count(*) filter (commitment_discount_status is distinct from 'Unused'),
            sum(billed_cost), sum(effective_cost)
        from marts.focus_costs where x_source = 'workshop' group by all order by all"""
    ).fetchall()
    assert found == expected
    without = [row for row in found if row[4]]
    assert sum(row[5] for row in without) == 19889
    assert (f"{sum(row[6] for row in found):.4f}", f"{sum(row[7] for row in found):.4f}") == ("3505.3270", "3632.5598")
    assert is_green("workshop", answers)


def test_the_samples_cost_what_their_file_says_of_each_provider(
    shared_data: Path, lines: duckdb.DuckDBPyConnection, answers: list[dict[str, Any]]
) -> None:
    [file] = (shared_data / "focus-sample-data").rglob("*.csv*")
    expected = duckdb.execute(
        f"""select ProviderName, ChargeCategory, BillingCurrency, count(*), sum({amount("BilledCost")}),
            sum({amount("EffectiveCost")})
        from read_csv('{file}', all_varchar = true, nullstr = 'NULL') group by all order by all"""
    ).fetchall()
    found = lines.execute(
        """select provider_name, charge_category, billing_currency, count(*), sum(billed_cost), sum(effective_cost)
        from marts.focus_costs where x_source = 'samples' group by all order by all"""
    ).fetchall()
    assert found == expected
    assert {row[0] for row in found} == {"AWS", "Microsoft", "Oracle"}
    assert is_green("samples", answers)


def test_covered_usage_and_its_negations_cost_what_their_files_say(
    shared_data: Path, lines: duckdb.DuckDBPyConnection, answers: list[dict[str, Any]]
) -> None:
    months = {"2026-08": "20260801-20260901/80129f09*", "2026-09": "20260901-20261001/c0875933*"}
    for month, folder in months.items():
        cost, covered = amount('"lineItem/UnblendedCost"'), amount('"savingsPlan/SavingsPlanEffectiveCost"')
        type_ = '"lineItem/LineItemType"'
        expected = duckdb.execute(
            f"""select if({type_} like 'SavingsPlan%', 'SavingsPlan', {type_}) as row_class, "lineItem/ProductCode",
                count(*) filter ({type_} <> 'SavingsPlanNegation'), sum({cost}),
                sum(case {type_}
                    when 'SavingsPlanCoveredUsage' then {covered} when 'SavingsPlanNegation' then 0 else {cost} end)
            from read_csv('{shared_data / NISE}/cur/ml-cur/{folder}/*.csv.gz', all_varchar = true)
            group by all order by all"""
        ).fetchall()
        found = lines.execute(
            """select if(x_line_item_type like 'SavingsPlan%', 'SavingsPlan', x_line_item_type), x_service_code,
                count(*), sum(billed_cost), sum(effective_cost)
            from marts.focus_costs where x_source = 'nise' and billing_period = ? group by all order by all""",
            [month],
        ).fetchall()
        assert found == expected, month
        # Savings plans without a fee in the export: its use costs, and nothing of it is billed here.
        assert (found[0][0], found[0][3] < found[0][4]) == ("SavingsPlan", True)
    assert is_green("nise", answers)


def is_green(source: str, answers: list[dict[str, Any]]) -> bool:
    return not [
        row for row in answers if row["x_source"] == source and row["severity"] == "critical" and not row["is_success"]
    ]
