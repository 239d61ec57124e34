"""The digest as Slack blocks: headline, movers and shares per currency, a table by project, how far to trust it."""

from collections.abc import Iterable, Sequence

from slack_sdk.models.blocks import (
    Block,
    DividerBlock,
    HeaderBlock,
    RawTextObject,
    RichTextBlock,
    RichTextElement,
    TableBlock,
    TableBlockColumnSettings,
)

from mlspend.adapters.messages import slack_parts as part
from mlspend.adapters.messages.slack_parts import Line
from mlspend.core import wording
from mlspend.core.digest import (
    RESIDUAL_STAGE,
    Compared,
    Coverage,
    Digest,
    Mover,
    NewestDelivery,
    ProjectCost,
    Reconciliation,
    Residual,
    Section,
    total,
)
from mlspend.core.restatements import Restatement

# More would fill the message to Slack's limits.
_CURRENCIES = 4
_SOURCES = 5
_MONTHS = 5

_Cells = Sequence[RawTextObject | RichTextBlock]


def render(digest: Digest) -> list[Block]:
    """Return the blocks of the message, within Slack's limits whatever the data holds."""
    shown, rest = digest.sections[:_CURRENCIES], digest.sections[_CURRENCIES:]
    blocks: list[Block] = [HeaderBlock(text=part.plain(_title(digest))), part.context(_explanation(digest))]
    for number, section in enumerate(shown, 1):
        blocks += [
            _amount(section.effective, "effective", section.billing_currency, number),
            _amount(section.billed, "billed", section.billing_currency, number),
            _details(section, digest, number),
        ]
    if rest:
        currencies = part.listed(section.billing_currency for section in rest)
        blocks.append(part.context(f"There is also spend in {currencies}, for which this message has no room."))
    if shown:
        heading = part.section([part.text("Effective cost by project", bold=True)])
        blocks += [RichTextBlock(block_id="heading", elements=[heading]), _project_table(shown)]
    else:
        blocks.append(part.context("No spend is published for these two weeks."))
    blocks += [DividerBlock(), _trust(digest)]
    blocks.append(part.context(f"Published {wording.moment(digest.published_at)} as {digest.build_id} by mlspend"))
    return blocks


def fallback_text(digest: Digest) -> str:
    """Return the one line that notifications show, escaped for Slack's mrkdwn."""
    totals = "; ".join(
        f"{wording.money(section.effective.this_week, section.billing_currency)}{_in_percent(section.effective)}"
        for section in digest.sections[:_CURRENCIES]
    )
    return part.escape(f"{_title(digest)}: {totals or 'no spend'}")


def _title(digest: Digest) -> str:
    company = part.name(digest.company)
    audience = f"{part.listed(digest.teams)} at {company}" if digest.teams else company
    days = wording.days(digest.week.monday, digest.week.sunday)
    return wording.one_line(f"ML spend of {days}: {audience}", part.HEADER_LENGTH)


def _explanation(digest: Digest) -> str:
    return (
        f"Week {digest.week}, Monday to Sunday in UTC. "
        "Effective cost is what the week's use cost, with commitments spread over the time they cover; "
        "billed cost is what the provider charges for these days."
    )


def _amount(cost: Compared, kind: str, currency: str, number: int) -> RichTextBlock:
    """Return an amount and, below it, how it stands against the week before."""
    parts = [part.text(wording.money(cost.this_week, currency), bold=True), part.text(f" {kind} cost")]
    if cost.change is not None and cost.week_before is not None:
        before = wording.amount(cost.week_before, currency)
        parts += [
            part.text("\n"),
            part.text(f"{_arrow(cost)} {_change(cost, currency)}{_in_percent(cost)}"),
            part.text(f" against {before} the week before"),
        ]
    return RichTextBlock(block_id=f"{kind}_{number}", elements=[part.section(parts)])


