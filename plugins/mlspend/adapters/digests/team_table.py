"""The management's table: one row per team, its week, its month, and how much of it carries no stage."""

from collections.abc import Sequence

from slack_sdk.models.blocks import Block, RawTextObject, RichTextBlock, TableBlock, TableBlockColumnSettings

from mlspend.adapters.digests import phrases
from mlspend.adapters.digests.language import Language
from mlspend.adapters.digests.outlook_lines import budget_status
from mlspend.adapters.messages import slack_parts as part
from mlspend.core.digest import RESIDUAL_PROJECT, Section, TeamCost

# Six columns of 30 rows stay below what a table may hold.
_TEAMS = 30


def render(section: Section, language: Language, number: int) -> list[Block]:
    """Return heading and table of one currency."""
    say = language.say
    names = (say("Team"), say("Effective cost"), say("Change"), say("Forecast"), say("Budget"), say("Without ML stage"))
    rows: list[Sequence[RawTextObject | RichTextBlock]] = [[part.cell(each) for each in names]]
    rows += [_row(each, section.billing_currency, language) for each in section.teams[:_TEAMS]]
    title = say("By team, {currency}", currency=section.billing_currency)
    right = TableBlockColumnSettings(align="right")
    wrapped = TableBlockColumnSettings(is_wrapped=True)
    blocks: list[Block] = [
        RichTextBlock(block_id=f"heading_{number}", elements=[part.section([part.text(title, bold=True)])]),
        TableBlock(
            block_id=f"teams_{number}", rows=rows, column_settings=[wrapped, right, right, right, wrapped, right]
        ),
    ]
    if more := max(len(section.teams) - _TEAMS, 0):
        blocks.append(part.context(language.say_many("and {count} more team", "and {count} more teams", more)))
    return blocks


def _row(team: TeamCost, currency: str, language: Language) -> list[RawTextObject | RichTextBlock]:
    cost = team.effective
    moved = f"{phrases.change(cost, currency, language)}{phrases.in_percent(cost, language)}" or "–"
    cells = [
        language.say("without an owner") if team.team == RESIDUAL_PROJECT else part.name(team.team),
        language.amount(cost.this_week, currency),
        moved,
        _forecast(team, language),
        _budget(team, language),
        phrases.share(team.without_stage.share_percent, language),
    ]
    return [part.cell(each) for each in cells]


def _forecast(team: TeamCost, language: Language) -> str:
    if team.outlook is None or team.outlook.forecast_cost is None:
        return "–"
    return language.amount(team.outlook.forecast_cost, team.outlook.billing_currency)


def _budget(team: TeamCost, language: Language) -> str:
    if team.budget is None:
        return "–"
    spent = team.budget.spent_percent
    status = budget_status(team.budget, language)
    return f"{phrases.share(spent, language)}{language.semicolon}{status}"
