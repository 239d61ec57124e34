"""Alerts about sources that have stopped delivering: critical past the rhythm, urgent where nobody has mended it."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from mlspend.adapters import freshness
from mlspend.adapters.alerting import delivery
from mlspend.adapters.alerting.access import Access
from mlspend.adapters.alerting.looking import Found, look
from mlspend.adapters.config import Config
from mlspend.adapters.home import Home
from mlspend.adapters.ledger import Ledger
from mlspend.adapters.messages.sending import utc_now
from mlspend.core import wording
from mlspend.core.alerts import Alert, Candidate
from mlspend.core.errors import MessageRefused, MessageUndelivered, SourceOverdue
from mlspend.core.freshness import Freshness, advise, describe

KIND = "data_stopped"
_NEVER = "never"


def check(
    home: Home,
    config: Config,
    ledger: Ledger,
    now: datetime,
    access: Access,
    *,
    clock: Callable[[], datetime] = utc_now,
) -> list[Freshness]:
    """Send what is due about silent sources, then return how each stands; SourceOverdue where any is critical.

    A message that could not be sent is tried again by the next check. Where no source is critical, its error is raised.
    """
    sources = freshness.read(config, ledger, now)
    look(config, ledger, [find(sources, config, ledger)], now)
    failure = None
    try:
        delivery.send_due(home, config, ledger, now, access, kinds={KIND}, clock=clock)
    except (MessageRefused, MessageUndelivered) as error:
        failure = error
    if critical := [each for each in sources if each.level == "critical"]:
        raise SourceOverdue("\n".join(f"{describe(each)}. {advise(each)}" for each in critical))
    if failure:
        raise failure
    return sources


def find(sources: Iterable[Freshness], config: Config, ledger: Ledger) -> Found:
    """Return what there is to tell of the `sources`; one that is not critical any more ends by a new delivery only."""
    by_name = {each.source: each for each in sources}
    wake_after = timedelta(hours=config.freshness.wake_after_hours)
    candidates = [_candidate(each, config, wake_after) for each in by_name.values() if each.level == "critical"]
    found = {each.alert_id for each in candidates}
    missing = [alert for alert in ledger.open_alerts() if alert.candidate.kind == KIND and alert.alert_id not in found]
    held, silent = set(), set()
    for alert in missing:
        source = by_name.get(alert.candidate.scope)
        if source is None or not _has_delivered_since(alert, source) or source.level == "critical":
            # Configured otherwise or not at all, or silent anew: that is told, if at all, by another alert.
            silent.add(alert.alert_id)
        elif source.level == "late":
            held.add(alert.alert_id)
    return Found(tuple(candidates), frozenset({KIND}), frozenset(held), frozenset(silent))


def _candidate(found: Freshness, config: Config, wake_after: timedelta) -> Candidate:
    never = found.last_delivered_at is None
    stopped = "has never delivered" if never else "has stopped delivering"
    rhythm = f"{found.rhythm / timedelta(hours=1):.0f}h"
    limits = config.freshness
    return Candidate(
        kind="data_stopped",
        # A silence once more where its source has another rhythm since.
        parts=(found.source, _episode(found.last_delivered_at), rhythm),
        level="critical",
        is_urgent=found.overdue > wake_after,
        scope=found.source,
        title=f"{found.source} {stopped}, overdue by {wording.span(found.overdue)}",
        since=found.since,
        facts=tuple(_facts(found)),
        rule=(
            f"Critical is more than {limits.critical_after_hours} hours past the rhythm of {wording.span(found.rhythm)}"
            f" (freshness.critical_after_hours), urgent more than {limits.wake_after_hours} (wake_after_hours)"
        ),
        advice=advise(found),
    )


def _facts(found: Freshness) -> Iterable[tuple[str, str]]:
    if found.last_delivered_at is None:
        yield "Last delivery", f"none ever; watched since {wording.moment(found.since)}"
    else:
        yield "Last delivery", f"{wording.moment(found.last_delivered_at)}, {wording.age(found.age)}"
    yield "Rhythm", wording.span(found.rhythm)
    if found.looked_at:
        yield "Last looked for", wording.moment(found.looked_at)
    if found.failed:
        yield "Delivered since, but not landed", f"{found.failed:,}"


def _has_delivered_since(alert: Alert, source: Freshness) -> bool:
    _, before, _ = alert.candidate.parts
    return _age_order(_episode(source.last_delivered_at)) > _age_order(before)


def _age_order(episode: str) -> str:
    return "" if episode == _NEVER else episode


def _episode(last_delivered_at: datetime | None) -> str:
    return f"{last_delivered_at:%Y%m%dT%H%M%SZ}" if last_delivered_at else _NEVER
