"""What the blocks of a digest say in the same words everywhere: titles, changes, causes, shares."""

from decimal import Decimal

from mlspend.adapters.digests.language import Language
from mlspend.adapters.messages import slack_parts as part
from mlspend.core.digest import RESIDUAL_PROJECT, RESIDUAL_STAGE, Cause, Compared, Digest, Mover, Section

# More would fill the message to Slack's limits.
CURRENCIES = 4
# Percentages of a tiny amount say nothing.
_TENFOLD = 900


def language_of(digest: Digest) -> Language:
    """Return the language and time zone that a digest is written in."""
    return Language(digest.audience.language, digest.audience.time_zone)


def title(digest: Digest, language: Language) -> str:
    """Return the headline: which days, whose spend."""
    say = language.say
    days = language.days(digest.week.monday, digest.week.sunday)
    sentence = say("ML spend of {days}: {audience}", days=days, audience=audience(digest, language))
    return sentence if len(sentence) <= part.HEADER_LENGTH else sentence[: part.HEADER_LENGTH - 1] + "…"


def audience(digest: Digest, language: Language) -> str:
    """Return whose spend a digest is about, in words."""
    say = language.say
    company = part.name(digest.company)
    if digest.audience.kind == "management":
        return say("all teams of {company}", company=company)
    if not digest.audience.teams:
        return company
    return say("{teams} at {company}", teams=language.listed(map(part.name, digest.audience.teams)), company=company)


def fallback(digest: Digest, language: Language) -> str:
    """Return the one line that notifications show, escaped for Slack's mrkdwn."""
    say = language.say
    totals = language.semicolon.join(
        f"{language.money(section.effective.this_week, section.billing_currency)}"
        f"{in_percent(section.effective, language)}"
        for section in digest.sections[:CURRENCIES]
    )
    line = say("{title}: {totals}", title=title(digest, language), totals=totals or say("no spend"))
    return part.escape(line)


def arrow(cost: Compared) -> str:
    """Return which way an amount went."""
    return "▲" if cost.change and cost.change > 0 else "▼" if cost.change else "="


def change(cost: Compared, currency: str, language: Language) -> str:
    """Return the change as a signed amount; nothing where there is no comparison."""
    return "" if cost.change is None else language.amount(cost.change, currency, with_sign=True)


def in_percent(cost: Compared, language: Language) -> str:
    """Return the change in percent, in brackets behind a space; nothing where one would say nothing."""
    if cost.change_percent is None:
        return ""
    if cost.change_percent >= _TENFOLD:
        tenfold = language.say("over tenfold")
        return f" ({tenfold})"
    return f" ({language.percent(cost.change_percent, with_sign=True)})"


def share(percent: Decimal | None, language: Language) -> str:
    """Return a share, a dash where there is nothing to be a part of."""
    return "–" if percent is None else language.percent(percent)


def stage(ml_stage: str, language: Language) -> str:
    """Return the name of an ML stage."""
    return language.say("stage unknown") if ml_stage == RESIDUAL_STAGE else part.name(ml_stage)


def cause(mover: Mover, currency: str, language: Language) -> str:
    """Return what a change came from, as half a sentence; nothing where it is not known."""
    if mover.cause is None:
        return ""
    say = language.say
    what = _what(mover.cause)
    amount = language.amount(mover.cause.change, currency, with_sign=True)
    is_more = mover.cause.change > 0
    if mover.cause.kind == "price":
        if is_more:
            return say("higher prices of {what}, {change} beyond the usual", what=what, change=amount)
        return say("lower prices of {what}, {change} beyond the usual", what=what, change=amount)
    if mover.cause.kind == "quantity":
        if is_more:
            return say("more use of {what}, {change} beyond the usual", what=what, change=amount)
        return say("less use of {what}, {change} beyond the usual", what=what, change=amount)
    if mover.cause.kind == "mix":
        return say("other kinds of use of {what}, {change} beyond the usual", what=what, change=amount)
    return say("mostly {what}, {change}", what=what, change=amount)


def project(name: str, language: Language) -> str:
    """Return a project's name, fit to stand in a line."""
    return language.say("without an owner") if name == RESIDUAL_PROJECT else part.name(name)


def months(names: tuple[str, ...], language: Language) -> str:
    """Return billing periods of sources, as the tables write them."""
    return language.listed(map(part.name, names))


def untagged(section: Section, digest: Digest, language: Language) -> str:
    """Return the share of the cost that nobody, or of a team no stage, answers for; nothing without a total."""
    say = language.say
    # A team's projects all have an owner: the team.
    residual = section.without_stage if digest.audience.kind == "team" else section.without_project
    if residual.share_percent is None:
        return ""
    written = language.percent(residual.share_percent)
    if digest.audience.kind == "team":
        return say("{share} without a known ML stage", share=written)
    return say("{share} without an owner", share=written)


def _what(cause: Cause) -> str:
    names = [cause.service_name, *filter(None, (cause.usage_type,))]
    detail = f" ({part.name(cause.detail)})" if cause.detail else ""
    return " ".join(map(part.name, names)) + detail
