"""The example company's exports look like AWS's own and their sums hold to the last digit."""

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from mlspend.adapters.example_company import BUCKET, EXPORT, PREFIX, write_exports

MONEY = "::decimal(38, 10)"


@pytest.fixture(scope="module")
def exports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("example")
    write_exports(folder)
    return folder


@pytest.fixture(scope="module")
def lines(exports: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with open_lines(exports) as connection:
        yield connection


def open_lines(folder: Path) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute("set TimeZone = 'UTC'")
    connection.execute(f"create view lines as from '{folder}/{PREFIX}/{EXPORT}/data/*/*.parquet'")
    return connection


def one(connection: duckdb.DuckDBPyConnection, sql: str) -> tuple[object, ...]:
    row = connection.execute(sql).fetchone()
    assert row is not None
    return row


def test_manifests_name_every_file_and_column(exports: Path) -> None:
    export = exports / PREFIX / EXPORT
    manifests = sorted((export / "metadata").glob("BILLING_PERIOD=*/*-Manifest.json"))
    assert [manifest.parent.name for manifest in manifests] == [
        f"BILLING_PERIOD=2026-{month}" for month in ("08", "09", "10")
    ]
    contents = [json.loads(manifest.read_text()) for manifest in manifests]
    assert len({content["executionId"] for content in contents}) == 3
    for manifest, content in zip(manifests, contents, strict=True):
        assert sorted(content) == ["additionalOutputFiles", "columns", "dataFiles", "executionId", "exportArn"]
        data = export / "data" / manifest.parent.name
        prefix = f"s3://{BUCKET}/{PREFIX}/{EXPORT}/data/{manifest.parent.name}/"
        assert sorted(content["dataFiles"]) == [prefix + file.name for file in sorted(data.iterdir())]
        assert len(content["dataFiles"]) > 1
        assert manifest.stat().st_mtime >= max(file.stat().st_mtime for file in data.iterdir())


def test_manifest_columns_are_those_of_the_files(exports: Path, lines: duckdb.DuckDBPyConnection) -> None:
    manifest = exports / PREFIX / EXPORT / "metadata" / "BILLING_PERIOD=2026-10" / f"{EXPORT}-Manifest.json"
    types = {
        "string": "VARCHAR",
        "map<string,string>": "MAP(VARCHAR, VARCHAR)",
        "map<string,double>": "MAP(VARCHAR, DOUBLE)",
    }
    promised = [
        (column["name"], types.get(column["type"], column["type"].upper()))
        for column in json.loads(manifest.read_text())["columns"]
    ]
    found = [(name, kind) for name, kind, *_ in lines.execute("describe lines").fetchall() if name != "BILLING_PERIOD"]
    assert found == promised
    assert len(found) == 125


def test_columns_have_the_types_of_a_real_export(lines: duckdb.DuckDBPyConnection) -> None:
    found = {name: kind for name, kind, *_ in lines.execute("describe lines").fetchall()}
    expected = {
        "bill_payer_account_id": "VARCHAR",
        "line_item_usage_account_id": "VARCHAR",
        "line_item_unblended_cost": "DOUBLE",
        "line_item_unblended_rate": "VARCHAR",
        "line_item_usage_start_date": "TIMESTAMP",
        "bill_billing_period_start_date": "TIMESTAMP",
        "reservation_start_time": "VARCHAR",
        "reservation_number_of_reservations": "VARCHAR",
        "savings_plan_savings_plan_rate": "DOUBLE",
        "split_line_item_split_cost": "DOUBLE",
        "resource_tags": "MAP(VARCHAR, VARCHAR)",
        "product": "MAP(VARCHAR, VARCHAR)",
        "cost_category": "MAP(VARCHAR, VARCHAR)",
        "discount": "MAP(VARCHAR, DOUBLE)",
    }
    assert {name: found.get(name) for name in expected} == expected
    assert not {"tags", "line_item_iam_principal"} & set(found)


def test_columns_are_those_that_aws_has(lines: duckdb.DuckDBPyConnection, shared_data: Path) -> None:
    types = {
        "string": "VARCHAR",
        "map<string,string>": "MAP(VARCHAR, VARCHAR)",
        "map<string,double>": "MAP(VARCHAR, DOUBLE)",
    }
    known = {
        column["name"]: types.get(column["type"], column["type"].upper())
        for column in json.loads((shared_data / "schemas" / "cur2_columns.json").read_text())
    }
    found = {name: kind for name, kind, *_ in lines.execute("describe lines").fetchall() if name != "BILLING_PERIOD"}
    assert found.items() <= known.items()


def test_every_kind_of_line_is_there(lines: duckdb.DuckDBPyConnection) -> None:
    found = {kind for (kind,) in lines.execute("select distinct line_item_line_item_type from lines").fetchall()}
    assert found == {
        "Usage", "DiscountedUsage", "SavingsPlanCoveredUsage", "SavingsPlanNegation", "SavingsPlanRecurringFee",
        "SavingsPlanUpfrontFee", "RIFee", "Fee", "Tax", "Credit", "Refund",
    }  # fmt: skip
    products = {code for (code,) in lines.execute("select distinct line_item_product_code from lines").fetchall()}
    assert products >= {
        "AmazonEC2", "AmazonSageMaker", "AmazonS3", "AmazonEKS", "AmazonCloudWatch", "AmazonBedrock",
        "ComputeSavingsPlans", "AWSSupportBusiness",
    }  # fmt: skip
    assert one(
        lines, "select count(distinct bill_billing_entity), count(distinct line_item_legal_entity) from lines"
    ) == (2, 2)


def test_size_of_the_bill_is_fit_for_a_demo(lines: duckdb.DuckDBPyConnection) -> None:
    rows = lines.execute(
        f"select count(*), sum(line_item_unblended_cost{MONEY}) from lines group by BILLING_PERIOD"
    ).fetchall()
    assert 40_000 < sum(count for count, _ in rows) < 60_000
    assert all(300_000 < cost < 700_000 for _, cost in rows)


def test_line_ids_are_keys_only_with_their_interval(lines: duckdb.DuckDBPyConnection) -> None:
    total, ids, keys, starts = one(
        lines,
        """
        select
            count(*),
            count(distinct identity_line_item_id),
            count(distinct (identity_line_item_id, identity_time_interval)),
            count(*) filter (where identity_time_interval
                = strftime(line_item_usage_start_date, '%Y-%m-%dT%H:%M:%SZ/')
                || strftime(line_item_usage_end_date, '%Y-%m-%dT%H:%M:%SZ'))
        from lines
        """,
    )
    assert ids < total / 10
    assert keys == starts == total


def test_reservations_are_used_or_unused_to_the_last_digit(lines: duckdb.DuckDBPyConnection) -> None:
    rows = lines.execute(
        f"""
        select
            sum(reservation_effective_cost{MONEY}) filter (where line_item_line_item_type = 'DiscountedUsage')
            + sum(reservation_unused_recurring_fee{MONEY})
            + sum(reservation_unused_amortized_upfront_fee_for_billing_period{MONEY}),
            sum(line_item_unblended_cost{MONEY}) filter (where line_item_line_item_type = 'RIFee')
            + sum(reservation_amortized_upfront_fee_for_billing_period{MONEY}),
            sum(reservation_unused_quantity)
        from lines
        where reservation_reservation_a_r_n is not null
        group by BILLING_PERIOD, reservation_reservation_a_r_n
        """
    ).fetchall()
    assert len(rows) == 9
    assert all(used == paid for used, paid, _ in rows)
    assert any(unused > 0 for _, _, unused in rows)


def test_upfront_fees_are_paid_once_and_stand_for_the_whole_term(lines: duckdb.DuckDBPyConnection) -> None:
    fees = lines.execute(
        f"""
        select line_item_line_item_type, BILLING_PERIOD, line_item_unblended_cost{MONEY}
        from lines
        where line_item_line_item_type = 'SavingsPlanUpfrontFee'
            or line_item_line_item_type = 'Fee' and reservation_reservation_a_r_n is not null
        order by 1
        """
    ).fetchall()
    assert fees == [
        ("Fee", "2026-08", Decimal("0.7636") * 365 * 24),
        ("SavingsPlanUpfrontFee", "2026-08", Decimal("4.9109") * (3 * 365 + 1) * 24),
    ]


def test_savings_plan_is_used_or_unused_to_the_last_digit(lines: duckdb.DuckDBPyConnection) -> None:
    fees = f"""
        sum(line_item_unblended_cost{MONEY} + savings_plan_amortized_upfront_commitment_for_billing_period{MONEY})
            filter (where line_item_line_item_type = 'SavingsPlanRecurringFee')"""
    unused = f"""
        sum(savings_plan_total_commitment_to_date{MONEY} - savings_plan_used_commitment{MONEY})
            filter (where line_item_line_item_type = 'SavingsPlanRecurringFee')"""
    covered = f"""
        sum(savings_plan_savings_plan_effective_cost{MONEY})
            filter (where line_item_line_item_type = 'SavingsPlanCoveredUsage')"""
    broken, unused_total = one(
        lines,
        f"""
        select count(*) filter (where paid is distinct from covered + unused), sum(unused)
        from (
            select {fees} as paid, {unused} as unused, {covered} as covered
            from lines
            where line_item_line_item_type in ('SavingsPlanRecurringFee', 'SavingsPlanCoveredUsage')
            group by line_item_usage_start_date
        )
        """,
    )
    assert broken == 0
    assert unused_total > 0


def test_amortised_cost_and_its_true_up_are_the_bill(lines: duckdb.DuckDBPyConnection) -> None:
    rows = lines.execute(
        f"""
        with charges as (
            select
                BILLING_PERIOD as period,
                line_item_line_item_type as type,
                line_item_unblended_cost{MONEY} as billed,
                reservation_reservation_a_r_n is not null as is_reservation,
                type = 'SavingsPlanUpfrontFee' or type = 'Fee' and is_reservation as is_upfront,
                case
                    when is_upfront or type = 'SavingsPlanNegation' then 0
                    when type = 'SavingsPlanCoveredUsage' then savings_plan_savings_plan_effective_cost
                    when type = 'SavingsPlanRecurringFee'
                        then savings_plan_total_commitment_to_date{MONEY} - savings_plan_used_commitment{MONEY}
                    when type = 'DiscountedUsage' then reservation_effective_cost
                    when type = 'RIFee' then reservation_unused_amortized_upfront_fee_for_billing_period{MONEY}
                        + reservation_unused_recurring_fee{MONEY}
                    else billed
                end{MONEY} as amortised,
                coalesce(
                    savings_plan_amortized_upfront_commitment_for_billing_period,
                    reservation_amortized_upfront_fee_for_billing_period,
                    0
                ){MONEY} as amortised_upfront
            from lines
        )

        select
            sum(billed),
            sum(amortised) - sum(amortised_upfront) + coalesce(sum(billed) filter (where is_upfront), 0)
        from charges
        group by period
        """
    ).fetchall()
    assert len(rows) == 3
    assert all(billed == restored for billed, restored in rows)


def test_negations_undo_what_the_savings_plan_covers(lines: duckdb.DuckDBPyConnection) -> None:
    groups, broken = one(
        lines,
        f"""
        select count(*), count(*) filter (where cost != 0)
        from (
            select sum(line_item_unblended_cost{MONEY}) as cost
            from lines
            where line_item_line_item_type in ('SavingsPlanNegation', 'SavingsPlanCoveredUsage')
            group by line_item_usage_account_id, line_item_usage_start_date
        )
        """,
    )
    assert groups > 1000
    assert broken == 0


def test_pods_share_the_whole_cost_of_their_node(lines: duckdb.DuckDBPyConnection) -> None:
    hours, broken, billed = one(
        lines,
        f"""
        with pods as (
            select
                split_line_item_parent_resource_id as node,
                line_item_usage_start_date as started,
                sum(split_line_item_split_cost{MONEY} + split_line_item_unused_cost{MONEY}) as cost,
                sum(line_item_unblended_cost{MONEY}) as billed
            from lines
            where line_item_operation = 'EKSPod-EC2'
            group by all
        )

        select
            count(*),
            count(*) filter (where pods.cost is distinct from nodes.savings_plan_savings_plan_effective_cost{MONEY}),
            sum(pods.billed)
        from pods
        left join lines as nodes
            on pods.node = nodes.line_item_resource_id and pods.started = nodes.line_item_usage_start_date
        """,
    )
    assert hours > 1000
    assert broken == 0
    assert billed == 0
    assert one(
        lines,
        "select count(*) / count(distinct (split_line_item_parent_resource_id, line_item_usage_start_date)),"
        " count(line_item_resource_id) = count(*) from lines where line_item_operation = 'EKSPod-EC2'",
    ) == (4, True)


def test_some_money_has_no_tags_or_the_wrong_ones(lines: duckdb.DuckDBPyConnection) -> None:
    (share,) = one(
        lines,
        f"""
        select sum(line_item_unblended_cost{MONEY}) filter (where cardinality(resource_tags) = 0)
            / sum(line_item_unblended_cost{MONEY})
        from lines
        where line_item_line_item_type in ('Usage', 'Tax', 'Credit', 'Refund')
        """,
    )
    assert 0.09 < share < 0.16
    keys = {key for (key,) in lines.execute("select distinct unnest(map_keys(resource_tags)) from lines").fetchall()}
    assert keys >= {
        "user_project",
        "user_Project",
        "user_ml_project",
        "user_proj",
        "user_team",
        "user_env",
        "user_stage",
    }
    projects = {p for (p,) in lines.execute("select distinct resource_tags['user_project'] from lines").fetchall()}
    assert projects >= {"recommender", "Recommender", "fraud-detection", "fraud_detection"}
    (purpose,) = one(lines, "select max(resource_tags['user_purpose']) from lines")
    assert {"'", '"', "\n", "🚀", ";"} <= set(str(purpose))


def test_invoices_are_open_and_refunds_late_as_on_a_real_bill(lines: duckdb.DuckDBPyConnection) -> None:
    invoiced = lines.execute(
        "select BILLING_PERIOD, count(bill_invoice_id) = 0, count(bill_invoice_id) = count(*)"
        " from lines group by all order by all"
    ).fetchall()
    assert invoiced == [("2026-08", False, True), ("2026-09", False, True), ("2026-10", True, False)]
    assert one(
        lines,
        "select bill_bill_type, BILLING_PERIOD, strftime(line_item_usage_start_date, '%Y-%m'),"
        " line_item_unblended_cost < 0 from lines where line_item_line_item_type = 'Refund'",
    ) == ("Refund", "2026-09", "2026-08", True)
    assert one(
        lines,
        "select count(*) > 0, count(line_item_resource_id), max(cardinality(resource_tags)) from lines"
        " where line_item_line_item_type = 'Tax'",
    ) == (True, 0, 0)


def test_last_whole_week_has_a_surprise(lines: duckdb.DuckDBPyConnection) -> None:
    weeks = lines.execute(
        f"""
        select sum(line_item_unblended_cost{MONEY})
        from lines
        where
            replace(resource_tags['user_project'], '_', '-') = 'fraud-detection'
            and line_item_usage_start_date >= timestamp '2026-10-12'
            and line_item_usage_start_date < timestamp '2026-10-26'
        group by date_trunc('week', line_item_usage_start_date)
        order by date_trunc('week', line_item_usage_start_date)
        """
    ).fetchall()
    assert weeks[1][0] > 5 * weeks[0][0]


def test_same_arguments_give_the_same_lines(exports: Path, tmp_path: Path) -> None:
    manifests = write_exports(tmp_path)
    # The sum of the rows' hashes does not depend on their order.
    fingerprint = "select BILLING_PERIOD, count(*), sum(hash(lines)) from lines group by all order by all"
    with open_lines(exports) as first, open_lines(tmp_path) as second:
        assert first.execute(fingerprint).fetchall() == second.execute(fingerprint).fetchall()
    for manifest in manifests:
        assert manifest.read_text() == (exports / manifest.relative_to(tmp_path)).read_text()


def test_scale_multiplies_the_lines(exports: Path, tmp_path: Path, lines: duckdb.DuckDBPyConnection) -> None:
    write_exports(tmp_path, scale=3, months=1)
    (once, resources) = one(
        lines, "select count(*), count(distinct line_item_resource_id) from lines where BILLING_PERIOD = '2026-10'"
    )
    with open_lines(tmp_path) as larger:
        (thrice, three_times_the_resources, keys) = one(
            larger,
            "select count(*), count(distinct line_item_resource_id),"
            " count(distinct (identity_line_item_id, identity_time_interval)) from lines",
        )
    assert 2.9 < thrice / once < 3.1
    assert three_times_the_resources > 2.8 * resources
    assert keys == thrice


def test_stale_part_files_go_and_nonsense_is_refused(tmp_path: Path) -> None:
    stale = tmp_path / PREFIX / EXPORT / "data" / "BILLING_PERIOD=2026-02" / f"{EXPORT}-00099.snappy.parquet"
    stale.parent.mkdir(parents=True)
    stale.touch()
    (manifest,) = write_exports(tmp_path, months=1, end="2026-02")
    assert not stale.exists()
    assert manifest.parent.name == "BILLING_PERIOD=2026-02"
    with pytest.raises(ValueError, match="scale 0"):
        write_exports(tmp_path, scale=0)
    with pytest.raises(ValueError, match="billing period"):
        write_exports(tmp_path, end="October")
