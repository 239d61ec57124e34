"""The FinOps Foundation's FOCUS use cases as SQL questions: what the comment at the head of a question's file says.

The head is lines of `-- key: text`, a text going on in lines of `--    more`:

    -- question: one plain sentence
    -- parameter name (type): what it is            an optional one: without a value, everything counts
    -- parameter name (type, default value): what it is
    -- column name: what it means, where the name does not say it
    -- note: what to know before the answer is used
    -- published query: fault: what is wrong with the query that the Foundation publishes
"""

import difflib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation

from mlspend.core.periods import PeriodRange, parse_period

Value = str | int | Decimal | date | None

# What can be wrong with a published query, and what that does to its answer.
FAULTS = {
    "does not bind": "the query is refused",
    "wrong answer": "the answer is to another question",
    "adds up currencies": "groups by no BillingCurrency: euros and dollars become one sum",
    "loses the end": "compares the end of the period by <: with the exclusive end, what ends there is dropped",
    "merges years": "groups by MONTH(): the same month of two years becomes one",
}

_LINE = re.compile(
    r"-- (question|parameter|column|note|published query)(?: (\w+))?(?: \((\w+)(?:, default (\S+))?\))?: (.*)"
)
_PARAMETER = re.compile(r"\$([a-z_]+)")


@dataclass(frozen=True)
class Parameter:
    """What can be set: `type` is date, month, text, integer or number; without `default`, None stands for all."""

    name: str
    type: str
    default: Value
    meaning: str


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong with the published query: `kind` is a key of FAULTS; `what` may be empty."""

    kind: str
    what: str


@dataclass(frozen=True)
class Question:
    """One question: `sql` is the whole file, which takes named parameters of DuckDB ($start_date)."""

    slug: str
    question: str
    parameters: tuple[Parameter, ...]
    columns: Mapping[str, str]
    notes: tuple[str, ...]
    faults: tuple[Fault, ...]
    sql: str


def parse_question(slug: str, sql: str) -> Question:
    r"""Return the question of a file's text; ValueError where its head is not as this module says.

    >>> head = "-- question: How much?\n-- parameter limit (integer, default 3): rows\n"
    >>> parse_question("x", head + "select $limit").parameters
    (Parameter(name='limit', type='integer', default=3, meaning='rows'),)
    """
    found: dict[str, list[tuple[str, ...]]] = {}
    for line in _join_head(sql):
        match = _LINE.fullmatch(line)
        if match is None:
            raise ValueError(f"{slug}: a question's head has no line like {line!r}")
        found.setdefault(match[1], []).append(tuple(part or "" for part in match.groups()[1:]))
    if len(found.get("question", [])) != 1:
        raise ValueError(f"{slug}: one line `-- question:` is needed")
    parameters = tuple(
        Parameter(name, kind, read_value(kind, default) if default else None, meaning)
        for name, kind, default, meaning in found.get("parameter", [])
    )
    used = set(_PARAMETER.findall(_without_head(sql)))
    explained = {each.name for each in parameters}
    if used != explained:
        raise ValueError(f"{slug}: the head explains {sorted(explained)}, the query takes {sorted(used)}")
    return Question(
        slug,
        found["question"][0][-1],
        parameters,
        {name: meaning for name, _, _, meaning in found.get("column", [])},
        tuple(text for *_, text in found.get("note", [])),
        tuple(_read_fault(slug, text) for *_, text in found.get("published query", [])),
        sql,
    )


def read_value(kind: str, text: str) -> Value:
    """Return the value that `text` stands for as a parameter of that type; ValueError with what is expected.

    >>> read_value("number", "12.50")
    Decimal('12.50')
    """
    read, expected = _TYPES[kind]
    try:
        return read(text)
    except (ValueError, InvalidOperation) as error:
        raise ValueError(f"{text!r} is not {expected}") from error


def read_settings(question: Question, settings: Iterable[str]) -> dict[str, Value]:
    """Return a value for every parameter of the question, from "name=value" and the defaults.

    Raises ValueError for a parameter that the question does not have, or a value that is not of its type.
    """
    known = {each.name: each for each in question.parameters}
    values = {each.name: each.default for each in question.parameters}
    for setting in settings:
        name, found, text = setting.partition("=")
        if not found or name not in known:
            raise ValueError(f"{setting!r} sets nothing that {question.slug} takes: {_describe(question.parameters)}")
        try:
            values[name] = read_value(known[name].type, text)
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from error
    start, end = values.get("start_date"), values.get("end_date")
    if isinstance(start, date) and isinstance(end, date) and end <= start:
        raise ValueError(f"no day lies between start_date {start} and end_date {end}, which is the day after the last")
    first, last = values.get("first_period"), values.get("last_period")
    PeriodRange(str(first) if first else None, str(last) if last else None)
    return values


def write_in(question: Question, values: Mapping[str, Value]) -> str:
    r"""Return the question's SQL with the values in the place of its parameters: ready to be run anywhere.

    >>> question = parse_question("x", "-- question: Who?\n-- parameter name (text): who\nselect $name")
    >>> write_in(question, {"name": "it's"})
    "-- question: Who?\n-- parameter name (text): who\nselect 'it''s'"
    """
    body = _without_head(question.sql)
    head = question.sql[: len(question.sql) - len(body)]
    return head + _PARAMETER.sub(lambda match: _literal(values[match[1]]), body)


def find_near(slug: str, slugs: Sequence[str]) -> list[str]:
    """Return at most five slugs that look like `slug` or share its words.

    >>> find_near("anomaly", ["daily-anomaly-region", "costs-service-name"])
    ['daily-anomaly-region']
    """
    close = difflib.get_close_matches(slug, slugs, n=5)
    words = set(re.findall(r"[a-z]{4,}", slug.lower()))
    shared = sorted(slugs, key=lambda each: -len(words & set(each.split("-"))))
    return [*close, *(each for each in shared if each not in close and words & set(each.split("-")))][:5]


def _join_head(sql: str) -> list[str]:
    lines: list[str] = []
    for line in sql[: len(sql) - len(_without_head(sql))].splitlines():
        if line.startswith("--    ") and lines:
            lines[-1] += " " + line.removeprefix("--    ")
        else:
            lines.append(line)
    # A fault that needs no more words ends in its kind.
    return [f"{line}: " if line.removeprefix("-- published query: ") in FAULTS else line for line in lines]


def _without_head(sql: str) -> str:
    return re.sub(r"\A(?:--.*\n)+", "", sql)


def _read_fault(slug: str, text: str) -> Fault:
    kind, _, what = text.partition(":")
    if kind not in FAULTS:
        raise ValueError(f"{slug}: {kind!r} is no fault of a published query, but {', '.join(FAULTS)} are")
    return Fault(kind, what.strip())


def _describe(parameters: Sequence[Parameter]) -> str:
    told = (f"{each.name} ({_TYPES[each.type][1]})" for each in parameters)
    return "; ".join(told) or "it takes no parameters"


def _literal(value: Value) -> str:
    if value is None:
        return "null"
    if isinstance(value, date):
        return f"date '{value.isoformat()}'"
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def _read_number(text: str) -> Decimal:
    number = Decimal(text)
    if not number.is_finite():
        raise ValueError(text)
    return number


_TYPES: dict[str, tuple[Callable[[str], Value], str]] = {
    "date": (date.fromisoformat, "a day, as 2026-10-01"),
    "month": (parse_period, "a billing period, as 2026-10"),
    "text": (str, "a text"),
    "integer": (int, "a whole number"),
    "number": (_read_number, "a number, as 12.50"),
}
