"""Known answers: exports made by others, landed to the cent."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from mlspend.adapters.home import Home
from mlspend.adapters.landing import discover, land
from mlspend.core.deliveries import Receipt
from mlspend.core.errors import ExportContractBroken
from tests.aws_exports import landed

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def land_all(location: Path, home: Home) -> list[Receipt]:
    return [land(each, home, known_currencies={}, now=NOW) for each in discover(str(location), "aws")]


def land_begun(location: Path, home: Home) -> list[Receipt]:
    """Land all but the last month, which must be refused: the generated report has an October that never began."""
    *begun, empty = discover(str(location), "aws")
    with pytest.raises(ExportContractBroken, match="no line in"):
        land(empty, home, known_currencies={}, now=NOW)
    return [land(each, home, known_currencies={}, now=NOW) for each in begun]


def billed(receipt: Receipt) -> Decimal:
    return sum((total.billed_cost for total in receipt.control_totals), Decimal(0))


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("aws-well-architected-labs/BeforeCUR.gz", [("2019-11", 7850, "89.1706")]),
        ("koku-testdata/test_local_bucket", [("2018-08", 13380, "143227.7637")]),
        ("koku-testdata/test_local_bucket_prefix", [("2018-08", 6190, "29684.7807")]),
        (
            "nise-generated/aws-legacy-cur",
            [("2026-08", 5952, "3350.8400"), ("2026-09", 6120, "3611.3600")],
        ),
        ("focus-sample-data", [("2024-09", 999, "20.2802"), ("2024-10", 1, "0.2400")]),
        ("focus-converters-testdata/aws", [("2023-11", 1281, "1.6823")]),
        ("focus-data-toolkit-generated/1.2", [("2026-05", 6000, "193087.0090")]),
    ],
    ids=lambda value: value.rsplit("/", 1)[-1] if isinstance(value, str) else "",
)
def test_rows_and_billed_cost(shared_data: Path, home: Home, path: str, expected: list[tuple[str, int, str]]) -> None:
    receipts = (land_begun if path.startswith("nise") else land_all)(shared_data / path, home)
    found = [(receipt.delivery.period, receipt.row_count, f"{billed(receipt):.4f}") for receipt in receipts]
    assert found == expected
    for receipt in receipts:
        cost = "billed_cost" if receipt.shape == "focus" else "line_item_unblended_cost"
        [(rows, total)] = landed(home, receipt, "count(*)", f"coalesce(sum({cost}), 0)")
        assert (rows, total) == (receipt.row_count, billed(receipt))


def test_only_the_newest_assembly_of_a_month_counts(shared_data: Path, home: Home) -> None:
    receipts = land_begun(shared_data / "nise-generated" / "aws-legacy-cur", home)
    assert [receipt.delivery.version[:8] for receipt in receipts] == ["80129f09", "c0875933"]
    assert {"user:Team", "user:team"} <= set(receipts[0].tag_keys)


def test_the_focus_sample_has_three_providers_and_two_spellings_of_org(shared_data: Path, home: Home) -> None:
    receipt, _ = land_all(shared_data / "focus-sample-data", home)
    assert {"org", " org"} <= set(receipt.tag_keys)
    assert len(receipt.currencies) == 3
    [(nulls,)] = landed(home, receipt, "count(*) filter (where resource_id = 'NULL' or region_id = 'NULL')")
    assert nulls == 0


def test_nov2018_keeps_products_tags_and_reservations(shared_data: Path, home: Home) -> None:
    [receipt] = land_all(shared_data / "aws-well-architected-labs/Nov2018-WorkshopCUR-00001.snappy.parquet", home)
    assert (receipt.row_count, f"{billed(receipt):.4f}") == (124340, "3505.3270")
    [(fees, effective, tagged, billed_cost)] = landed(
        home,
        receipt,
        "count(*) filter (where line_item_line_item_type = 'RIFee')",
        "sum(case when line_item_line_item_type = 'DiscountedUsage' then reservation_effective_cost "
        "when line_item_line_item_type = 'RIFee' then reservation_unused_amortized_upfront_fee_for_billing_period "
        "+ reservation_unused_recurring_fee else line_item_unblended_cost end)",
        "count(*) filter (where tags['user_cost_center'] is not null)",
        "sum(line_item_unblended_cost)",
    )
    assert billed_cost == billed(receipt)
    assert fees == 9
    assert f"{effective:.4f}" == "3632.5598"
    assert tagged > 0
    assert receipt.extra_columns == ()
