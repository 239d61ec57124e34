"""What becomes of alerts: examples worked out by hand, then any history at all, against what must always hold."""

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from mlspend.core.alert_decisions import decide
from mlspend.core.alerts import (
    COMPANY,
    PAGERDUTY,
    SUMMARY,
    WITHHELD,
    Candidate,
    Event,
    Place,
    Route,
    Rules,
)
from tests.handmade_alerts import ENDED, EVERYTHING, RULES, START, TEAM, TOLD, Store, found, hour


def test_a_thing_is_told_once_and_again_when_it_has_grown_by_half_or_is_graver() -> None:
    store = Store()
    assert store.look(found(amount="100"), at=0) == TOLD
    assert store.look(found(amount="149.99"), at=1) == []
    assert store.look(found(amount="150"), at=2) == TOLD
    # Half as much again as what was told last, not as at first.
    assert store.look(found(amount="224"), at=3) == []
    assert store.look(found(amount="224", level="critical"), at=4) == [*TOLD, ("a", PAGERDUTY, "due")]
    assert store.look(found(amount="224", level="critical"), at=5) == []
    assert store.look(found(amount="224", level="warning"), at=6) == []


def test_it_ends_by_itself_once_and_what_returns_is_no_news() -> None:
    store = Store()
    store.look(found(level="critical"), at=0)
    assert store.look(at=1) == [("a", "#risk", "end due"), ("a", PAGERDUTY, "end due")]
    assert store.look(at=2) == []
    assert store.look(found(level="critical"), at=3) == []
    assert store.look(at=4) == []
    assert [event.event for event in store.events] == ["opened", "notified", "resolved", "reopened", "resolved"]
    # Grown since it was told, it is told anew, and so is its end.
    assert store.look(found(amount="150"), at=5) == TOLD
    assert store.look(at=6) == [("a", "#risk", "end due")]


@pytest.mark.parametrize(("hours_gone", "told"), [(24 * 7 - 1, []), (24 * 7, TOLD)])
def test_what_returns_after_a_week_is_another_one(hours_gone: float, told: list[tuple[str, str, str]]) -> None:
    store = Store()
    store.look(found(), at=0)
    store.look(at=1)
    assert store.look(found(), at=1 + hours_gone) == told


def test_the_end_is_told_where_something_was_told_though_the_last_message_never_left() -> None:
    store = Store()
    store.look(found(), at=0)
    store.judge([found(level="critical")], hour(1))
    assert store.look(at=2) == ENDED
    # Nor does it get lost where the end was about to be told, too.
    store.look(found("b"), at=3)
    store.judge([found("b", level="info")], hour(4))
    store.judge([found("b", level="critical")], hour(5))
    assert store.look(at=6) == [("b", "#risk", "end due")]


def test_what_returns_before_anybody_heard_of_its_end_never_ended() -> None:
    store = Store()
    store.look(found(), at=0)
    store.judge([], hour(1))
    store.judge([found()], hour(2))
    assert store.deliver() == []
    assert store.look(at=3) == ENDED


def test_what_could_not_be_looked_at_stays_as_it_is() -> None:
    store = Store()
    store.look(found(), at=0)
    assert store.look(at=1, kinds=frozenset({"data_stopped"})) == []
    assert store.look(found("b"), found(amount="900"), at=2, red_sources=frozenset({"aws"})) == []
    assert store.look(at=3, held=frozenset({found().alert_id})) == []
    [alert] = store.alerts.values()
    assert (alert.is_open, alert.candidate.amount) == (True, Decimal(100))
    assert store.look(found("c", sources=("focus",)), at=4, red_sources=frozenset({"aws"})) == [("c", "#risk", "due")]


def test_an_end_that_proves_nothing_is_told_to_pagerduty_alone() -> None:
    store = Store()
    store.look(found(level="critical"), at=0)
    assert store.look(at=1, silent=frozenset({found().alert_id})) == [("a", PAGERDUTY, "end due")]


