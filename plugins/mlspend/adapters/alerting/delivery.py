"""Sends what is due of alerts, each message once: to Slack or the outbox, and to PagerDuty.

What is due stands in the ledger before anything is sent, so a crash, a lost answer or a destination that is away leaves
it due for the next run.
"""

import logging
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from mlspend.adapters import config as config_file
from mlspend.adapters.alerting import alert_message, pagerduty
from mlspend.adapters.alerting.access import Access
from mlspend.adapters.config import Config
from mlspend.adapters.config_alerts import rules_of
from mlspend.adapters.home import Home
from mlspend.adapters.ledger import Ledger
from mlspend.adapters.messages import sending, slack_parts
from mlspend.adapters.messages.message import Message
from mlspend.core.alert_decisions import first_hand_over
from mlspend.core.alerts import COMPANY, KINDS, PAGERDUTY, SUMMARY, WITHHELD, Alert, Place
from mlspend.core.errors import MessageRefused, MessageUndelivered, MlspendError
from mlspend.core.hashes import hash_of

_log = logging.getLogger(__name__)
# Slack's clock is not ours; a message is looked for from a little before it was decided on.
_CLOCKS_APART = timedelta(hours=1)
_PAGERDUTY_EVENTS: dict[Place, pagerduty.Event] = {
    "due": "trigger",
    "tried": "trigger",
    "acknowledge due": "acknowledge",
    "end due": "resolve",
}


@dataclass(frozen=True)
class Sent:
    """One message that went out; `place` is where it stands, None for PagerDuty."""

    alert_id: str
    destination: str
    what: str
    place: str | None = None


def send_due(
    home: Home,
    config: Config,
    ledger: Ledger,
    now: datetime,
    access: Access,
    *,
    kinds: Collection[str] = KINDS,
    is_pagerduty_only: bool = False,
    clock: Callable[[], datetime] = sending.utc_now,
) -> list[Sent]:
    """Send what is due of alerts of `kinds` at `now`, dated by the `clock`, and return what went out.

    One message's failure keeps no other back; then all are raised as one error, MessageUndelivered if any may pass.
    """
    sender = _Sender(home, config, ledger, now, access, clock)
    summaries: dict[tuple[str | None, str], list[Alert]] = defaultdict(list)
    for alert in ledger.alerts():
        for destination, place in alert.places.items() if alert.candidate.kind in kinds else ():
            if destination == PAGERDUTY:
                sender.page(alert, place)
            elif is_pagerduty_only or destination == WITHHELD:
                continue
            elif destination.startswith(SUMMARY):
                summaries[alert.team, destination].append(alert)
            else:
                sender.post(alert, destination, place)
    for (team, destination), alerts in summaries.items():
        sender.summarise(team, destination, [each for each in alerts if each.places[destination] == "due"])
    sender.raise_failures()
    return sender.sent


def page(home: Home, now: datetime, access: Access) -> None:
    """Tell PagerDuty at once what somebody decided. What fails is logged, and tried again by the next run."""
    if not access.pagerduty_key:
        return
    try:
        with Ledger.open(home) as ledger:
            send_due(home, config_file.load(), ledger, now, access, is_pagerduty_only=True)
    except MlspendError as error:
        _log.warning("PagerDuty does not know yet what was decided: %s", error)


