"""What can be wrong with the rates that mlspend.yml states."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

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
