"""What the CLI prints: tables for people, one JSON document for programs, progress on standard error."""

import dataclasses
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import typer

# A pipe has no width; narrower than this, columns of ids would be cut.
_PIPE_WIDTH = 160
_CENT = Decimal("0.01")


@contextmanager
def progress() -> Iterator[Callable[[str], None]]:
    """Give a function that says what is being done now: a moving line on a terminal, plain lines elsewhere."""
    if not sys.stderr.isatty():
        yield lambda words: typer.echo(words, err=True)
        return
    from rich.console import Console
    from rich.markup import escape

    with Console(stderr=True).status("starting") as line:
        yield lambda words: line.update(escape(printable(words)))


def show_json(document: Any) -> None:
    """Print plain values, dataclasses, amounts (as text) and times as one JSON document."""
    typer.echo(json.dumps(document, default=_plain, indent=2, ensure_ascii=False))


def show_table(
    title: str, rows: Sequence[Mapping[str, Any]], columns: Sequence[str] | None = None, *, exact: bool = False
) -> None:
    """Print rows as a table: amounts with two digits and thousands apart, or `exact`. Nothing for no rows."""
    if not rows:
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    names = list(columns or rows[0])
    table = Table(
        title=Text(title) if title else None, title_justify="left", title_style="bold", box=None, pad_edge=False
    )
    for name in names:
        is_number = any(isinstance(row[name], Decimal | int | float) for row in rows)
        table.add_column(name.replace("_", " "), justify="right" if is_number else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(_plain_cell(row[name]) if exact else _cell(row[name])) for name in names))
    console = Console(width=None if sys.stdout.isatty() else _PIPE_WIDTH)
    console.print(table)
    console.print()


def show_lines(lines: Iterable[str], *, err: bool = False) -> None:
    """Print plain lines; what a terminal would obey is made visible instead, but for line ends."""
    for line in lines:
        typer.echo("\n".join(map(printable, line.split("\n"))), err=err)


def printable(text: str) -> str:
    r"""Return `text` without what a terminal would obey: tags come from outside.

    >>> printable("a\x1b[31mb")
    'a\\x1b[31mb'
    """
    # Amounts are written with a blank that does not break, which a terminal only shows as one.
    text = text.replace("\N{NO-BREAK SPACE}", " ")
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, Decimal):
        # Little is not nothing.
        return f"{value:,.2f}" if value == 0 or abs(value) >= _CENT else "<0.01" if value > 0 else ">-0.01"
    if isinstance(value, float):
        return f"{value:.1%}"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    return printable(str(value))


def _plain_cell(value: Any) -> str:
    return printable(
        value if isinstance(value, str) else json.dumps(value, default=_plain, ensure_ascii=False).strip('"')
    )


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, set | frozenset):
        return sorted(value)
    if isinstance(value, Mapping):
        return dict(value)
    return str(value)
