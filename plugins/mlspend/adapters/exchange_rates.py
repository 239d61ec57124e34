"""Exchange rates from mlspend.yml, from the file of rates, and as they were frozen in the state store."""

import logging
from datetime import datetime

from mlspend.adapters.config_model import Config
from mlspend.adapters.home import Home
from mlspend.adapters.ledger import Ledger
from mlspend.adapters.rates_file import rates_path, read_rates_file
from mlspend.adapters.warehouse_query import query_file
from mlspend.core.exchange_rates import ExchangeRates, newest_of_months
from mlspend.core.periods import period_of

logger = logging.getLogger(__name__)

# What a publication used of the file, from the publication itself: so a crash after it loses nothing.
_USED = """
    select distinct
        billing_period as month, billing_currency as from_currency, reporting_currency as to_currency,
        exchange_rate::varchar as rate, exchange_rate_date::varchar as rate_date
    from marts.monthly_spend
    where exchange_rate_origin = 'file' and billing_period < $1
    order by all
"""


def read_rates(home: Home, config: Config, ledger: Ledger) -> ExchangeRates | None:
    """Return all rates known, None where mlspend.yml names no reporting currency.

    What is frozen stays whatever the file says by now; a warning tells where it says something else. Raises
    RatesUnreadable naming file and line.
    """
    wanted = config.currencies
    if wanted is None:
        return None
    rates = ExchangeRates(
        reporting=wanted.reporting,
        stated={(each.month, each.from_currency): each.rate for each in wanted.rates},
        frozen=ledger.frozen_rates(wanted.reporting),
        in_file=newest_of_months(read_rates_file(rates_path(home, wanted.rates_file)), wanted.reporting)
        if wanted.rates_file
        else {},
    )
    for month, currency, frozen, found in rates.moved():
        logger.warning(
            "billing period %s was published with %s as the rate from %s to %s, and stays so: the file's %s of %s does"
            " not count. To convert it anew, state the rate in currencies.rates",
            month,
            frozen,
            currency,
            rates.reporting,
            found,
            found.rate_date,
        )
    return rates


def freeze_used_rates(home: Home, ledger: Ledger, *, now: datetime) -> None:
    """Freeze the file's rates that what is published was converted with, of billing months that are over at `now`."""
    if "exchange_rate_origin" in _columns_of_monthly_spend(home):
        ledger.freeze_rates(query_file(home.published_warehouse, _USED, [period_of(now.date())]), now)


def _columns_of_monthly_spend(home: Home) -> set[str]:
    """A file of an earlier schema has no rates."""
    rows = query_file(
        home.published_warehouse,
        "select column_name from duckdb_columns() where schema_name = 'marts' and table_name = 'monthly_spend'",
    )
    return {row["column_name"] for row in rows}
