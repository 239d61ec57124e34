"""What can be wrong with the rates that mlspend.yml states, and with where invoices come from."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mlspend.adapters.config_ownership_checks import check_name
from mlspend.adapters.yaml_lines import Place

if TYPE_CHECKING:
    from mlspend.adapters.config_model import Config

Found = Iterator[tuple[Place, str]]


def check_currencies(config: "Config") -> Found:
    """Find rates that nothing would ask for, and two for one month and pair."""
    if config.currencies is None:
        return
    reporting = config.currencies.reporting
    seen: dict[tuple[str, str], int] = {}
    for position, each in enumerate(config.currencies.rates):
        place: Place = ("currencies", "rates", position)
        if each.to_currency != reporting:
            yield (*place, "to"), f"is {each.to_currency}, but costs are reported in {reporting}; write {reporting}"
        if each.from_currency == each.to_currency:
            yield (*place, "from"), f"is {each.from_currency}, which is always worth 1 of itself; remove this rate"
        first = seen.setdefault((each.month, each.from_currency), position)
        if first != position:
            yield (
                place,
                f"states {each.from_currency} in {each.month} again (rates[{first}] does already); keep one",
            )


def check_invoices(config: "Config") -> Found:
    """Find inputs of invoices that say nothing, too much or the same again, and of sources that are not there."""
    providers = {source.name: source.provider for source in config.sources}
    seen: dict[tuple[str, str | None], int] = {}
    for position, each in enumerate(config.invoices):
        place: Place = ("invoices", position)
        yield from check_name((*place, "source"), each.source, list(providers), "source")
        if (each.file is None) == (each.api is None):
            yield place, "must name either a `file` or an `api`"
        if each.api and providers.get(each.source, each.api) != each.api:
            yield (
                (*place, "api"),
                f"is {each.api}, but {each.source!r} is of provider {providers[each.source]}; write a `file`",
            )
        if each.file and (each.profile or each.region):
            yield place, "has a profile or a region, which a file does not need; remove them"
        first = seen.setdefault((each.source, each.file), position)
        if first != position:
            yield place, f"is the same as invoices[{first}]; keep one"