@pytest.mark.parametrize(
    ("candidate", "at", "told_at"),
    [
        # Quiet hours are 22 to 7 o'clock, hours 12 to 21 from START on.
        (found(), 13, 21),
        (found(level="critical"), 20.9, 21),
        (found(level="critical", is_urgent=True), 13, 13),
    ],
)
def test_quiet_hours_hold_what_is_not_urgent_and_it_is_told_after_them_if_it_is_still_true(
    candidate: Candidate, at: float, told_at: float
) -> None:
    store = Store()
    told = [now for now in (at, 20.95, 21, 22) if store.look(candidate, at=now)]
    assert told == [told_at]
    passing = Store()
    passing.look(found(), at=13)
    assert passing.look(at=21) == []


def test_quiet_hours_are_the_teams_own_by_its_own_clock() -> None:
    tokyo = replace(TEAM, zone=ZoneInfo("Asia/Tokyo"))
    store = Store(Rules({None: TEAM, "risk": tokyo}))
    # 10:00 in UTC is 19:00 in Tokyo, 13:00 is 22:00.
    assert store.look(found(), at=0) == TOLD
    assert store.look(found(), found("b"), at=3) == []


def test_beyond_the_budget_warnings_are_summarised_the_next_day_and_critical_goes_out() -> None:
    store = Store()
    assert store.look(*(found(name, amount) for name, amount in zip("abcd", "4321", strict=True)), at=0) == [
        ("a", "#risk", "due"),
        ("b", "#risk", "due"),
    ]
    everything = [found(name, amount) for name, amount in zip("abcd", "4321", strict=True)]
    critical = found("e", level="critical")
    assert ("e", PAGERDUTY, "due") in store.look(*everything, critical, at=1)
    # d is over before anybody reads of it.
    summary = store.look(*everything[:3], critical, at=24)
    assert summary == [("c", f"{SUMMARY}2026-11-03", "due")]
    assert store.look(*everything[:3], critical, at=25) == []
    # Seven days after the first two there is room again, for what is new.
    assert store.look(*everything[:3], critical, found("f"), at=24 * 7 - 1) == []
    assert store.look(*everything[:3], critical, found("g"), at=24 * 7)[:1] == [("g", "#risk", "due")]


def test_the_end_of_what_was_only_summarised_needs_no_word() -> None:
    store = Store(Rules({None: TEAM, "risk": replace(TEAM, weekly_budget=0)}))
    assert store.look(found(), at=0) == []
    assert store.look(found(), at=24) == [("a", f"{SUMMARY}2026-11-03", "due")]
    assert store.look(at=25) == []


def test_what_eases_to_information_ends_for_those_who_were_told() -> None:
    store = Store()
    store.look(found(), at=0)
    assert store.look(found(level="info"), at=1) == ENDED
    assert store.look(found(level="info"), at=2) == []
    assert store.look(at=3) == []


def test_any_money_is_news_where_none_was_told_of_and_so_is_a_graver_stage() -> None:
    store = Store(Rules({None: TEAM, "risk": replace(TEAM, weekly_budget=3)}))
    assert store.look(found(amount="0"), at=0) == TOLD
    assert store.look(found(amount="0"), at=1) == []
    assert store.look(found(amount="9000"), at=2) == TOLD
    assert store.look(found(amount="9000", stage=1), at=3) == TOLD
    assert store.look(found(amount="9000", stage=1), at=4) == []
    assert store.look(found(amount="9000"), at=5) == []
    assert store.look(found(amount="9000", stage=1), at=6) == []
    approved = Store()
    approved.look(found(amount="0"), at=0)
    approved.decide("approve", at=1)
    assert approved.look(found(amount="0"), at=2) == []
    assert approved.look(found(amount="9000"), at=3) == TOLD


@pytest.mark.parametrize(("hours_eased", "told"), [(24 * 7 - 1, []), (24 * 7, TOLD)])
@pytest.mark.parametrize("is_gone_between", [False, True])
def test_what_was_told_as_over_because_it_eased_is_over(
    hours_eased: float, told: list[tuple[str, str, str]], *, is_gone_between: bool
) -> None:
    store = Store()
    store.look(found(), at=0)
    assert store.look(found(level="info"), at=1) == ENDED
    if is_gone_between:
        store.look(at=2)
        assert store.look(found(level="info"), at=3) == []
    assert store.look(found(), at=1 + hours_eased) == told
    # And what was told anew has an end of its own.
    assert store.look(found(level="info"), at=24 * 9) == (ENDED if told else [])


