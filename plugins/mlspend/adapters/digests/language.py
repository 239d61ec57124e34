"""How a digest is written in a team's language and time zone: sentences by gettext, numbers and dates by Babel.

English is the source text; languages/<code>.po holds the others. `say` and `say_many` are the words that
tests/adapters/digests/test_language.py looks for in the code: give them the sentence itself, never a variable.
"""

import decimal
import gettext
import io
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo

from babel import dates, numbers
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

_EXACT = decimal.Context(prec=76, rounding=ROUND_HALF_UP)
_MINUS = "\N{MINUS SIGN}"
_NBSP = "\N{NO-BREAK SPACE}"
# Where the currency stands, and whether a space stands before the percent sign, is the language's.
_MONEY = {"en": f"¤¤{_NBSP}#,##0.00", "fr": f"#,##0.00{_NBSP}¤¤"}
_UNITS = ("B", "KB", "MB", "GB", "TB", "PB")
_FRENCH_UNITS = ("o", "Ko", "Mo", "Go", "To", "Po")


class Language:
    """One language (`en` or `fr`) in one time zone."""

    def __init__(self, code: str = "en", time_zone: str = "UTC") -> None:
        self.code = code
        self._zone = ZoneInfo(time_zone)
        self._catalog = _catalog(code)
        # French puts a space before both signs.
        self.colon = f"{_NBSP}: " if code == "fr" else ": "
        self.semicolon = f"{_NBSP}; " if code == "fr" else "; "

    def say(self, sentence: str, /, **values: str) -> str:
        """Return the sentence in this language with `{name}` filled in; values are written already."""
        return self._catalog.gettext(sentence).format(**values)

    def say_many(self, one: str, many: str, count: int, /, **values: str) -> str:
        """Return the singular or plural sentence for `count`, which stands in it as `{count}`."""
        return self._catalog.ngettext(one, many, count).format(count=self.number(count), **values)

    def number(self, value: int | Decimal) -> str:
        """Return a number with the language's separators."""
        return _signed(numbers.format_decimal(value, locale=self.code))

    def money(self, value: Decimal, currency: str, *, with_sign: bool = False) -> str:
        """Return an amount with its currency code and as many decimals as the currency has."""
        return self._amount(value, currency, _MONEY[self.code], with_sign=with_sign)

    def amount(self, value: Decimal, currency: str, *, with_sign: bool = False) -> str:
        """Return an amount without its currency."""
        return self._amount(value, currency, "#,##0.00", with_sign=with_sign)

    def exact(self, value: Decimal, currency: str) -> str:
        """Return an amount with every digit it has."""
        written = numbers.format_decimal(value, format="#,##0.############", locale=self.code)
        return f"{_signed(written)}{_NBSP}{currency}"

    def percent(self, value: Decimal, *, with_sign: bool = False) -> str:
        """Return a percentage with one decimal; `value` 12.3 is 12.3 %."""
        rounded = value.quantize(Decimal("0.1"), context=_EXACT)
        pattern = f"#,##0.0{_NBSP}%" if self.code == "fr" else "#,##0.0%"
        with decimal.localcontext(_EXACT):
            written = numbers.format_percent(abs(rounded) / 100, format=pattern, locale=self.code)
        return _sign(rounded, with_sign=with_sign) + written

    def day(self, value: date, *, with_year: bool = True) -> str:
        """Return a day as people write it: 9 Nov 2026, 1er nov. 2026."""
        rest = dates.format_date(value, "MMM y" if with_year else "MMM", locale=self.code)
        return f"{self._first(value)}{_NBSP}{rest}"

    def days(self, first: date, last: date) -> str:
        """Return a span of days."""
        if (first.year, first.month) == (last.year, last.month):
            return f"{self._first(first)}–{self.day(last)}"
        return f"{self.day(first, with_year=first.year != last.year)} – {self.day(last)}"

    def month(self, period: str) -> str:
        """Return a month 'YYYY-MM' with its full name."""
        return dates.format_date(date.fromisoformat(f"{period}-01"), "MMMM y", locale=self.code)

    def moment(self, value: datetime) -> str:
        """Return a moment to the minute, in the team's time zone."""
        there = value.astimezone(self._zone)
        zone = f"{there:%Z}"
        # Where a zone has no letters of its own, Python names the offset alone.
        offset = f"{there:%z}"
        named = zone if zone.isalpha() else f"UTC{offset[:3]}:{offset[3:]}"
        return f"{self.day(there.date())} {there:%H:%M}{_NBSP}{named}"

    def age(self, length: timedelta) -> str:
        """Return how long ago something was, in its largest whole unit."""
        hours = int(length / timedelta(hours=1))
        if hours < 1:
            return self.say("less than an hour ago")
        if hours < 48:
            return self.say_many("{count} hour ago", "{count} hours ago", hours)
        return self.say_many("{count} day ago", "{count} days ago", hours // 24)

    def size(self, byte_count: int) -> str:
        """Return a number of bytes in the largest unit of a thousand that it fills."""
        value, position = Decimal(byte_count), 0
        while value >= 1000 and position < len(_UNITS) - 1:
            value, position = value / 1000, position + 1
        unit = (_FRENCH_UNITS if self.code == "fr" else _UNITS)[position]
        rounded = value.quantize(Decimal("0.1") if value < 100 and position else Decimal(1), context=_EXACT)
        return f"{numbers.format_decimal(rounded, locale=self.code)}{_NBSP}{unit}"

    def listed(self, names: Iterable[str], *, most: int = 10) -> str:
        """Return names with commas between, the tail of a long list counted."""
        every = list(names)
        more = len(every) - most
        shown = ", ".join(every[:most])
        if more <= 0:
            return shown
        return self.say_many("{names} and {count} more", "{names} and {count} more", more, names=shown)

    def _first(self, value: date) -> str:
        return "1er" if self.code == "fr" and value.day == 1 else str(value.day)

    def _amount(self, value: Decimal, currency: str, pattern: str, *, with_sign: bool) -> str:
        digits = numbers.get_currency_precision(currency)
        rounded = value.quantize(Decimal(1).scaleb(-digits), context=_EXACT)
        with decimal.localcontext(_EXACT):
            written = numbers.format_currency(abs(rounded), currency, format=pattern, locale=self.code)
        sign = _sign(rounded, with_sign=with_sign)
        # Before the number, not before the currency.
        return (
            f"{currency}{_NBSP}{sign}{written.removeprefix(currency + _NBSP)}"
            if written.startswith(currency + _NBSP)
            else sign + written
        )


@cache
def _catalog(code: str) -> gettext.NullTranslations:
    if code == "en":
        return gettext.NullTranslations()
    with files("mlspend").joinpath("languages", f"{code}.po").open("rb") as source:
        catalog = read_po(source, locale=code, abort_invalid=True)
    compiled = io.BytesIO()
    write_mo(compiled, catalog)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def _sign(value: Decimal, *, with_sign: bool) -> str:
    return _MINUS if value < 0 else "+" if with_sign and value > 0 else ""


def _signed(written: str) -> str:
    return written.replace("-", _MINUS)
