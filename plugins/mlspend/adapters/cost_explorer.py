"""Hold what is published against AWS Cost Explorer. Each request costs money: off by default, once a day, counted."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from mlspend.adapters import aws_api
from mlspend.adapters.config_model import Config
from mlspend.adapters.home import Home
from mlspend.adapters.ledger import Ledger
from mlspend.adapters.warehouse_query import query_published
from mlspend.core.cost_explorer import PRICE, AccountMonth, build_request, compare, read_answers
from mlspend.core.errors import ConfigInvalid, CostExplorerAsked, NothingPublished

_SERVICE, _OPERATION = "ce", "GetCostAndUsage"
_PUBLISHED = """
    select billing_period, coalesce(sub_account_id, '') as sub_account_id, billing_currency,
        sum(billed_cost) as billed_cost
    from marts.monthly_spend where x_source = $1 group by all
"""
# One request can ask for all; older months do not change.
_NEWEST_PERIODS = 3


def check(
    home: Home, config: Config, ledger: Ledger, source: str, *, now: datetime, period: str | None = None
) -> list[AccountMonth]:
    """Return what Cost Explorer says of each account's month of `source` beside what is published.

    Asked is for `period` or the newest three published ones. Raises ConfigInvalid where it is not enabled or `source`
    is not AWS's, CostExplorerAsked where it was asked on this UTC day already, ApiAccessDenied, ApiUnavailable.
    """
    if not config.cost_explorer.enabled:
        raise ConfigInvalid(
            "asking Cost Explorer costs 0.01 USD for each request, so it is off: write cost_explorer: {enabled: true}"
            " into mlspend.yml"
        )
    if config.source(source).provider != "aws":
        raise ConfigInvalid(f"source {source!r} is not of provider aws, so Cost Explorer does not know it")
    rows = query_published(home, _PUBLISHED, [source])
    known = sorted({row["billing_period"] for row in rows})
    periods = [period] if period else known[-_NEWEST_PERIODS:]
    if not set(periods) & set(known):
        raise NothingPublished(f"source {source!r}: nothing of {period or 'it'} is published: run `mlspend run` first")
    published = {
        (row["billing_period"], row["sub_account_id"], row["billing_currency"]): row["billed_cost"] for row in rows
    }
    net = [
        one.delivery.period for one in ledger.current_receipts() if one.delivery.source == source and one.net_accounts
    ]
    costs, estimated = read_answers(_ask(config, ledger, source, periods, now), net)
    return compare(published, costs, periods, estimated)


def _ask(config: Config, ledger: Ledger, source: str, periods: Sequence[str], now: datetime) -> list[dict[str, Any]]:
    day = now.replace(hour=0, minute=0, second=0, microsecond=0)
    asked = ledger.claim_api_call(_SERVICE, _OPERATION, source, now, since=day, cost=PRICE)
    if asked is not None:
        raise CostExplorerAsked(
            f"source {source!r}: Cost Explorer was asked at {asked:%Y-%m-%d %H:%M} UTC, and is asked once a day; next"
            f" from {day + timedelta(days=1):%Y-%m-%d %H:%M} UTC on"
        )
    claimed = [_OPERATION]

    def note(operation: str) -> None:
        # The claim is the record of the first request.
        if claimed:
            claimed.pop()
        else:
            ledger.record_api_call(_SERVICE, operation, source, now, PRICE)

    client = aws_api.connect(_SERVICE, profile=config.cost_explorer.profile, region=aws_api.REGION, note=note)
    request, pages = build_request(periods), []
    with aws_api.aws_errors(f"source {source!r}: Cost Explorer", "ce:GetCostAndUsage"):
        while True:
            pages.append(client.get_cost_and_usage(**request))
            if not (token := pages[-1].get("NextPageToken")):
                return pages
            request["NextPageToken"] = token
