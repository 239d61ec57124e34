"""What a build is made of besides deliveries: the rules of each partition, and rows of the state store."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from mlspend.adapters.config import Config
from mlspend.core.deliveries import Partition, Receipt
from mlspend.core.errors import RateMissing
from mlspend.core.exchange_rates import ExchangeRates
from mlspend.core.hashes import hash_of
from mlspend.core.periods import first_day, shift_period

Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class BuildInputs:
    """Inputs of one build that are neither deliveries nor configuration.

    `frozen` are the rules that a billing period of a source was closed with, by (source, period): they are used in the
    configuration's place. `tables` are rows by the name under which a model asks for them (macro `input_rows`), as
    plain values for JSON; another row makes another build, in which no partition need be rebuilt. `rates` convert
    amounts to the reporting currency, where there is one. `held_back` are (source, period) of which what is published
    stays, whatever counts: the gates hold back what is newer.
    """

    frozen: Mapping[tuple[str, str], Mapping[str, Any]] = field(default_factory=dict)
    tables: Mapping[str, Rows] = field(default_factory=dict)
    rates: ExchangeRates | None = None
    held_back: frozenset[tuple[str, str]] = frozenset()

    @property
    def tables_hash(self) -> str:
        """A hash that changes when, and only when, a row of the tables does."""
        return hash_of(self.tables)

    def rules_of(self, config: Config, receipt: Receipt) -> Mapping[str, Any]:
        """Return the rules that the lines of `receipt` are attributed by, as `Config.attribution` gives them.

        With `rates`, "reporting" holds those of its own month and currencies, as `ExchangeRates.plain` gives them.
        """
        delivery = receipt.delivery
        frozen = self.frozen.get((delivery.source, delivery.period))
        if frozen is not None:
            return frozen
        # The period's own days too: a fee of its 1st may be spread over days that have no line yet.
        days = [
            first_day(delivery.period),
            first_day(shift_period(delivery.period, 1)) - timedelta(days=1),
            *(total.charge_date for total in receipt.control_totals),
        ]
        rules = config.attribution(min(days), max(days))
        if self.rates is None:
            return rules
        return {**rules, "reporting": self.rates.plain(delivery.period, receipt.currencies.values())}

    def refuse_missing_rates(self, receipts: Iterable[Receipt]) -> None:
        """Raise RateMissing naming month and pair where amounts of these receipts could not be converted."""
        if (rates := self.rates) is None:
            return
        wanted = [
            (one.delivery.source, one.delivery.period, currency)
            for one in receipts
            if (one.delivery.source, one.delivery.period) not in self.frozen
            for currency in sorted(set(one.currencies.values()))
        ]
        missing = [
            f"source {source!r}, billing period {period}: no exchange rate from {currency} to {rates.reporting}; add"
            f" {{month: {period}, from: {currency}, to: {rates.reporting}, rate: …}} to currencies.rates, or a line of"
            " that month to the file of rates"
            for source, period, currency in wanted
            if rates.rate(period, currency) is None
        ]
        if missing:
            raise RateMissing("\n".join(missing))

    def partition_of(self, config: Config, receipt: Receipt) -> Partition:
        """Return the partition that a landed delivery becomes; the same one for a redelivery of the same lines."""
        delivery = receipt.delivery
        rules = hash_of(self.rules_of(config, receipt))
        return Partition(delivery.source, delivery.period, receipt.content_version, rules=rules)

    def rules_by_version(self, config: Config, receipts: Iterable[Receipt]) -> dict[str, Mapping[str, Any]]:
        """Return the rules that the lines of `receipts` are attributed by, under the names partitions give them."""
        all_rules = [self.rules_of(config, receipt) for receipt in receipts]
        return {hash_of(rules): rules for rules in all_rules}


NOTHING_ELSE = BuildInputs()
