from decimal import Decimal
from typing import Any

from mlspend.core.cost_explorer import AccountMonth, compare, read_answers


def month(period: str, *groups: tuple[str, str, str], estimated: bool = False) -> dict[str, Any]:
    return {
        "TimePeriod": {"Start": f"{period}-01", "End": "x"},
        "Estimated": estimated,
        "Groups": [
            {
                "Keys": [account],
                "Metrics": {
                    "UnblendedCost": {"Amount": gross, "Unit": "USD"},
                    "NetUnblendedCost": {"Amount": net, "Unit": "USD"},
                },
            }
            for account, gross, net in groups
        ],
    }


def test_months_are_read_over_all_pages_net_where_the_bill_is() -> None:
    pages = [
        {"ResultsByTime": [month("2026-09", ("a", "10.5", "9")), month("2026-10", ("a", "1", "0.5"), estimated=True)]},
        {"ResultsByTime": [month("2026-10", ("b", "2", "1"), ("a", "0.25", "0"), estimated=True)]},
    ]
    assert read_answers(pages, ["2026-09"]) == (
        {
            ("2026-09", "a", "USD"): Decimal(9),
            ("2026-10", "a", "USD"): Decimal("1.25"),
            ("2026-10", "b", "USD"): Decimal(2),
        },
        {"2026-10"},
    )


def test_accounts_that_only_one_side_knows_are_told_and_those_without_money_are_not() -> None:
    published = {("2026-10", "a", "USD"): Decimal(5), ("2026-10", "free", "USD"): Decimal(0)}
    published |= {("2026-10", "ours", "USD"): Decimal(1), ("2026-08", "a", "USD"): Decimal(7)}
    found = {("2026-10", "a", "USD"): Decimal("5.02"), ("2026-10", "theirs", "USD"): Decimal(3)}
    rows = compare(published, found, ["2026-10"], {"2026-10"})
    assert rows == [
        AccountMonth("2026-10", "a", "USD", Decimal(5), Decimal("5.02"), is_estimated=True),
        AccountMonth("2026-10", "ours", "USD", Decimal(1), None, is_estimated=True),
        AccountMonth("2026-10", "theirs", "USD", None, Decimal(3), is_estimated=True),
    ]
    assert [row.difference for row in rows] == [Decimal("0.02"), Decimal(-1), Decimal(3)]
