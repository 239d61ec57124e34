"""The digest's chart: effective cost of the last five weeks by day, stacked by project; one Altair spec, drawn as PNG.

The colours are Okabe and Ito's, which people with any colour vision tell apart: https://jfly.uni-koeln.de/color/
vl-convert draws without a browser and without the network.
"""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Literal

from mlspend.adapters.digests import phrases
from mlspend.adapters.digests.language import Language
from mlspend.adapters.messages.message import Chart
from mlspend.core.digest import Digest, Section, total
from mlspend.core.weeks import Week

# The largest at the bottom. Black is left out: text has it.
_COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#999999")
_FONT = "DejaVu Sans, Liberation Sans, Arial, sans-serif"
_WIDTH, _HEIGHT = 720, 300
# Sharp on a screen with two pixels to a point.
_SCALE = 2
# Where `~s` would write 0.35 as 350m, which reads as millions; from a thousand on it writes 1k.
_COST = "abs(datum.value) < 1000 ? format(datum.value, ',.9~f') : format(datum.value, '~s')"
_LOCALES: Mapping[str, Literal["en-US", "fr-FR"]] = {"en": "en-US", "fr": "fr-FR"}


def draw(digest: Digest, language: Language) -> Chart | None:
    """Return the chart of the section with most projects; None where there are not two days to show."""
    section = max(digest.sections, key=lambda each: len(each.projects), default=None)
    if section is None or len({each.day for each in section.days}) < 2:
        return None
    import vl_convert

    locale = _LOCALES[digest.audience.language]
    png = vl_convert.vegalite_to_png(
        json.dumps(make_spec(section, digest, language)),
        scale=_SCALE,
        format_locale=locale,
        time_format_locale=locale,
        allowed_base_urls=[],
    )
    return Chart(png, f"mlspend-{digest.week}.png", _title(section, language), _alt_text(section, digest, language))


def make_spec(section: Section, digest: Digest, language: Language) -> dict[str, Any]:
    """Return the Vega-Lite spec: bars per day, a line between the week told and the weeks before it."""
    import altair

    names = _names(section, language)
    rows = [
        {"day": each.day.isoformat(), "project": names[each.project], "cost": float(each.effective_cost)}
        for each in section.days
    ]
    scale = altair.Scale(domain=list(names.values()), range=list(_COLOURS[: len(names)]))
    bars = (
        altair.Chart(_data(rows))
        .mark_bar(stroke="white", strokeWidth=0.5)
        .encode(
            x=altair.X("yearmonthdate(day):T", title=None, axis=_axis_of_days(digest)),
            y=altair.Y(
                "cost:Q",
                title=_title(section, language),
                axis=altair.Axis(labelExpr=_COST, tickCount=5),
            ),
            color=altair.Color(
                "project:N",
                scale=scale,
                sort=list(names.values()),
                legend=altair.Legend(title=None, orient="bottom", columns=4, labelLimit=170, labelFontSize=12),
            ),
            order=altair.Order("place:Q"),
        )
    )
    places = {name: place for place, name in enumerate(names.values())}
    for row in rows:
        row["place"] = places[str(row["project"])]
    week = altair.Chart(_data([{"day": digest.week.monday.isoformat()}]))
    begins = week.mark_rule(color="#333333", strokeDash=[4, 3]).encode(x="yearmonthdate(day):T")
    said = week.mark_text(align="left", baseline="bottom", dx=2, y=-4, color="#333333", fontSize=12).encode(
        x="yearmonthdate(day):T", text=altair.value(language.say("the week told"))
    )
    layered = altair.layer(bars, begins, said).properties(width=_WIDTH, height=_HEIGHT, background="white")
    spec: dict[str, Any] = (
        layered.configure(font=_FONT)
        .configure_axis(labelFontSize=12, titleFontSize=12, titleFontWeight="normal")
        .to_dict()
    )
    return spec


def _data(rows: list[dict[str, Any]]) -> Any:
    import altair

    return altair.Data(values=rows)  # type: ignore[no-untyped-call]


def _axis_of_days(digest: Digest) -> Any:
    """Return the axis with the Mondays on it."""
    import altair

    mondays = [digest.week.monday - timedelta(weeks=4 - number) for number in range(5)]
    values = [altair.DateTime(year=day.year, month=day.month, date=day.day) for day in mondays]
    return altair.Axis(format="%-d %b", labelAngle=0, grid=False, values=values)


def _names(section: Section, language: Language) -> dict[str, str]:
    """Return how each project of the chart is called there, the dearest first, all others last."""
    projects = {each.project for each in section.days}
    costs = {
        project: total(each.effective_cost for each in section.days if each.project == project) for project in projects
    }
    ordered = sorted(costs, key=lambda project: (project == "", -costs[project], project))
    return {project: _name(project, language) for project in ordered}


def _name(project: str, language: Language) -> str:
    if not project:
        return language.say("other projects")
    return phrases.project(project, language)


def _title(section: Section, language: Language) -> str:
    return language.say("Effective cost per day, {currency}", currency=section.billing_currency)


def _alt_text(section: Section, digest: Digest, language: Language) -> str:
    """Return in words what the chart shows: the span, the sums of its whole weeks, the dearest projects."""
    say = language.say
    currency = section.billing_currency
    first = digest.week.monday - timedelta(weeks=4)
    weeks = []
    known = [each for each in digest.coverage if each.billing_currency == currency]
    for number in range(5):
        monday = first + timedelta(weeks=number)
        # What is missing is not zero.
        if not any(each.covers(Week(monday)) for each in known):
            continue
        days = [each.effective_cost for each in section.days if monday <= each.day <= monday + timedelta(days=6)]
        weeks.append(
            say("{amount} from {day}", amount=language.amount(total(days), currency), day=language.day(monday))
        )
    dearest = [
        say("{project} {amount}", project=name, amount=language.amount(cost, currency))
        for project, name in list(_names(section, language).items())[:3]
        for cost in [
            total(
                each.effective_cost
                for each in section.days
                if each.project == project and each.day >= digest.week.monday
            )
        ]
    ]
    return say(
        "Bars of effective cost per day in {currency}, {days}, stacked by project. Sums of the weeks: {weeks}. "
        "Dearest projects in the week told: {projects}.",
        currency=currency,
        days=language.days(first, digest.week.sunday),
        weeks=language.semicolon.join(weeks) or "–",
        projects=language.semicolon.join(dearest),
    )
