"""An alert, its end, or a summary of several, as Slack blocks. Only an urgent one calls the whole channel."""

from collections.abc import Sequence
from datetime import datetime

from slack_sdk.models.blocks import (
    Block,
    HeaderBlock,
    RichTextBlock,
    RichTextElement,
    RichTextElementParts,
    RichTextSectionElement,
)

from mlspend.adapters.messages import slack_parts as part
from mlspend.adapters.messages.buttons import alert_buttons
from mlspend.core import wording
from mlspend.core.alert_decisions import describe
from mlspend.core.alerts import Alert, Kind

_ENDINGS: dict[Kind, str] = {
    "data_stopped": "delivers again",
    "gate_red": "passes its checks again",
    "anomaly": "costs what is usual again",
    "budget": "is no longer expected to exceed its budget",
    "drift": "is distributed as before again",
    "coverage": "is complete again",
}
_WORDS = 1_000
_LISTED = 20


def title(alert: Alert, *, is_end: bool = False) -> str:
    """Return the one line that says what it is, or that it is over."""
    found = alert.candidate
    words = f"{found.scope} {_ENDINGS[found.kind]}" if is_end else found.title
    return wording.one_line(words, part.HEADER_LENGTH)


def render(alert: Alert, *, by: str | None = None) -> list[Block]:
    """Return the message that tells of an alert; `by` handed it on as not theirs."""
    found = alert.candidate
    blocks: list[Block] = [HeaderBlock(text=part.plain(title(alert)))]
    if found.severity == "urgent":
        call = [RichTextElementParts.Broadcast(range="channel"), part.text(" this needs somebody now")]
        blocks.append(RichTextBlock(block_id="call", elements=[RichTextSectionElement(elements=call)]))
    facts = [part.labelled(label, wording.one_line(words, _WORDS)) for label, words in found.facts]
    elements: list[RichTextElement] = [part.bullets([*facts, part.labelled("Since", wording.moment(found.since))])]
    if by:
        elements.append(part.section([part.text(f"\nHanded on by {part.name(by)}: not theirs.")]))
    if found.advice:
        elements.append(part.section([part.text("\n"), part.text(found.advice)]))
    blocks.append(RichTextBlock(block_id="facts", elements=elements))
    whose = f"team {part.name(found.team)}" if found.team else "the company"
    blocks.append(part.context(f"{found.severity.capitalize()}, for {whose}. Why: mlspend explain {alert.alert_id}"))
    blocks.append(alert_buttons(alert.alert_id))
    return blocks


def render_end(alert: Alert, now: datetime) -> list[Block]:
    """Return the message that tells that an alert is over."""
    until = alert.resolved_at or now
    lines = [
        part.labelled("Was", wording.one_line(alert.candidate.title, _WORDS)),
        part.labelled("From", f"{wording.moment(alert.opened_at)} to {wording.moment(until)}"),
    ]
    if alert.state != "open":
        lines.append(part.labelled("State", describe(alert)))
    return [
        HeaderBlock(text=part.plain(title(alert, is_end=True))),
        RichTextBlock(block_id="facts", elements=[part.bullets(lines)]),
        part.context(f"Resolved by itself. Alert {alert.alert_id}"),
    ]


def summary_title(alerts: Sequence[Alert]) -> str:
    """Return the one line above several alerts."""
    return f"{wording.count(len(alerts), 'more warning')} beyond this week's alert budget"


def render_summary(alerts: Sequence[Alert]) -> list[Block]:
    """Return one message for what a team's alert budget held back, the largest amounts first."""
    ordered = sorted(alerts, key=lambda alert: (-(alert.candidate.amount or 0), alert.alert_id))
    lines = [
        [part.text(wording.one_line(each.candidate.title, _WORDS), bold=True), part.text(f" ({each.alert_id})")]
        for each in ordered[:_LISTED]
    ]
    if len(ordered) > _LISTED:
        lines.append([part.text(f"and {len(ordered) - _LISTED} more: mlspend alerts")])
    return [
        HeaderBlock(text=part.plain(summary_title(alerts))),
        RichTextBlock(block_id="facts", elements=[part.bullets(lines)]),
        part.context("Each: mlspend explain ID. What to switch off: mlspend alerts review"),
    ]