def test_what_eased_before_anybody_heard_of_it_never_did() -> None:
    store = Store()
    store.look(found(), at=0)
    store.judge([found(level="info")], hour(1))
    store.judge([found()], hour(2))
    assert store.deliver() == []
    assert store.look(at=3) == ENDED


def test_what_is_not_the_teams_is_the_companys_when_it_returns_too() -> None:
    store = Store()
    store.look(found(), at=0)
    store.decide("not_mine", at=1)
    store.look(at=2)
    assert store.look(found(amount="150"), at=3) == [("a", "#ml-spend", "due")]


def test_a_summary_says_nothing_on_bad_data_nor_at_night() -> None:
    store = Store(Rules({None: TEAM, "risk": replace(TEAM, weekly_budget=0)}))
    store.look(found(), at=0)
    # Hour 16 is two in the morning of the next day.
    assert store.look(found(), at=16) == []
    assert store.look(found(), at=24, red_sources=frozenset({"aws"})) == []
    assert store.look(found(), at=25) == [("a", f"{SUMMARY}2026-11-03", "due")]


def test_a_kind_that_is_off_or_an_amount_too_small_is_written_down_and_told_to_nobody() -> None:
    rules = Rules({None: TEAM, "risk": replace(TEAM, minimum=Decimal(200))}, off=frozenset({"drift"}))
    store = Store(rules)
    assert store.look(found(amount="199.99"), found("b", None, kind="drift"), at=0) == []
    assert [alert.candidate.level for alert in store.alerts.values()] == ["info", "info"]
    assert store.look(found(amount="200"), at=1) == TOLD


def test_runaway_spend_is_told_though_its_kind_is_off_or_its_amount_too_small() -> None:
    store = Store(Rules({None: TEAM, "risk": replace(TEAM, minimum=Decimal(5000))}, off=frozenset({"anomaly"})))
    assert store.look(found(amount="9000"), at=0) == []
    runaway = found(amount="4000", level="critical", is_urgent=True)
    assert store.look(runaway, at=1) == [*TOLD, ("a", PAGERDUTY, "due")]


def test_the_first_route_that_fits_says_where_it_goes() -> None:
    routes = (Route("budget", None, "#budgets", None), Route(None, "critical", None, False))
    store = Store(Rules({None: TEAM, "risk": replace(TEAM, routes=routes)}))
    assert store.look(found("a", "2", kind="budget", level="critical"), found("b", "1", level="critical"), at=0) == [
        ("a", "#budgets", "due"),
        ("a", PAGERDUTY, "due"),
        ("b", "#risk", "due"),
    ]


def test_what_has_nowhere_to_go_is_told_once_it_has() -> None:
    store = Store(Rules({None: replace(TEAM, channel=None)}))
    assert store.look(found(), at=0) == []
    store.rules = RULES
    assert store.look(found(), at=1) == TOLD


# Any history

AMOUNTS = st.sampled_from([None, *map(Decimal, (100, 100, 120, 149, 150, 225, 1000))])
LEVELS = st.sampled_from(["info", "warning", "warning", "warning", "critical", "urgent"])
THINGS = ("a", "b", "c", "d", "e")
# What becomes of some things between two looks: gone (None), or there with an amount and a severity.
CHANGES = st.dictionaries(st.sampled_from(THINGS), st.none() | st.tuples(AMOUNTS, LEVELS), max_size=5)
EVERY_MESSAGE = 1_000


