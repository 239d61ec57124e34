"""What a decision changes, and what is told of the thing afterwards."""

from mlspend.core.alert_decisions import first_hand_over
from mlspend.core.alerts import COMPANY, PAGERDUTY
from tests.handmade_alerts import TOLD, Store, found, hour


def test_acknowledged_is_told_again_when_it_grows_and_is_then_open_again() -> None:
    store = Store()
    store.look(found(level="critical"), at=0)
    assert "acknowledged by ines at 2 Nov 2026 11:00 UTC" in store.decide("acknowledge", 1)
    assert store.deliver() == [("a", PAGERDUTY, "acknowledge due")]
    assert "already" in store.decide("acknowledge", 2)
    assert store.look(found(level="critical", amount="149"), at=3) == []
    assert store.look(found(level="critical", amount="150"), at=4) == [*TOLD, ("a", PAGERDUTY, "due")]
    assert store.alerts[found().alert_id].state == "open"
    assert [event.event for event in store.events] == ["opened", "notified", "acknowledged", "notified"]


def test_snoozed_is_silent_until_then_unless_it_becomes_critical() -> None:
    store = Store()
    store.look(found(), at=0)
    store.decide("snooze", 1)
    assert store.look(found(amount="1000"), at=2) == []
    # What it has grown to meanwhile counts afterwards.
    assert store.look(found(amount="150"), at=24 * 7 + 1) == TOLD
    store.decide("snooze", 24 * 7 + 2)
    assert store.look(found(level="critical"), at=24 * 7 + 3) == [*TOLD, ("a", PAGERDUTY, "due")]


def test_not_mine_goes_to_the_company_once_and_stays_there() -> None:
    store = Store()
    store.look(found(), at=0)
    store.decide("not_mine", 1)
    assert store.deliver() == [("a", COMPANY, "due")]
    assert "already" in store.decide("not_mine", 2)
    assert store.look(found(amount="150"), at=3) == [("a", "#ml-spend", "due")]
    assert store.alerts[found().alert_id].state == "not_mine"


def test_what_is_handed_on_a_second_time_is_no_news_to_the_company() -> None:
    store = Store()
    store.look(found(), at=0)
    store.decide("not_mine", 1)
    assert store.deliver() == [("a", COMPANY, "due")]
    store.decide("acknowledge", 2)
    store.decide("not_mine", 3)
    assert store.deliver() == []
    handed_on = first_hand_over(store.events)
    assert handed_on
    assert handed_on.happened_at == hour(1)


def test_approved_is_closed_for_good_unless_it_grows_by_half() -> None:
    store = Store()
    store.look(found(level="critical"), at=0)
    store.look(found(level="critical", amount="120"), at=1)
    store.decide("approve", 2)
    # PagerDuty closes its incident; in Slack the answer has been seen.
    assert store.deliver() == [("a", PAGERDUTY, "end due")]
    assert store.look(found(level="critical", amount="179"), at=3) == []
    assert store.look(at=4) == []
    assert "approved as intended by ines" in store.decide("acknowledge", 5)
    # Half as much again as the 120 that were approved.
    assert store.look(found(level="critical", amount="180"), at=6) == [*TOLD, ("a", PAGERDUTY, "due")]
    assert store.alerts[found().alert_id].is_open


def test_a_decision_about_what_is_over_changes_nothing_and_says_so() -> None:
    store = Store()
    store.look(found(), at=0)
    store.look(at=1)
    before = dict(store.alerts), list(store.events)
    assert "resolved by itself at 2 Nov 2026 11:00 UTC, nothing was changed" in store.decide("acknowledge", 2)
    assert before == (store.alerts, store.events)
