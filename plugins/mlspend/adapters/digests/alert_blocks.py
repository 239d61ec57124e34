"""What is open in a digest: alerts with their buttons, and gates that are red elsewhere."""

from collections.abc import Sequence

from slack_sdk.models.blocks import Block, RichTextBlock

from mlspend.adapters.digests.language import Language
from mlspend.adapters.messages import slack_parts as part
from mlspend.adapters.messages.buttons import alert_buttons
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
    blocks: list[Block] = [RichTextBlock(block_id="alerts", elements=[heading])]
    for number, alert in enumerate(alerts[:_ALERTS], 1):
        blocks.append(RichTextBlock(block_id=f"alert_{number}", elements=[part.section(_alert(alert, language))]))
        blocks.append(alert_buttons(alert.alert_id))
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
    return part.labelled(level, f"{part.sentence(alert.title)}{amount}, {since}", language)
