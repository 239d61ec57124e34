"""The short notice in a digest's place: what is wrong, since when, and how old the last good data is."""

from collections.abc import Collection, Sequence
from datetime import datetime

from slack_sdk.models.blocks import Block, HeaderBlock, RichTextBlock

from mlspend.adapters.digests.alert_blocks import gate_kind
from mlspend.adapters.digests.language import Language
from mlspend.adapters.messages import slack_parts as part
from mlspend.adapters.messages.message import Message
from mlspend.adapters.messages.slack_parts import Line
from mlspend.core.digest import Audience
from mlspend.core.gates import RedGate
from mlspend.core.weeks import Week
from mlspend.core.withholding import cause_of

# What somebody reads of a notice; `mlspend gates` shows all.
_GATES = 5


def compose(
    company: str,
    audience: Audience,
    week: Week,
    gates: Sequence[RedGate],
    now: datetime,
    *,
    causes: Collection[str] | None = None,
) -> Message:
    """Return the notice of all that is wrong; its key names the `causes` that it is the first to tell (None: all)."""
    language = Language(audience.language, audience.time_zone)
    say = language.say
    days = language.days(week.monday, week.sunday)
    title = say("No digest of {days} for now: {audience}", days=days, audience=_names(company, audience, language))
    title = title[: part.HEADER_LENGTH]
    lines = [_gate(gate, language) for gate in gates[:_GATES]]
    if more := max(len(gates) - _GATES, 0):
        lines.append([part.text(language.say_many("and {count} more", "and {count} more", more))])
    lines.append(_last_good(gates, now, language))
    reason = part.section([part.text(say("Data that it reads did not pass its gates."))])
    follows = say("The digest follows by itself once this is mended; this notice is sent once for each cause.")
    blocks: list[Block] = [
        HeaderBlock(text=part.plain(title)),
        RichTextBlock(block_id="withheld", elements=[reason, part.bullets(lines)]),
        part.context(follows),
    ]
    name = f"{week}/{audience.name}"
    new = sorted({cause_of(gate) for gate in gates} if causes is None else causes)
    return Message(
        channel=audience.channel,
        key=f"digest/{name}/withheld/{'-'.join(new)}",
        text=part.escape(title),
        blocks=blocks,
        folder=f"withheld/{week}",
    )


def _names(company: str, audience: Audience, language: Language) -> str:
    return language.listed(map(part.name, audience.teams)) if audience.teams else part.name(company)


def _gate(gate: RedGate, language: Language) -> Line:
    label = (
        part.name(f"{gate.x_source} {gate.billing_period or ''}".strip()) if gate.x_source else language.say("All data")
    )
    words = language.say(
        "{gate}, since {moment}.", gate=gate_kind(gate.kind, language), moment=language.moment(gate.since)
    )
    # Checks speak English.
    reason = (
        " " + language.say("Detail: {sentence}", sentence=part.sentence(gate.sentences[0])) if gate.sentences else ""
    )
    return part.labelled(label, f"{words}{reason}", language)


def _last_good(gates: Sequence[RedGate], now: datetime, language: Language) -> Line:
    say = language.say
    known = [gate.last_good_at for gate in gates if gate.last_good_at]
    if not known:
        return part.labelled(say("Last good data"), say("none yet"), language)
    oldest = min(known)
    words = say("delivered {moment}, {age}", moment=language.moment(oldest), age=language.age(now - oldest))
    return part.labelled(say("Last good data"), words, language)
