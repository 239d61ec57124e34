"""The `sql` command: one query on the published warehouse, or one of the questions that mlspend brings along."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from mlspend.cli_output import show_json, show_lines, show_table

if TYPE_CHECKING:
    from mlspend.adapters.home import Home
    from mlspend.core.questions import Question, Value


@dataclass(frozen=True)
class Asked:
    """What the command line of `sql` says beside the published state that is meant."""

    query: str | None = None
    is_list: bool = False
    question: str | None = None
    show: str | None = None
    settings: Sequence[str] = ()

    def __post_init__(self) -> None:
        if sum(bool(one) for one in (self.query, self.is_list, self.question, self.show)) != 1:
            raise typer.BadParameter("give one of: a query, --list, --question SLUG, --show SLUG")
        if self.settings and not (self.question or self.show):
            raise typer.BadParameter("--set gives a value to a parameter of --question or --show")


def answer(asked: Asked, home: "Home", file: Path, *, as_json: bool) -> None:
    """Do what was asked; nothing but a query and --question needs a published warehouse."""
    if asked.is_list:
        return show_questions(as_json=as_json)
    if asked.show:
        return show_text(*_prepare(asked.show, asked.settings), as_json=as_json)
    from mlspend import cli_reports
    from mlspend.adapters import warehouse_query

    text, parameters = asked.query or "", None
    if asked.question:
        question, parameters = _prepare(asked.question, asked.settings)
        text = question.sql
    elif text == "-":
        text = sys.stdin.read()
    rows = warehouse_query.query_published(home, text, parameters, file=file)
    return cli_reports.show_rows(rows, as_json=as_json)


def show_questions(*, as_json: bool) -> None:
    """Show every question, and as JSON what it takes and how the published query fails."""
    from mlspend.adapters import questions

    known = list(questions.read_questions().values())
    if as_json:
        show_json([{name: value for name, value in vars(one).items() if name != "sql"} for one in known])
    else:
        show_table("", [{"slug": one.slug, "question": one.question} for one in known])


def show_text(question: "Question", values: dict[str, "Value"], *, as_json: bool) -> None:
    """Show a question's SQL with its values written in: ready to be pasted elsewhere."""
    from mlspend.core.questions import write_in

    text = write_in(question, values)
    if as_json:
        show_json({"slug": question.slug, "values": values, "sql": text})
    else:
        show_lines([text.rstrip("\n")])


def _prepare(slug: str, settings: Sequence[str]) -> tuple["Question", dict[str, "Value"]]:
    from mlspend.adapters import questions
    from mlspend.core.questions import find_near, read_settings

    known = questions.read_questions()
    if slug not in known:
        near = ", ".join(find_near(slug, list(known)))
        raise typer.BadParameter(
            f"there is no question {slug!r}; {f'near it: {near}' if near else '`mlspend sql --list` names them all'}"
        )
    try:
        return known[slug], read_settings(known[slug], settings)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