def _notes(section: Section, digest: Digest) -> list[Line]:
    notes: list[Line] = []
    if section.effective.week_before is None:
        span = wording.days(digest.week.before.monday, digest.week.sunday)
        notes.append(part.labelled("No comparison", f"the published usage does not cover all of {span}."))
    notes += [
        part.labelled("Incomplete", _missing(each))
        for each in digest.coverage
        if each.billing_currency == section.billing_currency and each.x_source in section.missing_sources
    ]
    return notes


def _missing(coverage: Coverage) -> str:
    span = f"{wording.day(coverage.first_day)} to {wording.day(coverage.last_day)}"
    return f"{part.name(coverage.x_source)} has usage from {span}; its other days are missing here, not zero."


def _details(section: Section, digest: Digest, number: int) -> RichTextBlock:
    currency = section.billing_currency
    elements: list[RichTextElement] = []
    if notes := _notes(section, digest):
        elements.append(part.section(part.lines(notes)))
    if movers := [*section.risers, *section.fallers]:
        elements += [
            part.section([part.text("Biggest movers", bold=True)]),
            part.bullets(_mover(mover, currency) for mover in movers),
        ]
    elif section.effective.week_before is not None:
        elements.append(part.section([part.text("Nothing moved against the week before.")]))
    # A team's projects all have an owner: the team.
    residuals = [] if digest.teams else [("Without an owner", section.without_project)]
    residuals.append(("Without a known ML stage", section.without_stage))
    elements += [
        part.section([part.text("Not attributed", bold=True)]),
        part.bullets(_residual(label, residual, currency) for label, residual in residuals),
    ]
    return RichTextBlock(block_id=f"details_{number}", elements=elements)


def _mover(mover: Mover, currency: str) -> Line:
    cost = mover.effective
    stage = "stage unknown" if mover.ml_stage == RESIDUAL_STAGE else part.name(mover.ml_stage)
    before = "nothing" if not cost.week_before else wording.amount(cost.week_before, currency)
    return [
        part.text(f"{_arrow(cost)} {_change(cost, currency)}", bold=True),
        part.text(f" {part.name(mover.project)}, {stage}"),
        part.text(f": from {before} to {wording.amount(cost.this_week, currency)}{_in_percent(cost)}"),
    ]


def _residual(label: str, residual: Residual, currency: str) -> Line:
    share = "" if residual.share_percent is None else f", {wording.percent(residual.share_percent)} of effective cost"
    return part.labelled(label, f"{wording.money(residual.effective_cost, currency)}{share}")


def _project_table(sections: Sequence[Section]) -> TableBlock:
    unit = f", {sections[0].billing_currency}" if len(sections) == 1 else ""
    rows: list[_Cells] = [[part.cell(each) for each in ("Project", f"Effective cost{unit}", "Change", "Share")]]
    room = (part.TABLE_ROWS - len(rows)) // len(sections)
    for section in sections:
        rows += _project_rows(section, room, is_only_currency=len(sections) == 1)
    right = TableBlockColumnSettings(align="right")
    return TableBlock(
        block_id="projects",
        rows=rows,
        column_settings=[TableBlockColumnSettings(is_wrapped=True), right, right, right],
    )


def _project_rows(section: Section, room: int, *, is_only_currency: bool) -> list[_Cells]:
    """Return at most `room` rows: one per project, one for all that have no room of their own, the total."""
    currency = section.billing_currency
    write = wording.amount if is_only_currency else wording.money

    def row(label: str, cost: Compared, share: str) -> tuple[str, ...]:
        return label, write(cost.this_week, currency), f"{_change(cost, currency)}{_in_percent(cost)}" or "–", share

    all_of_them = section.projects
    shown = all_of_them if len(all_of_them) < room else all_of_them[: room - 2]
    rows = [row(part.name(each.project), each.effective, _share(each)) for each in shown]
    if rest := all_of_them[len(shown) :]:
        rows.append(row(wording.count(len(rest), "more project"), _sum(each.effective for each in rest), "–"))
    is_shared = section.effective.this_week > 0
    summary = row(f"Total {currency}", section.effective, "100.0%" if is_shared else "–")
    return [
        *([part.cell(each) for each in cells] for cells in rows),
        [RichTextBlock(elements=[part.section([part.text(each, bold=True)])]) for each in summary],
    ]


