"""Alerts about quality gates: critical once one has been red past its deadline, until then a row in the tables."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from mlspend.adapters.alerting.looking import Found
from mlspend.adapters.config import Config
from mlspend.core import wording
from mlspend.core.alerts import Candidate
from mlspend.core.gates import RedGate

_SENTENCES = 3


def find(red: Iterable[RedGate], config: Config, now: datetime) -> Found:
    """Return what there is to tell of the gates that are red; silent sources have alerts of their own."""
    candidates = {
        each.alert_id: each for each in (_candidate(gate, config, now) for gate in red if gate.kind != "freshness")
    }
    return Found(tuple(candidates.values()), frozenset({"gate_red"}))


def red_sources(red: Iterable[RedGate], config: Config) -> frozenset[str]:
    """Return what nobody should trust now, as candidates name what they rest on: sources, or their billing periods."""
    found: set[str] = set()
    for gate in red:
        if not gate.x_source:
            found.update(source.name for source in config.sources)
        else:
            found.add(f"{gate.x_source}/{gate.billing_period}" if gate.billing_period else gate.x_source)
    return frozenset(found)


def _candidate(gate: RedGate, config: Config, now: datetime) -> Candidate:
    deadline = timedelta(hours=config.alerts.gate_deadline_hours)
    period = wording.month(gate.billing_period) if gate.billing_period else ""
    scope = f"{gate.x_source} {period}".strip() or "everything"
    is_late = now - gate.since > deadline
    good = f"delivered {wording.moment(gate.last_good_at)}" if gate.last_good_at else "none"
    more = len(gate.sentences) - _SENTENCES
    return Candidate(
        kind="gate_red",
        # Red again after it was green is another thing.
        parts=(gate.x_source, gate.billing_period or "", gate.kind, f"{gate.since:%Y%m%dT%H%M%SZ}"),
        level="critical" if is_late else "info",
        scope=scope,
        title=f"{scope}: held back for {wording.span(now - gate.since)}, {gate.kind} is red",
        since=gate.since,
        facts=(
            *(("Wrong", sentence) for sentence in gate.sentences[:_SENTENCES]),
            *((("And", f"{more} more"),) if more > 0 else ()),
            ("Last good data", good),
            *((("Checks", gate.link),) if gate.link else ()),
        ),
        rule=(
            f"A gate that is red for more than {config.alerts.gate_deadline_hours} hours (alerts.gate_deadline_hours) "
            "is critical"
        ),
        advice=(
            "Have it delivered again, or mend what the checks name; what is right as it is can be accepted: "
            "`mlspend gates` says how"
        ),
    )
