"""The message itself, read in half a minute: total, month, what moved, what to save, open alerts, the data."""

from collections.abc import Sequence

from slack_sdk.models.blocks import Block, HeaderBlock, RichTextBlock

from mlspend.adapters.digests import alert_blocks, data_line, phrases, team_table
from mlspend.adapters.digests.language import Language
from mlspend.adapters.digests.outlook_lines import budget_line, outlook_line
from mlspend.adapters.messages import slack_parts as part
from mlspend.adapters.messages.slack_parts import Line
from mlspend.core.digest import Compared, Coverage, Digest, Mover, Section
from mlspend.core.digest_outlook import Finding, UnitCost

_UNIT_COSTS = 5


def render(digest: Digest, language: Language) -> list[Block]:
    """Return the blocks of the message."""
    say = language.say
    shown, rest = digest.sections[: phrases.CURRENCIES], digest.sections[phrases.CURRENCIES :]
    blocks: list[Block] = [HeaderBlock(text=part.plain(phrases.title(digest, language)))]
    for number, section in enumerate(shown, 1):
        blocks += _section(section, digest, language, number)
    if rest:
        names = language.listed(section.billing_currency for section in rest)
        blocks.append(part.context(say("There is also spend in {currencies}, without room here.", currencies=names)))
    if not shown:
        blocks.append(part.context(say("No spend is published for these two weeks.")))
    blocks += alert_blocks.render(digest.alerts, language)
    if digest.gates:
        blocks.append(alert_blocks.render_gates(digest, language))
    blocks.append(part.context(data_line.write(digest, language)))
    moment = language.moment(digest.published_at)
    published = say("Published {moment} as {build} by mlspend; details below.", moment=moment, build=digest.build_id)
    blocks.append(part.context(published))
    return blocks


def _section(section: Section, digest: Digest, language: Language, number: int) -> list[Block]:
    blocks: list[Block] = [amount_block(section.effective, "effective", section.billing_currency, number, language)]
    if notes := _notes(section, digest, language):
        blocks.append(RichTextBlock(block_id=f"notes_{number}", elements=[part.section(part.lines(notes))]))
    if month := _month(section, language):
        blocks.append(RichTextBlock(block_id=f"outlook_{number}", elements=[part.section(part.lines(month))]))
    if section.teams:
        blocks += team_table.render(section, language, number)
    if movers := _movers(section, language):
        blocks.append(_list("movers", number, language.say("What moved"), movers))
    if section.findings:
        findings = [_finding(each, language) for each in section.findings]
        blocks.append(_list("findings", number, language.say("What to save"), findings))
    if section.verified_saving is not None:
        saved = language.money(section.verified_saving, section.billing_currency)
        line = part.labelled(language.say("Saved, verified in this week"), saved, language)
        blocks.append(RichTextBlock(block_id=f"savings_{number}", elements=[part.section(line)]))
    if section.unit_costs:
        units = [_unit_cost(each, language) for each in section.unit_costs[:_UNIT_COSTS]]
        blocks.append(_list("units", number, language.say("Cost of one unit"), units))
    return blocks


def amount_block(cost: Compared, kind: str, currency: str, number: int, language: Language) -> RichTextBlock:
    """Return an amount and, below it, how it stands against the week before."""
    say = language.say
    label = say("effective cost") if kind == "effective" else say("billed cost")
    parts = [part.text(language.money(cost.this_week, currency), bold=True), part.text(f" {label}")]
    if cost.change is not None and cost.week_before is not None:
        before = language.amount(cost.week_before, currency)
        moved = f"{phrases.arrow(cost)} {phrases.change(cost, currency, language)}{phrases.in_percent(cost, language)}"
        parts += [
            part.text("\n"),
            part.text(moved),
            part.text(" " + say("against {amount} the week before", amount=before)),
        ]
    return RichTextBlock(block_id=f"{kind}_{number}", elements=[part.section(parts)])


def _notes(section: Section, digest: Digest, language: Language) -> list[Line]:
    say = language.say
    notes: list[Line] = []
    if section.effective.week_before is None:
        span = language.days(digest.week.before.monday, digest.week.sunday)
        sentence = say("the published usage does not cover all of {days}.", days=span)
        notes.append(part.labelled(say("No comparison"), sentence, language))
    notes += [
        part.labelled(say("Incomplete"), _missing(each, language), language)
        for each in digest.coverage
        if each.billing_currency == section.billing_currency and each.x_source in section.missing_sources
    ]
    return notes


def _missing(coverage: Coverage, language: Language) -> str:
    return language.say(
        "{source} is whole from {first} to {last}; what is missing of its other days is not zero.",
        source=part.name(coverage.x_source),
        first=language.day(coverage.first_day),
        last=language.day(coverage.whole_to),
    )


def _month(section: Section, language: Language) -> list[Line]:
    lines = [outlook_line(each, language, with_scope=len(section.outlooks) > 1) for each in section.outlooks]
    lines += [budget_line(each, language) for each in section.budgets]
    if section.outlooks and not section.budgets:
        lines.append(part.labelled(language.say("Budget"), language.say("none is set"), language))
    return lines


def _movers(section: Section, language: Language) -> list[Line]:
    if section.effective.week_before is None:
        return []
    if not section.movers:
        return [[part.text(language.say("nothing, against the week before"))]]
    return [_mover(each, section.billing_currency, language) for each in section.movers]


def _mover(mover: Mover, currency: str, language: Language) -> Line:
    cost = mover.effective
    why = phrases.cause(mover, currency, language)
    moved = f"{phrases.arrow(cost)} {phrases.change(cost, currency, language)}{phrases.in_percent(cost, language)}"
    subject = f" {phrases.project(mover.project, language)}, {phrases.stage(mover.ml_stage, language)}"
    return [part.text(moved, bold=True), part.text(subject), part.text(f"{language.colon}{why}" if why else "")]


def _finding(finding: Finding, language: Language) -> Line:
    saving = language.money(finding.net_saving_cost, finding.billing_currency)
    title, project = part.sentence(finding.title), part.name(finding.project)
    remedy = f" {part.sentence(finding.remedy)}" if finding.remedy else ""
    return [
        part.text(language.say("{amount} a month net", amount=saving), bold=True),
        part.text(f"{language.colon}{title} ({project}).{remedy}"),
    ]


def _unit_cost(unit: UnitCost, language: Language) -> Line:
    cost = Compared(unit.unit_cost, unit.unit_cost_before)
    money = language.money(unit.unit_cost, unit.billing_currency)
    return part.labelled(part.name(unit.unit), f"{money}{phrases.in_percent(cost, language)}", language)


def _list(kind: str, number: int, heading: str, lines: Sequence[Line]) -> RichTextBlock:
    head = part.section([part.text(heading, bold=True)])
    return RichTextBlock(block_id=f"{kind}_{number}", elements=[head, part.bullets(lines)])
