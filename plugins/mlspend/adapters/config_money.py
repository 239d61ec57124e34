"""The part of mlspend.yml about money that no export holds: exchange rates and invoices."""

from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from mlspend.adapters.config_base import Strict, Text

CURRENCY = r"^[A-Z]{3}$"
# exchange_rate is DECIMAL(18,9).
RATE_DECIMALS = 9
LARGEST_RATE = Decimal(10) ** 9


def _number(written: Any) -> Any:
    return Decimal(written) if isinstance(written, int) and not isinstance(written, bool) else written


Currency = Annotated[str, Field(pattern=CURRENCY, description="a currency as three capital letters, for example USD")]


class StatedRate(Strict):
    """What one unit of a currency is worth in another throughout a billing month."""

    month: str = Field(pattern=r"^\d{4}-(0[1-9]|1[0-2])$", description="a month as YYYY-MM, for example 2026-09")
    from_currency: Currency = Field(alias="from")
    to_currency: Currency = Field(alias="to")
    rate: Annotated[Decimal, BeforeValidator(_number)] = Field(
        gt=0, lt=LARGEST_RATE, decimal_places=RATE_DECIMALS, description="a number above 0 with up to 9 decimals"
    )


class Currencies(Strict):
    """The currency that costs are reported in beside their own, and the monthly rates to it."""

    reporting: Currency
    rates: tuple[StatedRate, ...] = ()
    rates_file: Text | None = Field(
        default=None, description="a CSV file of date,from,to,rate, absolute or below MLSPEND_HOME"
    )


class InvoiceInput(Strict):
    """Where the invoices of one source come from: a CSV file, or the provider's API."""

    source: Text = Field(description="the name of one of the sources")
    file: Text | None = Field(default=None, description="a CSV file, absolute or below MLSPEND_HOME")
    api: Literal["aws"] | None = None
    profile: str | None = Field(default=None, pattern=r"^\S+$", description="a profile of the AWS configuration")
    region: str | None = Field(
        default=None, pattern=r"^[a-z0-9-]+$", description="an AWS region, for example us-east-1"
    )


class CostExplorer(Strict):
    """Whether totals may be held against AWS Cost Explorer, which costs money."""

    enabled: bool = Field(default=False, description="true or false")
    profile: str | None = Field(default=None, pattern=r"^\S+$", description="a profile of the AWS configuration")
