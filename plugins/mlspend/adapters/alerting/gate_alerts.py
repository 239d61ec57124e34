"""Alerts about quality gates: critical once one has been red past its deadline, until then a row in the tables."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from mlspend.adapters.alerting.looking import Found
from mlspend.adapters.config import Config
from mlspend.core import wording
from mlspend.core.alerts import Alert, Candidate
from mlspend.core.gates import RedGate

_SENTENCES = 3


def find(red: Iterable[RedGate], config: Config, now: datetime, standing: Iterable[Alert] = ()) -> Found:
    """Return what there is to tell of the gates that are red; silent sources have alerts of their own.

    A source's billing period has one alert, whatever is red about it, and keeps that of the open alerts `standing`
    while anything is: what is held back now for another reason was never right in between.
    """
    red_at: dict[tuple[str, str], list[RedGate]] = defaultdict(list)
    for gate in red:
        if gate.kind != "freshness":
            red_at[gate.x_source, gate.billing_period or ""].append(gate)
    told = {alert.candidate.parts[:2]: alert.candidate for alert in standing if alert.candidate.kind == "gate_red"}
    candidates = (_candidate(gates, told.get(place), config, now) for place, gates in red_at.items())
    return Found(tuple(candidates), frozenset({"gate_red"}))


def red_sources(red: Iterable[RedGate], config: Config) -> frozenset[str]:
    """Return what nobody should trust now, as candidates name what they rest on: sources, or their billing periods."""
    found: set[str] = set()
    for gate in red:
        if not gate.x_source:
            found.update(source.name for source in config.sources)
        else:
            found.add(f"{gate.x_source}/{gate.billing_period}" if gate.billing_period else gate.x_source)
    return frozenset(found)


def _candidate(gates: Sequence[RedGate], standing: Candidate | None, config: Config, now: datetime) -> Candidate:
    gate = min(gates, key=lambda gate: gate.since)
    since = min(gate.since, standing.since) if standing else gate.since
    kinds = sorted({gate.kind for gate in gates})
    what = f"{' and '.join(kinds)} {'is' if len(kinds) == 1 else 'are'} red"
    sentences = [sentence for gate in gates for sentence in gate.sentences]
    link = next((gate.link for gate in gates if gate.link), None)
    deadline = timedelta(hours=config.alerts.gate_deadline_hours)
    period = wording.month(gate.billing_period) if gate.billing_period else ""
    scope = f"{gate.x_source} {period}".strip() or "everything"
    is_late = now - since > deadline
    good = f"delivered {wording.moment(gate.last_good_at)}" if gate.last_good_at else "none"
    more = len(sentences) - _SENTENCES
    return Candidate(
        kind="gate_red",
        # Red again after it was green is another thing.
        parts=standing.parts if standing else (gate.x_source, gate.billing_period or "", f"{since:%Y%m%dT%H%M%SZ}"),
        level="critical" if is_late else "info",
        scope=scope,
        title=f"{scope}: held back for {wording.span(now - since)}, {what}",
        since=since,
        facts=(
            *(("Wrong", sentence) for sentence in sentences[:_SENTENCES]),
            *((("And", f"{more} more"),) if more > 0 else ()),
            ("Last good data", good),
            *((("Checks", link),) if link else ()),
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
