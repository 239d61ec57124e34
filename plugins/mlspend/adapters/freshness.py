"""Which sources have stopped delivering, by the ledger; one notice per severity of a silence, and one when it ends."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from mlspend.adapters.alerting import freshness_message
from mlspend.adapters.config import Config
from mlspend.adapters.home import Home
from mlspend.adapters.ledger import Ledger
from mlspend.adapters.messages import sending, slack
from mlspend.core.errors import MessageRefused, MessageUndelivered, SourceOverdue
from mlspend.core.freshness import (
    Freshness,
    Rules,
    SeenDelivery,
    Severity,
    advise,
    choose_severity,
    describe,
    is_night,
    judge,
)

_log = logging.getLogger(__name__)
_NEVER = "never"


@dataclass(frozen=True)
class Notice:
    """What somebody should be told of a source now; `episode` is the last delivery before its silence."""

    freshness: Freshness
    severity: Severity
    episode: str

    @property
    def key(self) -> str:
        """What makes the notice be sent once: a silence once more where its source has another rhythm since."""
        rhythm = "" if self.severity == "recovered" else f"{self.freshness.rhythm / timedelta(hours=1):.0f}h/"
        return f"freshness/{self.freshness.source}/{self.episode}/{rhythm}{self.severity}"


def read(config: Config, ledger: Ledger, now: datetime) -> list[Freshness]:
    """Return how each configured source stands at `now`, in the order of the configuration.

    A source never asked about before is watched from `now` on.
    """
    seen: dict[str, list[SeenDelivery]] = {source.name: [] for source in config.sources}
    for row in ledger.deliveries():
        if row["source"] in seen:
            has_failed = row["rejection_reason"] is not None and row["landed_at"] is None
            seen[row["source"]].append(SeenDelivery(row["delivered_at"], row["seen_at"], has_failed))
    watched = ledger.watch(seen, now)
    return [
        judge(
            source.name,
            seen[source.name],
            configured_rhythm=timedelta(hours=source.rhythm_hours),
            watched_since=watched[source.name]["watched_since"],
            # What is announced would be known.
            looked_at=now if source.queue else watched[source.name]["looked_at"],
            critical_after=timedelta(hours=config.freshness.critical_after_hours),
            now=now,
        )
        for source in config.sources
    ]


def check(
    home: Home, config: Config, ledger: Ledger, now: datetime, token: str | None = None, base_url: str | None = None
) -> list[Freshness]:
    """Send what is due, then return how each source stands; SourceOverdue where any is critical.

    A notice that could not be sent is tried again by the next check. Where no source is critical, its error is raised.
    """
    sources = read(config, ledger, now)
    failures = []
    for notice in choose_notices(sources, _rules(config), ledger, now, is_outbox=not token):
        try:
            _send(notice, home, config, ledger, now, token, base_url)
        except (MessageRefused, MessageUndelivered) as error:
            _log.error("%s", error)
            failures.append(error)
    if critical := [each for each in sources if each.level == "critical"]:
        raise SourceOverdue("\n".join(f"{describe(each)}. {advise(each)}" for each in critical))
    if failures:
        raise failures[0]
    return sources


def choose_notices(
    sources: Iterable[Freshness], rules: Rules, ledger: Ledger, now: datetime, *, is_outbox: bool
) -> list[Notice]:
    """Return the notices due at `now` that are not out yet; those in the outbox count only where that is the place."""
    sent = {row["message_key"] for row in ledger.messages() if row["sent_at"]}
    place = "outbox/" if is_outbox else ""
    notices = []
    for each in sources:
        known = [key.removeprefix(place) for key in sent if key.startswith(f"{place}freshness/{each.source}/")]
        severity = choose_severity(each, rules, now)
        episode = _episode(each.last_delivered_at)
        silence = _last_silence(known)
        # A longer rhythm makes a source fresh too, but delivers nothing.
        has_delivered = silence is not None and _age_order(episode) > _age_order(silence)
        if severity:
            notice = Notice(each, severity, episode)
        elif silence and has_delivered and each.level == "fresh" and not is_night(rules, now):
            notice = Notice(each, "recovered", silence)
        else:
            continue
        if notice.key not in known:
            notices.append(notice)
    return notices


def _last_silence(keys: Sequence[str]) -> str | None:
    """Return the newest episode that notices were sent about, None where there is none."""
    episodes = {key.split("/")[2] for key in keys}
    return max(episodes, key=_age_order, default=None)


def _age_order(episode: str) -> str:
    return "" if episode == _NEVER else episode


def _episode(last_delivered_at: datetime | None) -> str:
    return f"{last_delivered_at:%Y%m%dT%H%M%SZ}" if last_delivered_at else _NEVER


def _send(
    notice: Notice,
    home: Home,
    config: Config,
    ledger: Ledger,
    now: datetime,
    token: str | None,
    base_url: str | None,
) -> None:
    channel = config.digest.channel
    if channel is None:
        _log.warning("nobody is told of %s: digest.channel is not set in mlspend.yml", notice.key)
        return
    payload: dict[str, Any] = slack.compose(
        channel,
        freshness_message.fallback_text(notice.freshness, notice.severity),
        freshness_message.render(notice.freshness, notice.severity),
        key=notice.key,
    )
    if token:
        # Nothing was said about a silence, or its end, before its last delivery.
        since = notice.freshness.since
        sending.send_once(payload, ledger, kind="alert", since=since, now=now, token=token, base_url=base_url)
    else:
        sending.write(home, notice.key, payload, ledger, kind="alert", now=now)


def _rules(config: Config) -> Rules:
    begins, ends = (time.fromisoformat(each) for each in config.freshness.night.split("-"))
    return Rules(
        critical_after=timedelta(hours=config.freshness.critical_after_hours),
        wake_after=timedelta(hours=config.freshness.wake_after_hours),
        night=(begins, ends),
        zone=ZoneInfo(config.freshness.time_zone),
    )
