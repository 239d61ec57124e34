"""What somebody decides about an alert, and the sentence that tells what now holds."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from mlspend.core import wording
from mlspend.core.alert_judgement import end_places
from mlspend.core.alerts import COMPANY, PAGERDUTY, Action, Alert, Change, Event, Place, State

_STATES: dict[Action, State] = {
    "acknowledge": "acknowledged",
    "snooze": "snoozed",
    "not_mine": "not_mine",
    "approve": "approved",
}
_WORDS: dict[State, str] = {
    "open": "open",
    "acknowledged": "acknowledged",
    "snoozed": "snoozed",
    "not_mine": "handed to the company's channel",
    "approved": "approved as intended",
}


def decide(alert: Alert, action: Action, *, by: str, now: datetime, snooze: timedelta) -> tuple[Change | None, str]:
    """Return what `action` changes, None where nothing, and a sentence that tells what now holds.

    The same decision again changes nothing, nor does any about an alert that is over.
    """
    title = wording.one_line(alert.candidate.title, 100)
    if alert.state == "approved":
        return None, f"{title}: {describe(alert)}. It is told again when it has grown by half."
    if alert.resolved_at:
        return None, f"{title}: resolved by itself at {wording.moment(alert.resolved_at)}, nothing was changed."
    state = _STATES[action]
    is_again = alert.state == state and (state != "snoozed" or (alert.snoozed_until or now) > now)
    if is_again:
        return None, f"{title}: {describe(alert)} already. {_promise(alert)}"
    decided = replace(
        alert,
        state=state,
        state_by=by,
        state_at=now,
        snoozed_until=now + snooze if state == "snoozed" else None,
        resolved_at=now if state == "approved" else None,
        # Growth counts from what was seen when it was decided.
        notified_amount=alert.candidate.amount if state == "approved" else alert.notified_amount,
        places=_places(alert, state),
    )
    level, amount = alert.candidate.severity, alert.candidate.amount
    event = Event(alert.alert_id, now, state, alert.candidate.team, by=by, level=level, amount=amount)
    return Change(decided, (event,)), f"{title}: {describe(decided)}. {_promise(decided)}"


def describe(alert: Alert) -> str:
    """Return the state of an alert in words: who decided what, and when."""
    if alert.state == "open" or alert.state_at is None:
        return "open"
    until = f" until {wording.moment(alert.snoozed_until)}" if alert.snoozed_until else ""
    return f"{_WORDS[alert.state]}{until} by {alert.state_by} at {wording.moment(alert.state_at)}"


def first_hand_over(events: Iterable[Event]) -> Event | None:
    """Return who handed an alert to the company, the first time since it was last over; `events` oldest first."""
    first = None
    for event in events:
        if event.event in ("resolved", "eased", "approved"):
            first = None
        elif event.event == "not_mine":
            first = first or event
    return first


def _promise(alert: Alert) -> str:
    if alert.state == "approved":
        return "It is closed, and told again only when it has grown by half."
    if alert.state == "snoozed":
        return "Until then it is told only when it becomes critical; it ends by itself when its cause is gone."
    if alert.state == "not_mine":
        return "It counts against the rule that raised it, and the team hears no more of it."
    return "It is told again only when it grows by half or becomes graver; it ends by itself when its cause is gone."


def _places(alert: Alert, state: State) -> dict[str, Place]:
    if state == "approved":
        # PagerDuty keeps an incident open until it is told; whoever decided in Slack has seen the answer there.
        return end_places(alert.places, is_silent=True)
    places = dict(alert.places)
    if state == "not_mine" and alert.candidate.team is not None and places.get(COMPANY, "ended") == "ended":
        places[COMPANY] = "due"
    if state in ("acknowledged", "snoozed"):
        # Nobody is called any more for what somebody has seen.
        if places.get(PAGERDUTY) == "due":
            del places[PAGERDUTY]
        elif places.get(PAGERDUTY) in ("tried", "told"):
            places[PAGERDUTY] = "acknowledge due" if state == "acknowledged" else "told"
    return places