class Histories(RuleBasedStateMachine):
    """Things come, grow, go; data is red; messages fail or are interrupted; people decide: at any hour.

    What must hold is worked out anew here, from what was there and what left.
    """

    def __init__(self) -> None:
        super().__init__()
        self.store = Store()
        self.now = START
        self.present: dict[str, Candidate] = {}
        # When what left first: alert id, place, step, what. By this key a message is sent once, however often tried.
        self.sent: dict[tuple[str, str, Any, str], datetime] = {}

    @rule(
        hours=st.sampled_from([0, 1, 1, 3, 5, 11, 24, 80, 24 * 7]),
        changes=CHANGES,
        is_red=st.sampled_from([False] * 5 + [True]),
        survives=st.sampled_from([EVERY_MESSAGE] * 4 + [0, 1, 2, 3]),
        is_recorded=st.booleans(),
    )
    def look(self, hours: int, changes: dict[str, Any], is_red: bool, survives: int, is_recorded: bool) -> None:
        """Judge, then send until it is killed: `survives` messages leave, the last is perhaps not recorded."""
        self.now += timedelta(hours=hours)
        for name, change in changes.items():
            if change is None:
                self.present.pop(name, None)
            else:
                amount, level = change
                is_urgent = level == "urgent"
                candidate = found(name, None, "critical" if is_urgent else level, is_urgent=is_urgent)
                self.present[name] = replace(candidate, amount=amount)
        before = dict(self.store.alerts)
        evaluation = replace(EVERYTHING, red_sources=frozenset({"aws"} if is_red else ()))
        self.store.judge(list(self.present.values()), self.now, evaluation)
        if is_red:
            # On bad data nothing is opened, told, summarised or resolved.
            assert self.store.alerts == before
        else:
            self.check_what_is_there()
        self.send(survives, is_recorded=is_recorded)

    def check_what_is_there(self) -> None:
        """Whatever is gone is resolved; whatever is there is open, or was approved."""
        there = {candidate.alert_id for candidate in self.present.values()}
        for alert_id, alert in self.store.alerts.items():
            assert alert.is_open == (alert_id in there and alert.state != "approved")
        assert there <= set(self.store.alerts)

    @rule(name=st.sampled_from(THINGS), action=st.sampled_from(["acknowledge", "snooze", "approve", "not_mine"]))
    def decide(self, name: str, action: Any) -> None:
        alert = self.store.alerts.get(found(name).alert_id)
        if alert:
            change, said = decide(alert, action, by="ines", now=self.now, snooze=timedelta(days=7))
            assert said
            self.store.write([change] if change else [])
            again, _ = decide(self.store.alerts[alert.alert_id], action, by="ines", now=self.now, snooze=timedelta(7))
            assert again is None

    def send(self, survives: int, *, is_recorded: bool = True) -> None:
        for alert in list(self.store.alerts.values()):
            for place, stands in alert.places.items():
                if place == WITHHELD or stands in ("told", "ended"):
                    continue
                # As the sender does: an end waits for the morning, and so does what could not be sent before.
                may_break_quiet = place == PAGERDUTY or (alert.candidate.severity == "urgent" and stands != "end due")
                if is_night(self.now) and not may_break_quiet:
                    continue
                if not survives:
                    return
                survives -= 1
                self.deliver(alert.alert_id, place, stands, is_recorded=bool(survives) or is_recorded)

    def deliver(self, alert_id: str, place: str, stands: str, *, is_recorded: bool) -> None:
        alert = self.store.alerts[alert_id]
        step: Any = alert.notified_count if place != COMPANY else "not mine"
        self.sent.setdefault((alert_id, place, step, stands.replace("tried", "due")), self.now)
        after: Place = "ended" if stands == "end due" else "told"
        if not is_recorded:
            after = "end due" if stands == "end due" else "tried" if stands != "acknowledge due" else "acknowledge due"
        self.store.alerts[alert_id] = replace(alert, places={**alert.places, place: after})

    @invariant()
    def nothing_is_told_twice_without_growth_or_a_graver_level(self) -> None:
        graver = ["info", "warning", "critical", "urgent"]
        told: dict[str, Event] = {}
        snoozed: dict[str, datetime] = {}
        others = another_ones(self.store.events)
        for number, event in enumerate(self.store.events):
            if event.event in ("notified", "withheld"):
                if earlier := told.get(event.alert_id):
                    is_half_more = event.amount and earlier.amount and event.amount * 2 >= earlier.amount * 3
                    rises = graver.index(event.level or "") > graver.index(earlier.level or "")
                    assert is_half_more or rises
                    is_asleep = event.happened_at < snoozed.get(event.alert_id, START)
                    assert not is_asleep or (rises and event.level in ("critical", "urgent"))
                snoozed.pop(event.alert_id, None)
                told[event.alert_id] = event
            elif event.event == "snoozed":
                snoozed[event.alert_id] = event.happened_at + timedelta(days=7)
            elif event.event in ("acknowledged", "not_mine", "approved"):
                snoozed.pop(event.alert_id, None)
            if event.event == "reopened":
                snoozed.pop(event.alert_id, None)
                if number in others:
                    told.pop(event.alert_id, None)
            elif event.event == "approved" and event.alert_id in told:
                told[event.alert_id] = replace(told[event.alert_id], amount=event.amount)

    @invariant()
    def the_budget_is_two_warnings_in_any_seven_days_and_is_used(self) -> None:
        warned = [e for e in self.store.events if e.event == "notified" and e.level == "warning"]
        for team in {event.team for event in self.store.events}:
            times = [event.happened_at for event in warned if event.team == team]
            for first in times:
                assert sum(first <= at < first + timedelta(days=7) for at in times) <= 2
            # Nothing is withheld while there is room, and nothing critical ever.
            for event in self.store.events:
                if event.event == "withheld" and event.team == team:
                    assert event.level == "warning"
                    week = event.happened_at - timedelta(days=7)
                    assert sum(week < at <= event.happened_at for at in times) == 2

    @invariant()
    def at_most_one_summary_a_day_of_what_was_withheld_before(self) -> None:
        moments = {(e.team, e.happened_at) for e in self.store.events if e.event == "summarised"}
        days = Counter((team, at.date()) for team, at in moments)
        assert all(number == 1 for number in days.values())
        withheld: dict[str, datetime] = {}
        for event in self.store.events:
            if event.event == "withheld":
                withheld[event.alert_id] = event.happened_at
            elif event.event == "summarised":
                assert withheld[event.alert_id].date() < event.happened_at.date()

    @invariant()
    def quiet_hours_are_broken_by_urgent_alone(self) -> None:
        for event in self.store.events:
            if event.event in ("notified", "withheld", "summarised") and is_night(event.happened_at):
                assert (event.event, event.level) == ("notified", "urgent")

    @invariant()
    def what_is_there_by_day_was_told(self) -> None:
        """Unless somebody decided otherwise: nothing is held for ever."""
        if is_night(self.now):
            return
        for alert in self.store.alerts.values():
            if (
                alert.is_open
                and alert.state == "open"
                and alert.candidate.level != "info"
                and alert.seen_at == self.now
            ):
                assert alert.notified_count > 0

    @invariant()
    def no_end_is_told_of_what_was_not_told(self) -> None:
        for alert_id, place, step, what in self.sent:
            if what == "end due":
                last = step if isinstance(step, int) else 0
                begun = {(alert_id, place, number, "due") for number in (*range(1, last + 1), "not mine")}
                assert begun & set(self.sent)

    def teardown(self) -> None:
        """Everything goes; when all that is due has left, whoever was told has been told of its end."""
        self.present.clear()
        for _ in range(3):
            self.now = (self.now + timedelta(days=8)).replace(hour=12)
            self.store.judge([], self.now)
            self.send(EVERY_MESSAGE)
        for alert in self.store.alerts.values():
            assert not alert.is_open
            assert set(alert.places.values()) <= {"ended"}
        approved = {event.alert_id for event in self.store.events if event.event == "approved"}
        for alert_id, place, step, what in self.sent:
            # Of what was only summarised, or called intended, no end is told.
            if what == "due" and isinstance(step, int) and not place.startswith(SUMMARY) and alert_id not in approved:
                ends = [sent for sent in self.sent if (sent[0], sent[1], sent[3]) == (alert_id, place, "end due")]
                assert any(sent[2] >= step for sent in ends)
        super().teardown()


def another_ones(events: list[Event]) -> set[int]:
    """Return which events are returns after a week or more; what eased was told as over then, whenever it was gone."""
    over: dict[str, datetime] = {}
    found = set()
    for number, event in enumerate(events):
        if event.event in ("resolved", "eased", "approved"):
            over.setdefault(event.alert_id, event.happened_at)
        elif event.event == "reopened":
            if event.happened_at - over[event.alert_id] >= timedelta(days=7):
                found.add(number)
            if event.level != "info":
                del over[event.alert_id]
    return found


def is_night(now: datetime) -> bool:
    return now.hour >= 22 or now.hour < 7


Histories.TestCase.settings = settings(max_examples=100, stateful_step_count=25, deadline=None)
TestHistories = Histories.TestCase
