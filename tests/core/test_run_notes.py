"""What the note beside a run says, and that it always fits."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from mlspend.core.deliveries import Build, Delivery, Partition
from mlspend.core.run_notes import LONGEST_NOTE, describe_build, describe_landing, shorten

NEWEST = datetime(2026, 11, 2, 5, 10, tzinfo=UTC)


def row(period: str, status: str, *, age: int = 0, reason: str = "", source: str = "aws") -> dict[str, Any]:
    return {
        "source": source,
        "billing_period": period,
        "version": f"{period}-{status}",
        "status": status,
        "delivered_at": NEWEST - timedelta(days=age),
        "reason": reason,
        "rejection_reason": reason or None,
    }


def test_it_says_what_landed_what_is_known_and_why_the_rest_is_not_used() -> None:
    delivery = Delivery("aws", "aws_cur2", "2026-09", "2026-09-rejected", NEWEST, ())
    deliveries = [
        row("2026-10", "landed"),
        row("2026-10", "superseded", age=1),
        row("2026-09", "rejected", age=2, reason=f"{delivery}: lines-1.parquet\n  is cut off"),
        row("2026-10", "rejected", source="gcp"),
    ]
    assert describe_landing("aws", {"2026-10": 12345}, deliveries).splitlines() == [
        "aws: landed 2026-10 (12,345 lines)",
        "ledger: 1 landed, 1 rejected, 1 superseded; newest delivery 2026-11-02 05:10 UTC",
        "superseded 2026-10 version 2026-10-supe",
        "rejected 2026-09 version 2026-09-reje: lines-1.parquet is cut off",
    ]


def test_a_run_that_found_nothing_says_so() -> None:
    assert describe_landing("aws", {}, []) == "aws: landed nothing new"


def test_of_many_unused_deliveries_the_newest_are_told() -> None:
    deliveries = [row("2026-10", "ignored", age=age) | {"version": f"v{age}"} for age in range(9)]
    told = describe_landing("aws", {}, deliveries).splitlines()[2:]
    assert told == [f"ignored 2026-10 version v{age}" for age in range(4)]


def test_what_waits_is_counted_and_told_only_where_an_attempt_failed() -> None:
    waiting = [row("2026-08", "seen"), row("2026-09", "seen", reason="to be tried again: the bucket did not answer")]
    told = describe_landing("aws", {}, waiting).splitlines()[1:]
    assert told[0].startswith("ledger: 2 seen;")
    assert told[1:] == ["seen 2026-09 version 2026-09-seen: to be tried again: the bucket did not answer"]


def test_a_build_names_what_it_wrote_anew() -> None:
    parts = (Partition("aws", "2026-09", "v"), Partition("aws", "2026-10", "v"))
    build = Build("b1", "1.0", "hash", "warehouse.duckdb", "plan", parts, parts[1:])
    assert describe_build(build) == "built b1: aws 2026-10"
    unchanged = Build("b1", "1.0", "hash", "", "", parts, (), is_unchanged=True)
    assert describe_build(unchanged).startswith("nothing to build")


@given(
    st.dictionaries(st.text(max_size=12), st.integers(0, 10**12), max_size=60),
    st.lists(
        st.tuples(st.sampled_from(["landed", "superseded", "ignored", "rejected"]), st.text(max_size=300)), max_size=8
    ),
)
def test_it_fits_whatever_happened(landed: dict[str, int], others: list[tuple[str, str]]) -> None:
    rows = [row("2026-10", status, reason=reason) | {"version": reason} for status, reason in others]
    note = describe_landing("aws", landed, rows)
    assert len(shorten(note)) <= LONGEST_NOTE
    # Whatever else there is to tell, what the ledger holds is told.
    assert not rows or "ledger: " in note[:LONGEST_NOTE]
    assert "\0" not in shorten(note)