class _Sender:
    def __init__(
        self,
        home: Home,
        config: Config,
        ledger: Ledger,
        now: datetime,
        access: Access,
        clock: Callable[[], datetime],
    ) -> None:
        self.home, self.config, self.ledger, self.now, self.access = home, config, ledger, now, access
        self.clock = clock
        self.rules = rules_of(config)
        self.sent: list[Sent] = []
        self.failures: list[MessageRefused | MessageUndelivered] = []

    def raise_failures(self) -> None:
        """Raise what could not be sent as one error, MessageUndelivered if any of it may pass with time."""
        if self.failures:
            kind = next((type(each) for each in self.failures if isinstance(each, MessageUndelivered)), MessageRefused)
            raise kind("\n".join(map(str, self.failures)))

    def page(self, alert: Alert, place: Place) -> None:
        """Send PagerDuty's event; without a key it stays due."""
        event = _PAGERDUTY_EVENTS.get(place)
        key, url = self.access.pagerduty_key, self.access.pagerduty_url
        if event is None or not key:
            return
        if event == "trigger" and self._is_held(alert):
            return
        after: Place = "ended" if event == "resolve" else "told"
        # An event whose answer is lost may have been taken: then its end must be told, too.
        begun: Place = "tried" if event == "trigger" else place
        if not self.ledger.record_place(alert.alert_id, PAGERDUTY, before=place, after=begun):
            # Somebody has decided about it since.
            return
        place = begun
        with self._failures():
            pagerduty.send(alert, event, key=key, url=url, company=self.config.company)
            self.ledger.record_place(alert.alert_id, PAGERDUTY, before=place, after=after)
            self.sent.append(Sent(alert.alert_id, PAGERDUTY, event))

    def post(self, alert: Alert, destination: str, place: Place) -> None:
        """Post an alert or its end in a channel, or write it to the outbox."""
        # What lies in the outbox has reached nobody.
        is_outdated = place == "outbox" and self.access.slack_token and alert.is_open
        if place not in ("due", "tried", "end due", "outbox end due") and not is_outdated:
            return
        if place == "outbox end due" and self.access.slack_token:
            # Nobody was told of the beginning.
            self.ledger.record_place(alert.alert_id, destination, before=place, after="ended")
            return
        channel = self.config.digest.channel if destination == COMPANY else destination
        is_end = place in ("end due", "outbox end due")
        if channel is None or self._is_held(alert, is_end=is_end):
            return
        if destination == COMPANY and channel in alert.places:
            # The team has no channel of its own: the company has read it already, and reads of its end there.
            self.ledger.record_place(alert.alert_id, destination, before=place, after="ended")
            return
        message = self._message(alert, destination, channel, is_end=is_end)
        if not is_end and self.access.slack_token:
            if not self.ledger.record_place(alert.alert_id, destination, before=place, after="tried"):
                return
            place = "tried"
        told: Place = "told" if self.access.slack_token else "outbox"
        with self._failures(lambda: self._give_back(alert, destination, message.key)):
            since = (alert.resolved_at if is_end else alert.notified_at) or alert.opened_at
            stands = self._deliver(message, since)
            self.ledger.record_place(alert.alert_id, destination, before=place, after="ended" if is_end else told)
            if stands:
                self.sent.append(Sent(alert.alert_id, channel, "end" if is_end else "alert", stands))

    def summarise(self, team: str | None, destination: str, alerts: list[Alert]) -> None:
        """Post what the alert budget of a team held back as one message."""
        rules = self.rules.of(team)
        if not alerts or rules.channel is None or rules.is_quiet(self.now):
            return
        day = destination.removeprefix(SUMMARY)
        message = Message(
            channel=rules.channel,
            key=f"alert-summary/{hash_of([team])[:12]}/{day}/{rules.channel}",
            text=slack_parts.escape(alert_message.summary_title(alerts)),
            blocks=alert_message.render_summary(alerts),
            folder=f"alerts/summary/{day}/{hash_of([team])[:12]}",
        )
        told: Place = "told" if self.access.slack_token else "outbox"
        with self._failures():
            stands = self._deliver(message, min(alert.opened_at for alert in alerts))
            for alert in alerts:
                self.ledger.record_place(alert.alert_id, destination, before="due", after=told)
            if stands:
                self.sent.append(Sent("", rules.channel, "summary", stands))

    def _deliver(self, message: Message, since: datetime) -> str | None:
        return sending.deliver(
            message,
            self.home,
            self.ledger,
            kind="alert",
            since=since - _CLOCKS_APART,
            clock=self.clock,
            token=self.access.slack_token,
            base_url=self.access.slack_url,
        )

    def _give_back(self, alert: Alert, destination: str, key: str) -> None:
        """Nothing was posted for certain where no claim is left: should the alert end now, nobody need be told."""
        before = alert.places[destination]
        if before in ("due", "outbox") and self.ledger.message(key) is None:
            self.ledger.record_place(alert.alert_id, destination, before="tried", after=before)

    def _is_held(self, alert: Alert, *, is_end: bool = False) -> bool:
        """Tell whether it must wait for the end of the quiet hours; an end always does."""
        is_urgent = alert.candidate.severity == "urgent" and not is_end
        return self.rules.of(alert.team).is_quiet(self.now) and not is_urgent

    def _message(self, alert: Alert, destination: str, channel: str, *, is_end: bool) -> Message:
        step, by = str(alert.notified_count), None
        if destination == COMPANY and not is_end:
            handed_on = first_hand_over(self.ledger.alert_events(alert.alert_id))
            if handed_on:
                step, by = f"not-mine-{handed_on.happened_at:%Y%m%dT%H%M%SZ}", handed_on.by
        what = "ended" if is_end else alert.notified_level
        folder = f"alerts/{alert.alert_id}/{step}/{what}"
        return Message(
            channel=channel,
            key=f"{folder}/{channel}",
            text=slack_parts.escape(alert_message.title(alert, is_end=is_end)),
            blocks=alert_message.render_end(alert, self.now) if is_end else alert_message.render(alert, by=by),
            folder=folder,
        )

    @contextmanager
    def _failures(self, after: Callable[[], None] | None = None) -> Iterator[None]:
        try:
            yield
        except (MessageRefused, MessageUndelivered) as error:
            _log.error("%s", error)
            self.failures.append(error)
            if after:
                after()
