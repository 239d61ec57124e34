"""Receipts survive the way through JSON unchanged: amounts to the last digit, times with their zone."""

from datetime import UTC, date, datetime
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from mlspend.core.deliveries import ControlTotal, Delivery, ExportFile, Receipt

TEXT = st.text(max_size=12)
TEXTS = st.lists(TEXT, max_size=3).map(tuple)
AMOUNTS = st.decimals(min_value=-(10**20), max_value=10**20, places=12, allow_nan=False)
TIMES = st.datetimes(min_value=datetime(2000, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis wants it naive

DELIVERIES = st.builds(
    Delivery,
    source=TEXT,
    export_kind=TEXT,
    period=TEXT,
    version=TEXT,
    delivered_at=TIMES,
    files=st.lists(st.builds(ExportFile, TEXT, st.integers(-1, 2**50), st.none() | TEXT), max_size=3).map(tuple),
    manifest_uri=st.none() | TEXT,
    selects_period=st.booleans(),
)
RECEIPTS = st.builds(
    Receipt,
    delivery=DELIVERIES,
    shape=TEXT,
    landed_files=TEXTS,
    row_count=st.integers(0, 2**50),
    control_totals=st.lists(
        st.builds(ControlTotal, st.dates(date(2000, 1, 1)), TEXT, TEXT, TEXT, st.integers(0, 2**50), AMOUNTS),
        max_size=3,
    ).map(tuple),
    tag_keys=TEXTS,
    absent_columns=TEXTS,
    extra_columns=TEXTS,
    rejected_rows=st.dictionaries(TEXT, st.integers(0, 2**40), max_size=3),
    column_types=st.dictionaries(TEXT, TEXT, max_size=3),
)


@settings(max_examples=40)
@given(RECEIPTS)
def test_a_receipt_comes_back_from_json_as_it_was(receipt: Receipt) -> None:
    assert Receipt.from_json(receipt.to_json()) == receipt


def test_a_receipt_tells_the_currency_of_each_account() -> None:
    delivery = Delivery("aws", "aws_cur2", "2026-10", "v1", datetime(2026, 11, 1, tzinfo=UTC), ())
    totals = (
        ControlTotal(date(2026, 10, 1), "1", "a", "USD", 1, Decimal("0.1")),
        ControlTotal(date(2026, 10, 1), "2", "a", "EUR", 1, Decimal("0.1")),
    )
    receipt = Receipt(delivery, "aws_cur", (), 2, totals)
    assert receipt.currencies == {"1": "USD", "2": "EUR"}
    assert str(delivery) == "source 'aws', billing period 2026-10, version v1"
