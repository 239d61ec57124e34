"""Amounts in the reporting currency: through the configuration, the file of rates, the state store and real builds."""

import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from mlspend.adapters import config, pipeline, publication
from mlspend.adapters.config import Config
from mlspend.adapters.config_money import Currencies, StatedRate
from mlspend.adapters.home import Home
from mlspend.adapters.ledger import Ledger
from mlspend.adapters.rates_file import read_rates_file
from mlspend.adapters.warehouse_query import query_published
from mlspend.core.deliveries import Build
from mlspend.core.errors import RateMissing, RatesUnreadable
from mlspend.core.exchange_rates import FileRate
from tests.focus_csv import focus_line, write_focus_csv
from tests.handmade_build import prove_by_hand

NOW = datetime(2026, 10, 20, 6, tzinfo=UTC)
HEADER = "date,from,to,rate\n"
AUGUST = ("2026-08", "EUR", "USD", Decimal("1.05"), "2026-08-31", "file")
SEPTEMBER = ("2026-09", "EUR", "USD", Decimal("1.1"), "2026-09-30", "file")
OCTOBER = ("2026-10", "EUR", "USD", Decimal("1.2"), "2026-10-19", "file")
A_RATE = "write a number above 0 with up to 9 decimals"


def settings(*stated: tuple[str, str, str]) -> Config:
    rates = tuple(
        StatedRate.model_validate({"month": month, "from": currency, "to": "USD", "rate": Decimal(rate)})
        for month, currency, rate in stated
    )
    return Config(
        company="Test", sources=(), currencies=Currencies(reporting="USD", rates=rates, rates_file="rates.csv")
    )


@pytest.fixture
def ledger(home: Home) -> Iterator[Ledger]:
    with Ledger.open(home) as opened:
        yield opened


def deliver(home: Home, ledger: Ledger) -> None:
    """Three months; an account in euros each, one in dollars, and in September one in pounds."""
    for period in ("2026-08", "2026-09", "2026-10"):
        lines = [
            focus_line(period, 1, "100.000000000001", BillingCurrency="EUR", BillingAccountId="eur"),
            focus_line(period, 2, "-0.000000000005", BillingCurrency="EUR", BillingAccountId="eur", BilledCost="7"),
            focus_line(period, 2, "40", BillingAccountId="usd"),
        ]
        if period == "2026-09":
            lines.append(focus_line(period, 3, "10", BillingCurrency="GBP", BillingAccountId="gbp"))
        write_focus_csv(home.root / "exports" / f"{period}.csv", lines)
    landed = pipeline.land("cloud", str(home.root / "exports"), home, ledger, now=NOW, tell=lambda _: None)
    landed.raise_rejections()


def publish(home: Home, ledger: Ledger, used: Config) -> Build:
    build = pipeline.make_build(home, used, ledger, publication.read_published(home), now=NOW)
    prove_by_hand(build)
    publication.publish(build, home, ledger, now=NOW)
    return build


def spend(home: Home) -> list[tuple[Any, ...]]:
    rows = query_published(
        home,
        """select billing_period, billing_currency, reporting_currency, exchange_rate, exchange_rate_date::varchar,
            exchange_rate_origin, sum(reporting_billed_cost), sum(reporting_effective_cost)
        from marts.monthly_spend group by all order by all""",
    )
    return [tuple(row.values()) for row in rows]


