"""What Slack says of a click, whole and broken."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlspend.core.errors import ClickUnreadable
from mlspend.core.interactions import Subject, mark_decided, read_click
from tests.slack_clicks import ALERT_ID, click


def test_a_click_says_who_pressed_what_about_which_alert() -> None:
    read = read_click(click("not_mine", response_url="https://hooks.slack.com/actions/1"))
    assert read
    assert (read.action, read.subject, read.by) == ("not_mine", Subject("alert", ALERT_ID), "ada (U0000000001)")
    assert (read.response_url, read.message_ts) == ("https://hooks.slack.com/actions/1", "1.000000")


def test_two_clicks_are_two_and_one_told_twice_is_one() -> None:
    ids = {
        read.click_id
        for payload in (click(), click(), click(action_ts="2.0"), click(user="U2"), click("snooze"))
        if (read := read_click(payload))
    }
    assert len(ids) == 4


def changed(**changes: Any) -> dict[str, Any]:
    return {**click(), **changes}


@pytest.mark.parametrize(
    "payload",
    [
        changed(actions=[]),
        changed(actions=[*click()["actions"] * 2]),
        changed(actions=None),
        changed(actions=[{**click()["actions"][0], "value": None}]),
        changed(actions=[{"action_id": "mlspend_snooze"}]),
        changed(user=None),
        changed(user={"id": "<!channel>"}),
        click("delete"),
        click(about="alert:"),
        click(about="alert:a b"),
        click(about="alert:<!channel>"),
        click(about="budget:1"),
        click(about=f"alert:{'a' * 200}"),
    ],
)
def test_a_click_that_is_not_whole_is_refused(payload: dict[str, Any]) -> None:
    with pytest.raises(ClickUnreadable):
        read_click(payload)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(
    st.dictionaries(
        st.sampled_from(["actions", "user", "message", "container", "response_url"]),
        _JSON | st.lists(_JSON, max_size=1),
    )
)
def test_whatever_it_holds_nothing_else_is_raised(changes: dict[str, Any]) -> None:
    try:
        read = read_click({**click(), **changes})
    except ClickUnreadable:
        return
    assert read is None or isinstance(read.subject, Subject)


def test_a_name_cannot_call_anybody() -> None:
    read = read_click(changed(user={"id": "U2", "username": "<!channel> *ada* https://x.y"}))
    assert read
    assert read.by == "channel ada httpsx.y (U2)"


def test_the_decision_stands_above_the_buttons_and_replaces_the_one_before() -> None:
    first = read_click(click("acknowledge"))
    assert first
    marked = mark_decided(first, "acknowledged by ada")
    assert marked
    assert [block["type"] for block in marked] == ["header", "context", "actions"]
    payload = click("approve", action_ts="2.0")
    payload["message"]["blocks"] = marked
    second = read_click(payload)
    assert second
    marked = mark_decided(second, "approved by ada")
    assert marked
    # Nothing is left to decide.
    assert [block["type"] for block in marked] == ["header", "context"]
    assert marked[1]["elements"] == [{"type": "plain_text", "text": "approved by ada", "emoji": False}]


def test_in_a_message_of_several_alerts_only_its_own_row_is_marked() -> None:
    payload = click("approve")
    own = payload["message"]["blocks"][1]
    other = {**own, "block_id": "buttons_alert:other"}
    payload["message"]["blocks"] = [other, own, other | {"block_id": "buttons_alert:third"}]
    read = read_click(payload)
    assert read
    marked = mark_decided(read, "approved by ada")
    assert marked
    assert [block["block_id"] for block in marked] == [
        "buttons_alert:other",
        f"decided_alert:{ALERT_ID}",
        "buttons_alert:third",
    ]


def test_without_the_row_there_is_nothing_to_mark() -> None:
    read = read_click(changed(message={"blocks": []}))
    assert read
    assert mark_decided(read, "x") is None
