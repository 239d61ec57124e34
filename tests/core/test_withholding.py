"""Which red gates hold a digest of 2026-W43 (19 to 25 October) back."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from mlspend.core.digest import Coverage
from mlspend.core.gates import RedGate
from mlspend.core.weeks import Week
from mlspend.core.withholding import cause_of, choose_gates

WEEK = Week.parse("2026-W43")
SINCE = datetime(2026, 10, 26, 6, tzinfo=UTC)
SCHEMA = RedGate("aws", "2026-10", "schema", SINCE, ("a column is gone",), SINCE - timedelta(days=1))
SILENT = RedGate("aws", None, "freshness", SINCE, ("silent",), SINCE - timedelta(days=2))
UNPROVED = RedGate("", None, "unproved", SINCE, ("2 of 9 failed",), SINCE)
COVERED = [Coverage("aws", "USD", date(2026, 10, 1), date(2026, 10, 25))]
ENDS_BEFORE = [Coverage("aws", "USD", date(2026, 10, 1), date(2026, 10, 24))]


@pytest.mark.parametrize(
    ("gate", "sources", "coverage", "holds"),
    [
        pytest.param(SCHEMA, None, COVERED, True, id="the company reads every source"),
        pytest.param(SCHEMA, {"aws"}, COVERED, True, id="a source of the team"),
        pytest.param(SCHEMA, {"gcp"}, COVERED, False, id="a source the team has no spend in"),
        pytest.param(replace(SCHEMA, billing_period="2026-09"), None, COVERED, False, id="a month before"),
        pytest.param(replace(SCHEMA, billing_period="2026-11"), None, COVERED, True, id="the month so far"),
        pytest.param(UNPROVED, {"gcp"}, COVERED, True, id="a gate of everything"),
        pytest.param(SILENT, {"aws"}, COVERED, False, id="silent, but the week is there"),
        pytest.param(SILENT, {"aws"}, ENDS_BEFORE, True, id="silent, and a day is missing"),
        pytest.param(SILENT, None, [], True, id="never delivered"),
        pytest.param(SILENT, {"gcp"}, ENDS_BEFORE, False, id="silence elsewhere"),
        pytest.param(
            SILENT,
            {"aws"},
            [*COVERED, Coverage("aws", "EUR", date(2026, 1, 1), date(2026, 3, 1))],
            False,
            id="a currency that ended long ago",
        ),
    ],
)
def test_what_a_digest_reads_holds_it_back(
    gate: RedGate, sources: set[str] | None, coverage: list[Coverage], holds: bool
) -> None:
    assert choose_gates([gate], WEEK, sources, coverage) == ((gate,) if holds else ())


def test_a_week_that_begins_in_the_month_before_reads_that_month_too() -> None:
    # The week before W45 begins on 26 October.
    assert choose_gates([SCHEMA], Week.parse("2026-W45"), None, COVERED)
    assert not choose_gates([SCHEMA], Week.parse("2026-W46"), None, COVERED)


def test_a_cause_is_the_same_as_long_as_the_same_is_wrong() -> None:
    assert cause_of(SCHEMA) == cause_of(replace(SCHEMA, sentences=("a column is gone for 3 hours",)))
    others = [
        SCHEMA,
        SILENT,
        UNPROVED,
        replace(SCHEMA, since=SINCE + timedelta(hours=1)),
        replace(SCHEMA, kind="drift"),
        replace(SCHEMA, billing_period="2026-11"),
        replace(SCHEMA, x_source="gcp"),
    ]
    assert len({cause_of(each) for each in others}) == len(others)