@pytest.mark.usefixtures("warm_builds")
def test_costs_are_reported_at_rates_that_stay_what_they_were(
    home: Home, ledger: Ledger, caplog: pytest.LogCaptureFixture
) -> None:
    deliver(home, ledger)
    file = home.root / "rates.csv"
    file.write_text(HEADER + "2026-08-31,EUR,USD,1.05\n2026-09-29,EUR,USD,9\n2026-09-30,EUR,USD,1.1\n")
    with pytest.raises(RateMissing) as missing:
        publish(home, ledger, settings())
    assert [line.partition(";")[0] for line in str(missing.value).splitlines()] == [
        "source 'cloud', billing period 2026-09: no exchange rate from GBP to USD",
        "source 'cloud', billing period 2026-10: no exchange rate from EUR to USD",
    ]
    assert "add {month: 2026-09, from: GBP, to: USD, rate: …} to currencies.rates" in str(missing.value)
    assert [path.name for path in home.builds.iterdir()] == ["stopped.json"], "nothing was begun"

    file.write_text(file.read_text() + "2026-09-01,GBP,USD,1.3\n2026-10-19,EUR,USD,1.2\n")
    assert len(publish(home, ledger, settings()).rebuilt) == 3
    # Each row of a day is converted by itself and rounded to 1e-12: 100.000000000001 × 1.1 = 110.000000000001(1) and
    # -0.000000000005 × 1.1 = -0.000000000006 (half away from zero).
    assert spend(home) == [
        (
            "2026-08",
            "EUR",
            "USD",
            Decimal("1.05"),
            "2026-08-31",
            "file",
            Decimal("112.350000000001"),
            Decimal("104.999999999996"),
        ),
        ("2026-08", "USD", "USD", Decimal(1), None, "same_currency", Decimal(40), Decimal(40)),
        (
            "2026-09",
            "EUR",
            "USD",
            Decimal("1.1"),
            "2026-09-30",
            "file",
            Decimal("117.700000000001"),
            Decimal("109.999999999995"),
        ),
        ("2026-09", "GBP", "USD", Decimal("1.3"), "2026-09-01", "file", Decimal(13), Decimal(13)),
        ("2026-09", "USD", "USD", Decimal(1), None, "same_currency", Decimal(40), Decimal(40)),
        (
            "2026-10",
            "EUR",
            "USD",
            Decimal("1.2"),
            "2026-10-19",
            "file",
            Decimal("128.400000000001"),
            Decimal("119.999999999995"),
        ),
        ("2026-10", "USD", "USD", Decimal(1), None, "same_currency", Decimal(40), Decimal(40)),
    ]

    # The file moves every month. August stays untouched; September is converted again, for the pounds' stated rate, and
    # its euros stay what they were; October, which is not over, moves.
    file.write_text(
        HEADER + "2026-08-31,EUR,USD,5\n2026-09-30,EUR,USD,5\n2026-09-30,GBP,USD,5\n2026-10-20,EUR,USD,1.25\n"
    )
    with caplog.at_level(logging.WARNING):
        again = publish(home, ledger, settings(("2026-09", "GBP", "1.4")))
    assert [one.billing_period for one in again.rebuilt] == ["2026-09", "2026-10"]
    assert [row[:6] for row in spend(home) if row[1] != "USD"] == [
        AUGUST,
        SEPTEMBER,
        ("2026-09", "GBP", "USD", Decimal("1.4"), "2026-09-30", "configuration"),
        ("2026-10", "EUR", "USD", Decimal("1.25"), "2026-10-20", "file"),
    ]
    told = [record.getMessage() for record in caplog.records if "as the rate from" in record.getMessage()]
    assert [text.partition(" from ")[0] for text in told[:2]] == [
        "billing period 2026-08 was published with 1.05 as the rate",
        "billing period 2026-09 was published with 1.1 as the rate",
    ]
    assert not any("GBP" in text for text in told), "a stated rate counts, so nothing stays against it"

    # In November October is over: the publication that stands freezes what it was converted with.
    publication.publish(again, home, ledger, now=NOW.replace(month=11))
    assert ledger.frozen_rates("USD")["2026-10", "EUR"].rate == Decimal("1.25")
    assert pipeline.awaits_publication(home, settings(("2026-09", "GBP", "1.4")), ledger, now=NOW) is False


def test_nothing_is_converted_where_no_currency_is_reported(example_warehouse: Home) -> None:
    [row] = query_published(
        example_warehouse,
        """select count(*) > 0 as has_rows, count(reporting_currency) + count(exchange_rate)
            + count(reporting_billed_cost) + count(reporting_effective_cost) as converted from marts.daily_spend""",
    )
    assert row == {"has_rows": True, "converted": 0}


