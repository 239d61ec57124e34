"""What becomes of alerts at a look: opened, told, held, withheld, summarised, resolved. Nothing is sent here.

What is decided is written down before it is sent, and sent from there: a crash in between tells nothing twice.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from mlspend.core.alerts import (
    BUDGET_SPAN,
    PAGERDUTY,
    SUMMARY,
    WITHHELD,
    Alert,
    Candidate,
    Change,
    Event,
    Place,
    Rules,
    State,
    has_grown,
    rank_of,
)

# What returns within a week is the same thing, which comes and goes; after that nobody remembers the one before.
_ANOTHER_AFTER = timedelta(days=7)
# Where somebody may have heard of it, and not of its end. The outbox has reached nobody.
_HEARD = ("tried", "told", "acknowledge due")


@dataclass(frozen=True)
class Evaluation:
    """What a look could tell. An alert that it could not judge stays as it is: not opened, not told, not resolved.

    `kinds` were looked for; `red_sources` are sources whose data nobody should trust now. Of alerts that were not found
    again, those in `held` stay, those in `silent` end without a word: nothing shows that their matter is mended.
    """

    kinds: frozenset[str]
    red_sources: frozenset[str] = frozenset()
    held: frozenset[str] = frozenset()
    silent: frozenset[str] = frozenset()

    def covers(self, candidate: Candidate) -> bool:
        """Return whether the look could tell that this is there, or that it is not."""
        return candidate.kind in self.kinds and not self.red_sources & set(candidate.sources)


def judge(
    candidates: Iterable[Candidate],
    known: Collection[Alert],
    rules: Rules,
    evaluation: Evaluation,
    notified: Iterable[tuple[str | None, datetime]],
    now: datetime,
) -> list[Change]:
    """Return what changes at `now` among the `known` alerts and by the candidates found, the gravest first.

    `notified` are team and time of each message below critical that counts in the alert budget.
    """
    alerts = {alert.alert_id: alert for alert in known}
    spent: dict[str | None, int] = defaultdict(int)
    for team, at in notified:
        spent[team] += at > now - BUDGET_SPAN
    changes: dict[str, Change] = {}
    for found in sorted(map(rules.weigh, candidates), key=_gravity):
        if evaluation.covers(found) and found.alert_id not in changes:
            changes[found.alert_id] = _see(found, alerts.get(found.alert_id), rules, spent, now)
    for alert_id, alert in alerts.items():
        is_missing = alert.is_open and alert_id not in changes and alert_id not in evaluation.held
        if is_missing and evaluation.covers(alert.candidate):
            changes[alert_id] = end(alert, now, is_silent=alert_id in evaluation.silent)
    current = {**alerts, **{alert_id: change.alert for alert_id, change in changes.items()}}
    for change in _summarise(filter(lambda alert: evaluation.covers(alert.candidate), current.values()), rules, now):
        earlier = changes[change.alert.alert_id].events if change.alert.alert_id in changes else ()
        changes[change.alert.alert_id] = Change(change.alert, (*earlier, *change.events))
    return list(changes.values())


def _gravity(candidate: Candidate) -> tuple[object, ...]:
    return (-rank_of(candidate.severity), candidate.amount is None, -(candidate.amount or 0), candidate.alert_id)


def _see(found: Candidate, known: Alert | None, rules: Rules, spent: dict[str | None, int], now: datetime) -> Change:
    """Return what becomes of something that is there."""
    events = []
    if known is None:
        alert = Alert(found, opened_at=now, seen_at=now)
        events.append(_event(alert, "opened", now))
    else:
        alert = replace(known, candidate=found, seen_at=now)
    if alert.state == "snoozed" and alert.snoozed_until and now >= alert.snoozed_until:
        alert = replace(alert, state="open", snoozed_until=None)
    if alert.state == "approved" and not has_grown(found.amount, alert.notified_amount):
        return Change(alert)
    if not alert.is_open or (alert.eased_at and found.level != "info"):
        alert = _reopen(alert, now)
        events.append(_event(alert, "reopened", now))
    if found.level == "info" and _was_told(alert):
        # Still there, but no longer worth a word: for those who were told it is over.
        eased = replace(alert, eased_at=now, places=end_places(alert.places))
        return Change(eased, (*events, _event(alert, "eased", now)))
    if not _is_news(alert):
        return Change(alert, tuple(events))
    return _tell(alert, events, rules, spent, now)


def _reopen(alert: Alert, now: datetime) -> Alert:
    """Return an alert that is there again after it was over: gone, or told as over because it had eased."""
    over_at = alert.eased_at or alert.resolved_at
    # Nobody has heard yet that it was over: then it never was.
    back: dict[Place, Place] = {"end due": "told", "outbox end due": "outbox"}
    places = {name: back.get(place, place) for name, place in alert.places.items()}
    state: State = "not_mine" if alert.state == "not_mine" else "open"
    if over_at and now - over_at >= _ANOTHER_AFTER:
        alert = replace(alert, notified_level=None, notified_amount=None)
    # As information it is still over for those who were told.
    eased_at = over_at if alert.candidate.level == "info" else None
    return replace(alert, resolved_at=None, eased_at=eased_at, state=state, places=places)


def _is_news(alert: Alert) -> bool:
    """Return whether more is to be told than was told: the first time, a graver level or stage, grown by half."""
    found = alert.candidate
    rises = rank_of(found.severity) > rank_of(alert.notified_level)
    if found.level == "info":
        return False
    if alert.state == "snoozed":
        return found.level == "critical" and rises
    rises = rises or found.stage > alert.notified_stage
    return alert.notified_count == 0 or rises or has_grown(found.amount, alert.notified_amount)


def _tell(alert: Alert, events: list[Event], rules: Rules, spent: dict[str | None, int], now: datetime) -> Change:
    """Return the alert with its messages due; held in quiet hours, withheld where the alert budget is spent."""
    found, team = alert.candidate, rules.of(alert.team)
    destinations = team.destinations(found)
    if (team.is_quiet(now) and found.severity != "urgent") or not destinations:
        return Change(alert, tuple(events))
    is_counted = found.level != "critical"
    is_withheld = is_counted and spent[alert.team] >= team.weekly_budget
    kept = {name: place for name, place in alert.places.items() if name != WITHHELD and not name.startswith(SUMMARY)}
    # Where something was told before, the end is to be told even if this message never gets there.
    due: dict[str, Place] = {
        name: "tried" if kept.get(name) in (*_HEARD, "end due") else "due" for name in destinations
    }
    if is_withheld:
        due = {WITHHELD: "due"}
    if is_counted and not is_withheld:
        spent[alert.team] += 1
    told = replace(
        alert,
        state="not_mine" if alert.state == "not_mine" else "open",
        notified_at=now,
        notified_level=found.severity,
        notified_amount=found.amount,
        notified_stage=found.stage,
        notified_count=alert.notified_count + 1,
        places={**kept, **due},
    )
    return Change(told, (*events, _event(told, "withheld" if is_withheld else "notified", now)))


def end(alert: Alert, now: datetime, *, is_silent: bool = False) -> Change:
    """Return an alert whose matter is over. Who was told is told, unless `is_silent`; who was not is not."""
    ended = replace(alert, resolved_at=now, places=end_places(alert.places, is_silent=is_silent))
    return Change(ended, (_event(ended, "resolved", now),))


def end_places(places: Mapping[str, Place], *, is_silent: bool = False) -> dict[str, Place]:
    """Return the places with the end due where something was told, or may have been. PagerDuty always hears."""
    after: dict[str, Place] = {}
    for name, place in places.items():
        if name == WITHHELD or name.startswith(SUMMARY) or place == "due":
            continue
        is_over = place == "ended" or (is_silent and name != PAGERDUTY)
        begun_in_outbox = place in ("outbox", "outbox end due")
        after[name] = "ended" if is_over else "outbox end due" if begun_in_outbox else "end due"
    return after


def _was_told(alert: Alert) -> bool:
    return any(place in ("due", "outbox", *_HEARD) for place in alert.places.values())


def _summarise(alerts: Iterable[Alert], rules: Rules, now: datetime) -> Iterable[Change]:
    """Put what a team's budget withheld up to yesterday into one message, once on each of its days."""
    withheld: dict[str | None, list[Alert]] = defaultdict(list)
    for alert in alerts:
        if WITHHELD in alert.places:
            withheld[alert.team].append(alert)
    for name, several in withheld.items():
        team = rules.of(name)
        today = team.local_day(now)
        if team.is_quiet(now):
            continue
        for alert in several:
            if alert.notified_at and team.local_day(alert.notified_at) < today:
                places: dict[str, Place] = {key: place for key, place in alert.places.items() if key != WITHHELD}
                places[f"{SUMMARY}{today}"] = "due"
                yield Change(replace(alert, places=places), (_event(alert, "summarised", now),))


def _event(alert: Alert, event: str, now: datetime) -> Event:
    return Event(alert.alert_id, now, event, alert.team, level=alert.candidate.severity, amount=alert.candidate.amount)
