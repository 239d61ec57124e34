"""One look at what there is to tell: candidates and what could be judged, made into changes of the ledger's alerts."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from mlspend.adapters.config import Config
from mlspend.adapters.config_alerts import rules_of
from mlspend.adapters.ledger import Ledger
from mlspend.core.alert_judgement import Evaluation, judge
from mlspend.core.alerts import Candidate, Change

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Found:
    """What one source of alerts found, and of which kinds it could tell that there is nothing else.

    `held` and `silent` are ids of open alerts that it did not find again (see Evaluation).
    """

    candidates: tuple[Candidate, ...]
    kinds: frozenset[str]
    held: frozenset[str] = frozenset()
    silent: frozenset[str] = frozenset()


def look(
    config: Config, ledger: Ledger, found: Iterable[Found], now: datetime, *, red_sources: frozenset[str] = frozenset()
) -> list[Change]:
    """Write down what becomes of all alerts by what was `found` at `now`, and return it. Nothing is sent."""
    found = list(found)
    evaluation = Evaluation(
        kinds=frozenset().union(*(each.kinds for each in found)),
        red_sources=red_sources,
        held=frozenset().union(*(each.held for each in found)),
        silent=frozenset().union(*(each.silent for each in found)),
    )
    candidates = [candidate for each in found for candidate in each.candidates]
    rules = rules_of(config)
    changes = ledger.change_alerts(
        lambda known, notified: judge(candidates, known, rules, evaluation, notified, now), now
    )
    for alert in (change.alert for change in changes):
        if alert.is_open and alert.candidate.level != "info" and rules.of(alert.team).channel is None:
            _log.warning("no channel hears of %s: digest.channel is not set in mlspend.yml", alert.candidate.title)
    return changes
