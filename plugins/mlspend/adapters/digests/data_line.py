"""The digest's line about its data: how new, whole, reconciled and owned it is, and what mlspend itself used."""

from mlspend.adapters.digests import phrases
from mlspend.adapters.digests.language import Language
from mlspend.core.digest import Digest, OwnCost


def write(digest: Digest, language: Language) -> str:
    """Return the line."""
    say = language.say
    facts = [say("newest usage {day}", day=language.day(digest.newest_day))] if digest.coverage else []
    complete = digest.complete_to
    facts.append(say("complete to {day}", day=language.day(complete)) if complete else say("completeness unknown"))
    unreconciled = [period for sums in digest.reconciliation for period in sums.unreconciled_periods]
    facts.append(
        say("NOT reconciled: {months}", months=phrases.months(tuple(unreconciled), language))
        if unreconciled
        else say("reconciled with the bills")
    )
    shown = digest.sections[: phrases.CURRENCIES]
    shares = [(section.billing_currency, phrases.untagged(section, digest, language)) for section in shown]
    facts += [words if len(shown) == 1 else f"{currency} {words}" for currency, words in shares if words]
    data = say("Data: {facts}.", facts=language.semicolon.join(facts))
    return f"{data} {_own_cost(digest.own_cost, language)}"


def _own_cost(own: OwnCost, language: Language) -> str:
    size = language.size(own.bytes_read)
    if not own.api_calls:
        return language.say("mlspend itself in this week: no API calls, {size} of exports read.", size=size)
    unpriced = (
        language.say_many(", {count} without a known price", ", {count} without a known price", own.unpriced_calls)
        if own.unpriced_calls
        else ""
    )
    return language.say_many(
        "mlspend itself in this week: {count} API call ({cost}{unpriced}), {size} of exports read.",
        "mlspend itself in this week: {count} API calls ({cost}{unpriced}), {size} of exports read.",
        own.api_calls,
        cost=language.money(own.estimated_cost, "USD"),
        unpriced=unpriced,
        size=size,
    )
