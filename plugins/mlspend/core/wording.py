"""How amounts, shares, days and ages are written in messages. Plain English; amounts are rounded only here."""

import unicodedata
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Context, Decimal

# ISO 4217 currencies without a minor unit that clouds bill in.
_WITHOUT_CENTS = frozenset({"CLP", "ISK", "JPY", "KRW", "PYG", "UGX", "VND"})
_EXACT = Context(prec=76, rounding=ROUND_HALF_UP)
_MINUS = "\N{MINUS SIGN}"


def smallest_amount(currency: str) -> Decimal:
    """Return the smallest amount that is paid in a currency.

    >>> smallest_amount("USD"), smallest_amount("JPY")
    (Decimal('0.01'), Decimal('1'))
    """
    return Decimal(1) if currency in _WITHOUT_CENTS else Decimal("0.01")


def amount(value: Decimal, currency: str, *, with_sign: bool = False) -> str:
    """Return an amount with thousands separators, as many decimals as the currency has, and no currency.

    >>> amount(Decimal("1234567.891"), "USD"), amount(Decimal("-0.004"), "USD"), amount(Decimal("1234.5"), "JPY")
    ('1,234,567.89', '0.00', '1,235')
    >>> amount(Decimal("-12.5"), "EUR"), amount(Decimal("3"), "EUR", with_sign=True)
    ('−12.50', '+3.00')
    """
    rounded = value.quantize(smallest_amount(currency), context=_EXACT)
    sign = _MINUS if rounded < 0 else "+" if with_sign and rounded > 0 else ""
    return f"{sign}{abs(rounded):,f}"


def money(value: Decimal, currency: str, *, with_sign: bool = False) -> str:
    r"""Return an amount behind its currency code.

    >>> money(Decimal("-1234.5"), "USD")
    'USD\xa0−1,234.50'
    """
    return f"{currency}\N{NO-BREAK SPACE}{amount(value, currency, with_sign=with_sign)}"


def percent(value: Decimal, *, with_sign: bool = False) -> str:
    """Return a percentage with one decimal.

    >>> percent(Decimal("12.345")), percent(Decimal("-3"), with_sign=True), percent(Decimal("0.04"), with_sign=True)
    ('12.3%', '−3.0%', '0.0%')
    """
    rounded = value.quantize(Decimal("0.1"), context=_EXACT)
    sign = _MINUS if rounded < 0 else "+" if with_sign and rounded > 0 else ""
    return f"{sign}{abs(rounded):,f}%"


def day(value: date) -> str:
    """Return a day as people write it.

    >>> day(date(2026, 11, 9))
    '9 Nov 2026'
    """
    return f"{value.day} {value:%b %Y}"


def days(first: date, last: date) -> str:
    """Return a span of days.

    >>> days(date(2026, 11, 9), date(2026, 11, 15)), days(date(2026, 9, 28), date(2026, 10, 4))
    ('9–15 Nov 2026', '28 Sep – 4 Oct 2026')
    """
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day}–{day(last)}"
    return f"{first.day} {first:%b}{f' {first.year}' if first.year != last.year else ''} – {day(last)}"


def month(period: str) -> str:
    """Return a billing period 'YYYY-MM' as people write it.

    >>> month("2026-09")
    'Sep 2026'
    """
    return f"{date.fromisoformat(f'{period}-01'):%b %Y}"


def moment(value: datetime) -> str:
    """Return a UTC moment to the minute.

    >>> moment(datetime(2026, 11, 9, 3, 5))
    '9 Nov 2026 03:05 UTC'
    """
    return f"{day(value.date())} {value:%H:%M} UTC"


def age(length: timedelta) -> str:
    """Return how long ago something was, in its largest whole unit.

    >>> age(timedelta(minutes=50)), age(timedelta(hours=30)), age(timedelta(days=2))
    ('less than an hour ago', '30 hours ago', '2 days ago')
    """
    return "less than an hour ago" if length < timedelta(hours=1) else f"{span(length)} ago"


def span(length: timedelta) -> str:
    """Return how long something lasts, in its largest whole unit.

    >>> span(timedelta(minutes=50)), span(timedelta(hours=30)), span(timedelta(days=2))
    ('less than an hour', '30 hours', '2 days')
    """
    hours = int(length.total_seconds() // 3600)
    if hours < 1:
        return "less than an hour"
    return count(hours, "hour") if hours < 48 else count(hours // 24, "day")


def count(number: int, noun: str) -> str:
    """Return a number of things.

    >>> count(1, "month"), count(1200, "project")
    ('1 month', '1,200 projects')
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def one_line(text: str, limit: int) -> str:
    r"""Return text from outside as one visible line of at most `limit` characters.

    Control characters and invisible directional marks would let a tag rearrange the words around it.

    >>> one_line("a\n\u202eb   c", 20), one_line("recommender", 6), one_line("\x00", 9)
    ('a b c', 'recom…', '(empty)')
    """
    visible = "".join(" " if unicodedata.category(character)[0] in "CZ" else character for character in text)
    line = " ".join(visible.split()) or "(empty)"
    return line if len(line) <= limit else line[: limit - 1] + "…"
