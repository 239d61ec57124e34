"""How far a digest can be trusted: how new and whole the data is, what reconciles, what was corrected, what warned."""

from slack_sdk.models.blocks import RichTextBlock

from mlspend.adapters.digests import phrases
from mlspend.adapters.digests.language import Language
from mlspend.adapters.messages import slack_parts as part
from mlspend.adapters.messages.slack_parts import Line
from mlspend.core.digest import CompleteDays, Digest, NewestDelivery, Reconciliation
from mlspend.core.restatements import Restated, Restatement

_SOURCES = 5
_MONTHS = 5


def render(digest: Digest, language: Language) -> RichTextBlock:
    """Return heading and lines."""
    say = language.say
    items = [_freshness(digest, language)] if digest.coverage else []
    items += [_complete(each, language) for each in digest.complete[:_SOURCES]]
    items += [_delivery(digest, each, language) for each in digest.deliveries[:_SOURCES]]
    items += [_reconciled(each, language) for each in digest.reconciliation[: phrases.CURRENCIES]]
    items += [_restated(each, digest, language) for each in digest.restated[:_MONTHS]]
    if rest := digest.restated[_MONTHS:]:
        more = language.say_many("{count} more month", "{count} more months", len(rest))
        items.append(part.labelled(say("Restated too"), more, language))
    if digest.open_periods:
        named = tuple(f"{each.billing_period} ({each.x_source})" for each in digest.open_periods)
        words = say("{months}: not final, amounts may still change", months=phrases.months(named, language))
        items.append(part.labelled(say("Provisional"), words, language))
    items.append(_checks(digest, language))
    heading = part.section([part.text(say("How far to trust this"), bold=True)])
    return RichTextBlock(block_id="trust", elements=[heading, part.bullets(items)])


def _freshness(digest: Digest, language: Language) -> Line:
    say = language.say
    age = language.say_many("{count} day old", "{count} days old", (digest.composed_at.date() - digest.newest_day).days)
    words = f"{language.day(digest.newest_day)}, {age}"
    if digest.newest_day == digest.week.sunday:
        words += language.semicolon + say("the week's last day may not be whole yet")
    return part.labelled(say("Newest usage"), words, language)


def _complete(complete: CompleteDays, language: Language) -> Line:
    label = language.say("Complete days of {source}", source=part.name(complete.x_source))
    return part.labelled(label, language.say("up to {day}", day=language.day(complete.last_complete_date)), language)


def _delivery(digest: Digest, delivery: NewestDelivery, language: Language) -> Line:
    old = language.age(digest.composed_at - delivery.delivered_at)
    label = language.say("Last delivery of {source}", source=part.name(delivery.x_source))
    return part.labelled(label, f"{language.moment(delivery.delivered_at)}, {old}", language)


def _reconciled(sums: Reconciliation, language: Language) -> Line:
    say = language.say
    amounts = say(
        "billed {landed} landed, {published} published; largest difference {difference}",
        landed=language.money(sums.landed_billed_cost, sums.billing_currency),
        published=language.money(sums.published_billed_cost, sums.billing_currency),
        difference=language.exact(sums.largest_difference, sums.billing_currency),
    )
    if sums.unreconciled_periods:
        months = phrases.months(sums.unreconciled_periods, language)
        return part.labelled(say("NOT reconciled"), f"{months}{language.colon}{amounts}", language)
    periods = language.say_many("{count} billing month", "{count} billing months", sums.period_count)
    return part.labelled(say("Reconciled"), f"{periods}, {amounts}", language)


def _restated(month: Restatement, digest: Digest, language: Language) -> Line:
    say = language.say
    currency = month.billing_currency
    changes = []
    if month.billed.change:
        changes.append(say("billed {change}", change=_change(month.billed, currency, language)))
    if month.effective.change:
        changes.append(say("effective {change}", change=_change(month.effective, currency, language)))
    name = language.month(month.billing_period)
    whose = say("{month} of the whole company", month=name) if digest.audience.kind == "team" else name
    return part.labelled(say("Restated in this week"), ", ".join([whose, *changes]), language)


def _change(cost: Restated, currency: str, language: Language) -> str:
    written = language.money(cost.change, currency, with_sign=True)
    return written if cost.percent is None else f"{written} ({language.percent(cost.percent, with_sign=True)})"


def _checks(digest: Digest, language: Language) -> Line:
    say = language.say
    checks = digest.checks
    words = say(
        "{passed} of {total} passed", passed=language.number(checks.passed), total=language.number(checks.total)
    )
    if checks.warned:
        names = language.listed(map(part.name, checks.warned))
        words += language.semicolon + say("warned: {names}", names=names)
    return part.labelled(say("Data checks"), words, language)
