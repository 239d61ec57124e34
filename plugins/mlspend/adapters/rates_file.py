"""The file of exchange rates: CSV of date,from,to,rate, as a bank or a treasury system writes it."""

import csv
import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path

from mlspend.adapters.config_money import CURRENCY, LARGEST_RATE, RATE_DECIMALS
from mlspend.adapters.home import Home
from mlspend.core.errors import RatesUnreadable
from mlspend.core.exchange_rates import FileRate

_COLUMNS = ("date", "from", "to", "rate")


def rates_path(home: Home, written: str) -> Path:
    """Return where the file of rates lies, as mlspend.yml writes it: absolute, or below MLSPEND_HOME."""
    return home.root / Path(written).expanduser()


def read_rates_file(path: Path) -> list[FileRate]:
    """Return the lines of a CSV file of date,from,to,rate; RatesUnreadable lists what is wrong, with the lines."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "is not UTF-8 text"
        raise RatesUnreadable(
            f"{path}: the file of exchange rates cannot be read ({reason}): put it there, or correct rates_file"
        ) from error
    rates: list[FileRate] = []
    problems = list(_read_lines(text, rates))
    if problems:
        raise RatesUnreadable("\n".join(f"{path}:{line}: {problem}" for line, problem in problems))
    return rates


def _read_lines(text: str, rates: list[FileRate]) -> Iterator[tuple[int, str]]:
    """Add the rates that `text` holds to `rates`; give line and sentence of what is wrong."""
    reader = csv.DictReader(text.splitlines(), restval="", strict=False)
    names = [name.strip().lower() for name in reader.fieldnames or ()]
    if missing := [name for name in _COLUMNS if name not in names]:
        yield 1, f"has no column {', '.join(missing)}: the first line must name date,from,to,rate"
        return
    reader.fieldnames = names
    first: dict[tuple[date, str, str], int] = {}
    for row in reader:
        line = reader.line_num
        values = {name: str(row[name] or "").strip() for name in _COLUMNS}
        if not any(values.values()):
            continue
        try:
            day = date.fromisoformat(values["date"])
        except ValueError:
            yield line, f"date is {values['date']!r}: write a day as YYYY-MM-DD"
            continue
        wrong = [name for name in ("from", "to") if not re.fullmatch(CURRENCY, values[name])]
        if wrong:
            yield (
                line,
                f"{wrong[0]} is {values[wrong[0]]!r}: write three capital letters, for example USD",
            )
            continue
        rate = _rate(values["rate"])
        if rate is None:
            yield line, f"rate is {values['rate']!r}: write a number above 0 with up to {RATE_DECIMALS} decimals"
            continue
        key = (day, values["from"], values["to"])
        if first.setdefault(key, line) != line:
            yield line, f"states {key[1]} to {key[2]} on {day} again (line {first[key]} does already): keep one"
            continue
        rates.append(FileRate(*key, rate))


def _rate(text: str) -> Decimal | None:
    try:
        rate = Decimal(text)
    except InvalidOperation:
        return None
    is_right = rate.is_finite() and 0 < rate < LARGEST_RATE and rate == round(rate, RATE_DECIMALS)
    return rate if is_right else None
