"""The month to its end in a line: what was spent, what is expected with its 80 % band, how each budget stands."""

import re
from datetime import date

from mlspend.adapters.digests.language import Language
from mlspend.adapters.messages import slack_parts as part
from mlspend.adapters.messages.slack_parts import Line
from mlspend.core.digest_outlook import Budget, Outlook

_DAY = r"(\d{4}-\d{2}-\d{2})"


def outlook_line(outlook: Outlook, language: Language, *, with_scope: bool = False) -> Line:
    """Return the month so far against its forecast; without one the line says why."""
    say = language.say
    month = language.month(outlook.month)
    month = month[:1].upper() + month[1:]
    label = month if outlook.is_over else say("{month} so far", month=month)
    if with_scope and outlook.scope_name:
        label = f"{label}, {part.name(outlook.scope_name)}"
    cost = language.money(outlook.cost_to_date, outlook.billing_currency)
    day = language.day(outlook.as_of_date)
    if outlook.is_over:
        return part.labelled(label, say("{cost}, the whole month", cost=cost), language)
    if outlook.forecast_cost is None:
        reason = _reason(outlook.reason, language) or say("the warehouse holds none")
        words = say("{cost} up to {day}; no forecast yet: {reason}", cost=cost, day=day, reason=reason)
        return part.labelled(label, words, language)
    forecast = language.money(outlook.forecast_cost, outlook.billing_currency)
    words = say("{cost} up to {day}; forecast {forecast}", cost=cost, day=day, forecast=forecast)
    if outlook.forecast_low_cost is not None and outlook.forecast_high_cost is not None:
        low = language.amount(outlook.forecast_low_cost, outlook.billing_currency)
        high = language.amount(outlook.forecast_high_cost, outlook.billing_currency)
        words += " " + say("(80% between {low} and {high})", low=low, high=high)
    return part.labelled(label, words, language)


def budget_line(budget: Budget, language: Language) -> Line:
    """Return how much of a budget is spent and whether it lasts."""
    say = language.say
    words = say(
        "{share} of {amount} spent; {status}",
        share=language.percent(budget.spent_percent),
        amount=language.money(budget.budget_cost, budget.billing_currency),
        status=budget_status(budget, language),
    )
    return part.labelled(say("Budget {name}", name=part.name(budget.budget)), words, language)


def budget_status(budget: Budget, language: Language) -> str:
    """Return whether a budget lasts, as half a sentence."""
    say = language.say
    currency = budget.billing_currency
    if budget.status == "on_track":
        return say("on track")
    if budget.status == "at_risk":
        return say("at risk")
    if budget.status == "burst":
        return say("exceeded by {amount}", amount=language.money(budget.over_cost, currency))
    if budget.status == "will_burst" and budget.projected_over_cost is not None:
        amount = language.money(budget.projected_over_cost, currency)
        if budget.exhausted_date:
            day = language.day(budget.exhausted_date)
            return say("will be exceeded by {amount}, spent by {day}", amount=amount, day=day)
        return say("will be exceeded by {amount}", amount=amount)
    reason = _reason(budget.reason, language) or say("no forecast")
    return say("not known whether it lasts: {reason}", reason=reason)


def _reason(words: str, language: Language) -> str:
    """Return a reason of marts.forecast or marts.budgets in the language; one that is not known here as it stands."""
    say = language.say
    if found := re.fullmatch(r"only (\d+) complete days? (?:is|are) known, and (\d+) are needed", words):
        return language.say_many(
            "only {count} complete day is known, and {needed} are needed",
            "only {count} complete days are known, and {needed} are needed",
            int(found[1]),
            needed=language.number(int(found[2])),
        )
    if found := re.fullmatch(r"it is not among the (\d+) costliest, for which forecasts are made", words):
        count = language.number(int(found[1]))
        return say("it is not among the {count} costliest, for which forecasts are made", count=count)
    if found := re.fullmatch(rf"source (.+) is known up to {_DAY} only(?:, the others up to {_DAY})?", words):
        source, day = part.name(found[1]), language.day(date.fromisoformat(found[2]))
        if not found[3]:
            return say("source {source} is known up to {day} only", source=source, day=day)
        others = language.day(date.fromisoformat(found[3]))
        return say(
            "source {source} is known up to {day} only, the others up to {others}",
            source=source,
            day=day,
            others=others,
        )
    if found := re.fullmatch(rf"nothing is known before {_DAY}", words):
        return say("nothing is known before {day}", day=language.day(date.fromisoformat(found[1])))
    if found := re.fullmatch(r"it is in (\w+), and ([\w, ]+) is spent too: with .*", words):
        return say(
            "it is in {currency}, and {others} is spent too: with {currency} as currencies.reporting all would count",
            currency=found[1],
            others=found[2],
        )
    if words == "no complete day is known":
        return say("no complete day is known")
    return part.sentence(words) if words else ""