def test_the_file_of_rates_is_read_whatever_the_order_of_its_columns(tmp_path: Path) -> None:
    file = tmp_path / "rates.csv"
    file.write_text("\ufeffRate,note,To,Date,From\n 1.1034 ,x,USD,2026-09-30,EUR\n\n", encoding="utf-8")
    [rate] = read_rates_file(file)
    assert rate == FileRate(datetime(2026, 9, 30, tzinfo=UTC).date(), "EUR", "USD", Decimal("1.1034"))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("day,from,to,rate\n", "1: has no column date: the first line must name date,from,to,rate"),
        ("", "1: has no column date, from, to, rate: the first line must name date,from,to,rate"),
        (HEADER + "2026-09,EUR,USD,1\n", "2: date is '2026-09': write a day as YYYY-MM-DD"),
        (HEADER + "2026-09-30,eur,USD,1\n", "2: from is 'eur': write three capital letters, for example USD"),
        *[
            (
                HEADER + f"2026-09-30,EUR,USD,{rate}\n",
                f"2: rate is {rate!r}: write a number above 0 with up to 9 decimals",
            )
            for rate in ("0", "-1.1", "1x", "NaN", "Infinity", "1.0000000001", "1e9")
        ],
        (
            HEADER + "2026-09-30,EUR,USD,1.1\n2026-09-30,EUR,USD,1.1\n",
            "3: states EUR to USD on 2026-09-30 again (line 2 does already): keep one",
        ),
    ],
)
def test_a_wrong_line_of_the_file_is_named(tmp_path: Path, text: str, wanted: str) -> None:
    file = tmp_path / "rates.csv"
    file.write_text(text)
    with pytest.raises(RatesUnreadable) as refused:
        read_rates_file(file)
    assert str(refused.value) == f"{file}:{wanted}"


CONFIG = """\
company: Small
sources: []
currencies:
  reporting: USD
  rates:
    - {month: 2026-09, from: EUR, to: USD, rate: 1.1034}
"""


@pytest.mark.parametrize(
    ("key", "value", "wanted"),
    [
        ("month", "2026-9", "is '2026-9', which cannot be right; write a month as YYYY-MM, for example 2026-09"),
        (
            "from",
            "euro",
            "is 'euro', which cannot be right; write a currency as three capital letters, for example USD",
        ),
        ("rate", "0", f"is 0, which cannot be right; {A_RATE}"),
        ("rate", "-1.5", f"is -1.5, which cannot be right; {A_RATE}"),
        ("rate", "true", f"is True, which cannot be right; {A_RATE}"),
        ("rate", "1.0000000001", f"is 1.0000000001, which cannot be right; {A_RATE}"),
        ("to", "CHF", "is CHF, but costs are reported in USD; write USD"),
        ("from", "USD", "is USD, which is always worth 1 of itself; remove this rate"),
        ("frm", "EUR", "is not a key mlspend knows; did you mean from?"),
    ],
)
def test_a_wrong_rate_of_the_configuration_is_named(tmp_path: Path, key: str, value: str, wanted: str) -> None:
    file = tmp_path / "mlspend.yml"
    rate = {"month": "2026-09", "from": "EUR", "to": "USD", "rate": "1.1034"} | {key: value}
    written = ", ".join(f"{name}: {each}" for name, each in rate.items())
    file.write_text(CONFIG.replace("month: 2026-09, from: EUR, to: USD, rate: 1.1034", written))
    assert [str(problem) for problem in config.check(file)] == [f"{file}:6: currencies.rates[0].{key}: {wanted}"]


def test_a_rate_that_is_stated_twice_and_a_file_that_is_wrong_are_named(home: Home, tmp_path: Path) -> None:
    file = tmp_path / "mlspend.yml"
    file.write_text(CONFIG)
    assert config.check(file) == []
    file.write_text(CONFIG + "    - {month: 2026-09, from: EUR, to: USD, rate: 2}\n")
    assert [str(each) for each in config.check(file)] == [
        f"{file}:7: currencies.rates[1]: states EUR in 2026-09 again (rates[0] does already); keep one"
    ]
    file.write_text(CONFIG + "  rates_file: rates.csv\n")
    assert [str(each) for each in config.check(file)] == [
        f"{file}:7: currencies.rates_file: {home.root}/rates.csv: the file of exchange rates cannot be read"
        " (No such file or directory): put it there, or correct rates_file"
    ]
    (home.root / "rates.csv").write_text(HEADER + "x,EUR,USD,1\n2026-09-30,EUR,USD,0\n")
    assert [each.message.partition("rates.csv:")[2][:1] for each in config.check(file)] == ["2", "3"]
