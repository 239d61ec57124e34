from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlspend.core.questions import Fault, Parameter, Question, parse_question, read_settings, write_in
from tests.questions.one_value import run

TEXT = """\
-- question: Which services cost most?
-- parameter start_date (date): the first day
-- parameter end_date (date): the day after
--    the last one
-- parameter limit (integer, default 10): rows
-- parameter budget (number): an amount
-- column cost: what it means
-- note: to know
-- published query: does not bind: a comma: two
-- published query: loses the end
select $start_date, $end_date, $limit, $budget -- not $5
"""


@pytest.fixture
def question() -> Question:
    return parse_question("x", TEXT)


def test_the_head_of_a_question_is_read(question: Question) -> None:
    assert question.question == "Which services cost most?"
    assert question.parameters == (
        Parameter("start_date", "date", None, "the first day"),
        Parameter("end_date", "date", None, "the day after the last one"),
        Parameter("limit", "integer", 10, "rows"),
        Parameter("budget", "number", None, "an amount"),
    )
    assert question.columns == {"cost": "what it means"}
    assert question.notes == ("to know",)
    assert question.faults == (Fault("does not bind", "a comma: two"), Fault("loses the end", ""))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("-- question: Which services cost most?\n", "-- note: none\n", "`-- question:`"),
        ("-- note: to know", "-- hint: to know", "hint"),
        ("loses the end", "is slow", "is slow"),
        ("$budget", "1", "budget"),
        ("$budget", "$budget, $more", "more"),
        ("default 10", "default ten", "whole number"),
    ],
)
def test_a_head_that_does_not_fit_its_query_is_refused(old: str, new: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        parse_question("x", TEXT.replace(old, new))


def test_values_come_from_the_settings_and_the_defaults(question: Question) -> None:
    values = read_settings(question, ["start_date=2026-10-01", "budget=12.50", "budget=13.50"])
    assert values == {"start_date": date(2026, 10, 1), "end_date": None, "limit": 10, "budget": Decimal("13.50")}


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (["limit"], "limit"),
        (["limits=1"], r"limit \(a whole number\)"),
        (["limit=1.5"], "limit: '1.5' is not a whole number"),
        (["limit="], "whole number"),
        (["budget=NaN"], "number"),
        (["start_date=1 October"], "2026-10-01"),
        (["start_date=2026-10-01", "end_date=2026-10-01"], "no day lies between"),
    ],
)
def test_settings_that_do_not_fit_are_refused_with_what_would(
    question: Question, settings: list[str], said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        read_settings(question, settings)


def test_the_head_is_left_as_it_is(question: Question) -> None:
    values = read_settings(question, ["start_date=2026-10-01"])
    assert write_in(question, values) == TEXT.replace("select $start_date", "select date '2026-10-01'").replace(
        "$end_date, $limit, $budget", "null, 10, null"
    )


@given(
    st.one_of(
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
        st.integers(-(2**40), 2**40),
        st.decimals(-(10**12), 10**12, places=6),
        st.dates(),
    )
)
def test_a_value_written_in_is_the_value(value: str | int | Decimal | date) -> None:
    text = "-- question: What?\n-- parameter value (text): it\nselect $value"
    assert run(write_in(parse_question("x", text), {"value": value})) == value
