"""What is open in a digest: alerts with their buttons, and gates that are red elsewhere."""

from collections.abc import Sequence

from slack_sdk.models.blocks import Block, RichTextBlock

from mlspend.adapters.digests.language import Language
from mlspend.adapters.messages import slack_parts as part
from mlspend.adapters.messages.buttons import Labels, alert_buttons
from mlspend.adapters.messages.slack_parts import Line
from mlspend.core.digest import Digest, OpenAlert

# More alerts than these are work for another place; the rest is counted.
_ALERTS = 3
_GATES = 5


def render(alerts: Sequence[OpenAlert], language: Language) -> list[Block]:
    """Return each of the gravest alerts with its buttons; nothing where none is open."""
    if not alerts:
        return []
    say = language.say
    heading = part.section([part.text(say("Open alerts"), bold=True)])
    labels = Labels(
        acknowledge=say("Acknowledge"),
        snooze=say("Snooze"),
        not_mine=say("Not mine"),
        approve=say("Approve"),
        question=say("Approve this?"),
        consequence=say("You say that this spend is right and wanted. The alert is closed in your name."),
        cancel=say("Cancel"),
    )
    blocks: list[Block] = [RichTextBlock(block_id="alerts", elements=[heading])]
    for number, alert in enumerate(alerts[:_ALERTS], 1):
        blocks.append(RichTextBlock(block_id=f"alert_{number}", elements=[part.section(_alert(alert, language))]))
        blocks.append(alert_buttons(alert.alert_id, labels))
    more = max(len(alerts) - _ALERTS, 0)
    if more:
        rest = language.say_many("and {count} more open alert", "and {count} more open alerts", more)
        blocks.append(part.context(rest))
    return blocks


def render_gates(digest: Digest, language: Language) -> RichTextBlock:
    """Return the gates that are red, but not for the days told."""
    say = language.say
    lines: list[Line] = [
        part.labelled(
            part.name(f"{gate.x_source} {gate.billing_period}".strip()),
            say("{gate}, since {moment}", gate=gate_kind(gate.kind, language), moment=language.moment(gate.since)),
            language,
        )
        for gate in digest.gates[:_GATES]
    ]
    heading = part.section([part.text(say("Gates that are red elsewhere"), bold=True)])
    return RichTextBlock(block_id="gates", elements=[heading, part.bullets(lines)])


def gate_kind(kind: str, language: Language) -> str:
    """Return what kind of gate it is, in words."""
    say = language.say
    kinds = {
        "schema": say("columns or types are not what they must be"),
        "freshness": say("no delivery for too long"),
        "completeness": say("parts of the data are missing"),
        "drift": say("the data is unlike what it was"),
        "unproved": say("a check failed or could not be evaluated"),
    }
    return kinds.get(kind, kind)


def _alert(alert: OpenAlert, language: Language) -> Line:
    say = language.say
    level = say("critical") if alert.level == "critical" else say("warning")
    amount = "" if alert.amount is None else f", {language.money(alert.amount, alert.billing_currency)}"
    since = say("since {moment}", moment=language.moment(alert.opened_at))
    return part.labelled(level, f"{_title(alert, language)}{amount}, {since}", language)


def _title(alert: OpenAlert, language: Language) -> str:
    """Return what an alert is about, in the language; the amount stands behind it."""
    say = language.say
    scope = part.sentence(alert.scope) if alert.scope else say("All data")
    month = language.month(alert.month) if alert.month else ""
    with_month = f"{scope}, {month}" if month else scope
    if alert.kind == "anomaly":
        if alert.level == "critical":
            return say("Runaway spend on {what}", what=scope)
        return say("Unusual spend on {what}", what=scope)
    if alert.kind == "budget":
        if alert.amount:
            return say("Budget {name} is or will be exceeded, {month}", name=scope, month=month)
        return say("Budget {name} may not last, {month}", name=scope, month=month)
    if alert.kind in ("drift", "coverage"):
        return say("{what}: the check “{check}” is red", what=with_month, check=part.sentence(alert.detail))
    if alert.kind == "gate_red":
        return say("{what} held back: {gate}", what=with_month, gate=gate_kind(alert.detail, language))
    if alert.kind == "data_stopped":
        if alert.detail == "never":
            return say("{source} has never delivered", source=scope)
        return say("{source} has stopped delivering", source=scope)
    return part.sentence(alert.title)