def _share(project: ProjectCost) -> str:
    return "–" if project.share_percent is None else wording.percent(project.share_percent)


def _sum(costs: Iterable[Compared]) -> Compared:
    costs = tuple(costs)
    before = [cost.week_before for cost in costs if cost.week_before is not None]
    return Compared(total(cost.this_week for cost in costs), total(before) if len(before) == len(costs) else None)


def _trust(digest: Digest) -> RichTextBlock:
    items = [_freshness(digest)]
    items += [_delivery(digest, each) for each in digest.deliveries[:_SOURCES]]
    items += [_reconciled(each) for each in digest.reconciliation[:_CURRENCIES]]
    items += [_restated(each, digest) for each in digest.restated[:_MONTHS]]
    if rest := digest.restated[_MONTHS:]:
        items.append(part.labelled("Restated too", wording.count(len(rest), "more month")))
    if digest.open_periods:
        months = part.listed(f"{each.billing_period} ({each.x_source})" for each in digest.open_periods)
        items.append(part.labelled("Provisional", f"{months}: not final, amounts may still change"))
    warned = f"; warned: {part.listed(digest.checks.warned)}" if digest.checks.warned else ""
    items.append(part.labelled("Data checks", f"{digest.checks.passed:,} of {digest.checks.total:,} passed{warned}"))
    return RichTextBlock(
        block_id="trust", elements=[part.section([part.text("How far to trust this", bold=True)]), part.bullets(items)]
    )


def _freshness(digest: Digest) -> Line:
    old = wording.count((digest.composed_at.date() - digest.newest_day).days, "day")
    note = "; the week's last day may not be whole yet" if digest.newest_day == digest.week.sunday else ""
    return part.labelled("Newest usage", f"{wording.day(digest.newest_day)}, {old} old{note}")


def _delivery(digest: Digest, delivery: NewestDelivery) -> Line:
    old = wording.age(digest.composed_at - delivery.delivered_at)
    return part.labelled(
        f"Last delivery of {part.name(delivery.x_source)}", f"{wording.moment(delivery.delivered_at)}, {old}"
    )


def _reconciled(sums: Reconciliation) -> Line:
    landed = wording.money(sums.landed_billed_cost, sums.billing_currency)
    published = wording.money(sums.published_billed_cost, sums.billing_currency)
    amounts = (
        f"billed {landed} landed, {published} published; "
        f"largest difference {sums.largest_difference.normalize():f} {sums.billing_currency}"
    )
    if sums.unreconciled_periods:
        return part.labelled("NOT reconciled", f"{part.listed(sums.unreconciled_periods)}: {amounts}")
    return part.labelled("Reconciled", f"{wording.count(sums.period_count, 'billing month')}, {amounts}")


def _restated(month: Restatement, digest: Digest) -> Line:
    changes = [
        f"{kind} {wording.money(cost.change, month.billing_currency, with_sign=True)}"
        + ("" if cost.percent is None else f" ({wording.percent(cost.percent, with_sign=True)})")
        for kind, cost in (("billed", month.billed), ("effective", month.effective))
        if cost.change
    ]
    whose = " of the whole company" if digest.teams else ""
    return part.labelled(
        "Restated in this week", f"{wording.month(month.billing_period)}{whose}, {' and '.join(changes)}"
    )


def _arrow(cost: Compared) -> str:
    return "▲" if cost.change and cost.change > 0 else "▼" if cost.change else "="


def _change(cost: Compared, currency: str) -> str:
    return "" if cost.change is None else wording.amount(cost.change, currency, with_sign=True)


def _in_percent(cost: Compared) -> str:
    if cost.change_percent is None:
        return ""
    # Percentages of a tiny amount say nothing.
    return (
        f" ({wording.percent(cost.change_percent, with_sign=True)})" if cost.change_percent < 900 else " (over tenfold)"
    )
