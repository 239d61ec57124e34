"""A notice about a source's silence, or its end, as Slack blocks. Only the urgent one calls the whole channel."""

from slack_sdk.models.blocks import (
    Block,
    HeaderBlock,
    RichTextBlock,
    RichTextElement,
    RichTextElementParts,
    RichTextSectionElement,
)

from mlspend.adapters.messages import slack_parts as part
from mlspend.core import wording
from mlspend.core.freshness import Freshness, Severity, advise


def render(freshness: Freshness, severity: Severity) -> list[Block]:
    """Return the blocks of the message; text of the configuration cannot call anybody, this element does."""
    elements: list[RichTextElement] = [part.bullets(_facts(freshness))]
    if severity != "recovered":
        elements.append(part.section([part.text("\n"), part.text(advise(freshness))]))
    blocks: list[Block] = [HeaderBlock(text=part.plain(_title(freshness, severity)))]
    if severity == "urgent":
        call = [RichTextElementParts.Broadcast(range="channel"), part.text(" this source needs somebody now")]
        blocks.append(RichTextBlock(block_id="call", elements=[RichTextSectionElement(elements=call)]))
    blocks.append(RichTextBlock(block_id="facts", elements=elements))
    blocks.append(part.context(f"Severity: {severity}. Sent once by check_freshness of mlspend."))
    return blocks


def fallback_text(freshness: Freshness, severity: Severity) -> str:
    """Return the one line that notifications show, escaped for Slack's mrkdwn."""
    return part.escape(_title(freshness, severity))


def _title(freshness: Freshness, severity: Severity) -> str:
    source = part.name(freshness.source)
    if severity == "recovered":
        return f"{source} delivers again"
    if freshness.last_delivered_at is None:
        return f"{source} has never delivered, overdue by {wording.span(freshness.overdue)}"
    return f"{source} has stopped delivering, overdue by {wording.span(freshness.overdue)}"


def _facts(freshness: Freshness) -> list[part.Line]:
    if freshness.last_delivered_at is None:
        facts = [part.labelled("Last delivery", f"none ever; watched since {wording.moment(freshness.since)}")]
    else:
        made = f"{wording.moment(freshness.last_delivered_at)}, {wording.age(freshness.age)}"
        facts = [part.labelled("Last delivery", made)]
    facts.append(part.labelled("Rhythm", wording.span(freshness.rhythm)))
    if freshness.looked_at:
        facts.append(part.labelled("Last looked for", wording.moment(freshness.looked_at)))
    if freshness.failed:
        facts.append(part.labelled("Delivered since, but not landed", f"{freshness.failed:,}"))
    return facts
