from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlspend.core.deliveries import ControlTotal, Delivery, Receipt
from mlspend.core.errors import ExportsOverlap
from mlspend.core.shadows import TotalDifference, compare_totals, separate_shadows

MADE = datetime(2026, 11, 1, tzinfo=UTC)
KINDS = ("aws_cur2", "aws_focus", "focus")


def receipt(source: str, kind: str, accounts: str, period: str = "2026-10", cost: str = "1") -> Receipt:
    totals = tuple(ControlTotal(date(2026, 10, 1), account, "s", "USD", 1, Decimal(cost)) for account in accounts)
    return Receipt(Delivery(source, kind, period, "v", MADE, ()), "aws_cur", (), len(totals), totals)


def names(receipts: list[Receipt]) -> list[tuple[str, str]]:
    return [(one.delivery.source, one.delivery.period) for one in receipts]


def test_exports_of_other_accounts_or_periods_stand_side_by_side() -> None:
    held = [receipt("b", "focus", "B"), receipt("a", "aws_cur2", "A"), receipt("b", "focus", "A", "2026-09")]
    counting, shadows = separate_shadows(held, ())
    assert names(counting) == [("a", "2026-10"), ("b", "2026-09"), ("b", "2026-10")]
    assert shadows == []


@pytest.mark.parametrize(
    ("preferred", "counts"), [(("aws_focus", "aws_cur2"), "new"), (("aws_cur2", "aws_focus"), "old")]
)
def test_of_two_exports_of_an_account_and_period_the_preferred_kind_counts(
    preferred: tuple[str, ...], counts: str
) -> None:
    held = [
        receipt("old", "aws_cur2", "A"),
        receipt("new", "aws_focus", "A"),
        receipt("old", "aws_cur2", "A", "2026-09"),
    ]
    counting, [shadow] = separate_shadows(held, preferred)
    assert (counts, "2026-10") in names(counting)
    assert ("old", "2026-09") in names(counting)
    assert len(counting) == 2
    assert (shadow.preferred.delivery.source, shadow.receipt.delivery.source == counts) == (counts, False)


@pytest.mark.parametrize("preferred", [(), ("aws_cur2",), ("aws_focus",), ("focus", "aws_cur_legacy")])
def test_without_a_stated_preference_the_overlap_is_an_error_that_names_both(preferred: tuple[str, ...]) -> None:
    held = [receipt("old", "aws_cur2", "AB"), receipt("new", "aws_focus", "BC")]
    with pytest.raises(ExportsOverlap) as refusal:
        separate_shadows(held, preferred)
    for words in (
        "2026-10",
        "'old' (aws_cur2)",
        "'new' (aws_focus)",
        "account B",
        "preferred_kinds: [aws_cur2, aws_focus]",
    ):
        assert words in str(refusal.value)


def test_two_exports_of_one_kind_cannot_be_decided_by_kind() -> None:
    with pytest.raises(ExportsOverlap, match="one kind, so remove one of the two sources"):
        separate_shadows([receipt("a", "focus", "A"), receipt("b", "focus", "A")], KINDS)


def test_accounts_that_only_the_shadow_has_are_not_dropped() -> None:
    with pytest.raises(ExportsOverlap, match="'b' also holds B, which the preferred export does not"):
        separate_shadows([receipt("a", "aws_cur2", "A"), receipt("b", "focus", "AB")], KINDS)
    counting, [shadow] = separate_shadows(
        [receipt("a", "aws_cur2", "A"), receipt("c", "aws_focus", "B"), receipt("b", "focus", "AB")], KINDS
    )
    assert (names(counting), shadow.receipt.delivery.source) == ([("a", "2026-10"), ("c", "2026-10")], "b")


held_receipts = st.lists(
    st.builds(
        receipt,
        source=st.sampled_from("abcd"),
        kind=st.sampled_from(KINDS),
        accounts=st.sets(st.sampled_from("XYZ"), min_size=1).map(lambda found: "".join(sorted(found))),
        period=st.sampled_from(["2026-09", "2026-10"]),
    ),
    max_size=6,
    unique_by=lambda one: (one.delivery.source, one.delivery.period),
)


@given(held_receipts, st.permutations(KINDS), st.randoms())
def test_every_account_and_period_is_counted_exactly_once(
    held: list[Receipt], preferred: list[str], random: object
) -> None:
    def places(receipts: list[Receipt]) -> list[tuple[str, str]]:
        return [(account, one.delivery.period) for one in receipts for account in one.billing_accounts]

    try:
        counting, shadows = separate_shadows(held, preferred)
    except ExportsOverlap:
        assert len(places(held)) > len(set(places(held))), "only an overlap may be refused"
        return
    assert sorted(places(counting)) == sorted(set(places(held)))
    assert sorted(names(counting) + names([shadow.receipt for shadow in shadows])) == sorted(names(held))
    assert separate_shadows(list(reversed(held)), preferred) == (counting, shadows)


def test_a_shadow_is_compared_with_what_counts_day_by_day() -> None:
    [other] = receipt("a", "aws_cur2", "B").control_totals
    preferred = receipt("a", "aws_cur2", "A", cost="2.5")
    preferred = Receipt(preferred.delivery, "aws_cur", (), 2, (*preferred.control_totals, other))
    _, [shadow] = separate_shadows([preferred, receipt("b", "focus", "A", cost="2.4")], KINDS)
    [found] = compare_totals(shadow)
    assert found == TotalDifference(date(2026, 10, 1), "A", "USD", Decimal("2.4"), Decimal("2.5"))
    assert found.difference == Decimal("-0.1")
