"""The thread below a digest: what is billed, what nobody answers for, every project, and how far to trust it all."""

from collections.abc import Iterable, Sequence
from decimal import Decimal

from slack_sdk.models.blocks import (
    Block,
    RawTextObject,
    RichTextBlock,
    TableBlock,
    TableBlockColumnSettings,
)

from mlspend.adapters.digests import phrases, trust_blocks
from mlspend.adapters.digests.headline_blocks import amount_block
from mlspend.adapters.digests.language import Language
from mlspend.adapters.messages import slack_parts as part
from mlspend.adapters.messages.message import Reply
from mlspend.adapters.messages.slack_parts import Line
from mlspend.core.digest import Compared, Digest, ProjectCost, Residual, Section, total

_Cells = Sequence[RawTextObject | RichTextBlock]


def replies(digest: Digest, language: Language) -> list[Reply]:
    """Return the replies: the amounts behind the total, then the grounds of trust."""
    told = []
    if shown := digest.sections[: phrases.CURRENCIES]:
        heading = language.say("The amounts behind the total")
        told.append(Reply(part.escape(heading), _amounts(shown, digest, language)))
    trust = language.say("How far to trust this")
    told.append(Reply(part.escape(trust), [trust_blocks.render(digest, language)]))
    return told


def _amounts(shown: Sequence[Section], digest: Digest, language: Language) -> list[Block]:
    explained = language.say(
        "Week {week}, Monday to Sunday in UTC. Effective cost is what the week's use cost, with commitments spread "
        "over the time they cover; billed cost is what the provider charges for these days.",
        week=str(digest.week),
    )
    blocks: list[Block] = [part.context(explained)]
    for number, section in enumerate(shown, 1):
        currency = section.billing_currency
        blocks.append(amount_block(section.billed, "billed", currency, number, language))
        blocks.append(_unattributed(section, digest, number, language))
    heading = part.section([part.text(language.say("Effective cost by project"), bold=True)])
    return [*blocks, RichTextBlock(block_id="heading", elements=[heading]), _project_table(shown, language)]


def _unattributed(section: Section, digest: Digest, number: int, language: Language) -> RichTextBlock:
    say = language.say
    residuals = [(say("Without a known ML stage"), section.without_stage)]
    # A team's projects all have an owner: the team.
    if digest.audience.kind != "team":
        residuals.insert(0, (say("Without an owner"), section.without_project))
    lines = [_residual(label, residual, section.billing_currency, language) for label, residual in residuals]
    heading = part.section([part.text(say("Not attributed"), bold=True)])
    return RichTextBlock(block_id=f"unattributed_{number}", elements=[heading, part.bullets(lines)])


def _residual(label: str, residual: Residual, currency: str, language: Language) -> Line:
    words = language.money(residual.effective_cost, currency)
    if residual.share_percent is not None:
        written = language.percent(residual.share_percent)
        words = language.say("{amount}, {share} of effective cost", amount=words, share=written)
    return part.labelled(label, words, language)


def _project_table(sections: Sequence[Section], language: Language) -> TableBlock:
    say = language.say
    unit = f", {sections[0].billing_currency}" if len(sections) == 1 else ""
    names = (say("Project"), say("Effective cost") + unit, say("Change"), say("Share"))
    rows: list[_Cells] = [[part.cell(each) for each in names]]
    room = (part.TABLE_ROWS - len(rows)) // len(sections)
    for section in sections:
        rows += _project_rows(section, room, language, is_only_currency=len(sections) == 1)
    right = TableBlockColumnSettings(align="right")
    return TableBlock(
        block_id="projects",
        rows=rows,
        column_settings=[TableBlockColumnSettings(is_wrapped=True), right, right, right],
    )


def _project_rows(section: Section, room: int, language: Language, *, is_only_currency: bool) -> list[_Cells]:
    """Return at most `room` rows: one per project, one for all that have no room of their own, the total."""
    currency = section.billing_currency
    write = language.amount if is_only_currency else language.money

    def row(label: str, cost: Compared, share: str) -> tuple[str, ...]:
        moved = f"{phrases.change(cost, currency, language)}{phrases.in_percent(cost, language)}"
        return label, write(cost.this_week, currency), moved or "–", share

    every = section.projects
    shown = every if len(every) < room else every[: room - 2]
    rows = [row(phrases.project(each.project, language), each.effective, _share(each, language)) for each in shown]
    if rest := every[len(shown) :]:
        label = language.say_many("{count} more project", "{count} more projects", len(rest))
        rows.append(row(label, _sum(each.effective for each in rest), "–"))
    whole = phrases.share(None if section.effective.this_week <= 0 else Decimal(100), language)
    summary = row(language.say("Total {currency}", currency=currency), section.effective, whole)
    return [
        *([part.cell(each) for each in cells] for cells in rows),
        [RichTextBlock(elements=[part.section([part.text(each, bold=True)])]) for each in summary],
    ]


def _share(project: ProjectCost, language: Language) -> str:
    return phrases.share(project.share_percent, language)


def _sum(costs: Iterable[Compared]) -> Compared:
    costs = tuple(costs)
    before = [cost.week_before for cost in costs if cost.week_before is not None]
    return Compared(total(cost.this_week for cost in costs), total(before) if len(before) == len(costs) else None)
