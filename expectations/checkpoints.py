"""Ask every expectation of one build, in one process: `python -m expectations.checkpoints --warehouse … --plan …`.

The result is a JSON list, one object per expectation and, where one failed, per partition. The exit status says only
whether the questions could be asked at all (0), not how they were answered.
"""

import argparse
import gc
import importlib
import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

import duckdb

from expectations.engine import CONNECTION_STRING, open_session, quote
from expectations.measures import LAYERS, prepare
from mlspend.core.check_effects import SEVERITIES, Effect
from mlspend.core.proof_plan import ProofPlan

_SAMPLE_ROWS = 3
# What readers call that which a question is about, where the session has another name for it.
_SUBJECTS = {
    "landed_lines": "landed lines",
    "landed_partitions": "landed lines",
    "payers": "landed lines",
    "focus_lines": "focus_costs",
    "duplicate_lines": "focus_costs",
    "allocated_lines": "allocated_costs",
    "totals": "sums per account",
    "column_types": "column types",
    "partition_presence": "partitions",
}
_LINE_KEYS = [
    "x_source",
    "billing_period",
    "x_line_id",
    "line_id",
    "charge_date",
    "charge_start",
    "service",
    "service_name",
]

Result = dict[str, Any]
T = TypeVar("T")


@dataclass(frozen=True)
class Question:
    """Expectations of one layer about one table or view of the session."""

    layer: str
    asset: str
    expectations: list[Any]


@dataclass(frozen=True)
class Measured:
    """The session with everything that is to be asked about; `problems` says which layer could not be measured."""

    session: duckdb.DuckDBPyConnection
    plan: ProofPlan
    problems: dict[str, str]


def main() -> None:
    """Answer what the arguments ask; without any, what one line on standard input asks, the words as a JSON list.

    So a caller can start this process early: it gets ready while it waits. Nothing is done when the input ends first.
    """
    # Importing makes millions of objects that all live to the end: collecting garbage between them takes a second.
    gc.disable()
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("--warehouse", "--plan", "--results", "--docs"):
        parser.add_argument(name, type=Path)
    words = sys.argv[1:]

    def measure() -> Measured:
        asked = words or json.loads(sys.stdin.readline() or "[]")
        if not asked:
            # Whoever started this process has ended, perhaps was killed: the import would go on for seconds.
            os._exit(0)
        parser.parse_args(asked, namespace=arguments)
        return _measure(arguments.warehouse, ProofPlan.from_json(arguments.plan.read_text()), arguments.results.parent)

    arguments = argparse.Namespace()
    _ask(
        _import_meanwhile(measure),
        lambda answers: arguments.results.write_text(json.dumps(answers, indent=1, default=str)),
        lambda: arguments.docs,
    )


def check(warehouse: Path, plan: ProofPlan, temp_directory: Path) -> list[Result]:
    """Return the answer to every expectation about `warehouse`; spills go to `temp_directory`."""
    answers: list[Result] = []
    _ask(_import_meanwhile(lambda: _measure(warehouse, plan, temp_directory)), answers.extend)
    return answers


def _import_meanwhile(measure: Callable[[], T]) -> T:
    """Return what `measure` does in DuckDB while this thread imports Great Expectations, some six seconds long."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    with ThreadPoolExecutor(max_workers=1) as pool:
        measured = pool.submit(measure)
        importlib.import_module("great_expectations.expectations")
        return measured.result()


def _measure(warehouse: Path, plan: ProofPlan, temp_directory: Path) -> Measured:
    """Measure layer by layer; an error in one leaves the others."""
    session = open_session(warehouse, temp_directory)
    problems: dict[str, str] = {}
    prepare(session, plan)
    for layer, measure in LAYERS.items():
        if not plan.rebuilt and layer != "warehouse":
            continue
        try:
            measure(session, plan)
        except duckdb.Error as error:
            problems[layer] = f"could not be measured: {error}"
    return Measured(session, plan, problems)


def _ask(
    measured: Measured, tell: Callable[[list[Result]], Any], docs: Callable[[], Path | None] = lambda: None
) -> None:
    """Ask, `tell` the answers, then write Great Expectations' own pages about them into the folder `docs`."""
    from expectations.suites import about_partitions, about_warehouse

    questions = [
        Question(layer, asset, expectations)
        for layer, assets in (about_partitions() if measured.plan.rebuilt else {}).items()
        for asset, expectations in assets.items()
    ]
    questions += [Question("warehouse", asset, expectations) for asset, expectations in about_warehouse().items()]
    questions = [_with_effects(question, measured.plan.effects) for question in questions]
    asker = _Asker(measured.session)
    results: list[Result] = []
    for question in questions:
        problem = measured.problems.get(question.layer)
        results += _unasked(question, problem) if problem else list(_answers(asker, question))
    tell(results)
    if folder := docs():
        asker.write_docs(folder)
    asker.close()
    measured.session.close()


def _with_effects(question: Question, effects: Mapping[str, Effect]) -> Question:
    """Give the expectations the effects that the configuration states in place of their own."""
    expectations = []
    for expectation in question.expectations:
        name = name_of(question.asset, expectation)
        effect = effects.get(name, expectation.meta["effect"])
        update = {"severity": SEVERITIES[effect], "meta": {**expectation.meta, "effect": effect, "check": name}}
        expectations.append(expectation.copy(update=update))
    return Question(question.layer, question.asset, expectations)


def name_of(asset: str, expectation: Any) -> str:
    """Return what configuration and data_quality call an expectation: its rule, or column and what is asked of it.

    For example `charge_date_near_period` or `focus_costs.charge_category.in_set`.
    """
    if rule := expectation.meta.get("rule"):
        return str(rule)
    subject = _SUBJECTS.get(asset, asset).replace(" ", "_")
    return f"{subject}.{expectation.column}.{expectation.meta['kind']}"


def _unasked(question: Question, problem: str) -> list[Result]:
    return [_result(question, expectation, evaluated=False, problem=problem) for expectation in question.expectations]


def _answers(asker: "_Asker", question: Question) -> Iterator[Result]:
    """Ask all expectations cheaply at once, then those that failed again for their counts and samples."""
    name = f"{question.layer} {_SUBJECTS.get(question.asset, question.asset)}"
    first = asker.ask(name, question.asset, question.expectations, "BOOLEAN_ONLY")
    for expectation, answer in zip(question.expectations, first, strict=True):
        if answer.success:
            yield _result(question, expectation, success=True)
        else:
            yield from _failures(asker, question, expectation, _problem_of(answer.exception_info))


def _failures(asker: "_Asker", question: Question, expectation: Any, problem: str) -> Iterator[Result]:
    """Ask once more per partition; what only shows across partitions is told for all of them together.

    `problem` is why the expectation could not be evaluated about all of them, empty where it was.
    """
    single = []
    for source, period in asker.partitions(question.asset):
        rows = f"select * from {question.asset} where x_source = {quote(source)} and billing_period = {quote(period)}"
        place = {"x_source": source, "billing_period": period}
        count, sample, own_problem = asker.explain(question.asset, expectation, rows, f"{source} {period}")
        if own_problem:
            single.append(_result(question, expectation, evaluated=False, problem=own_problem, **place))
        elif count:
            single.append(_result(question, expectation, count=count, sample=sample, **place))
    if problem and not any(not one["is_evaluated"] for one in single):
        single.append(_result(question, expectation, evaluated=False, problem=problem))
    elif not single:
        count, sample, _ = asker.explain(question.asset, expectation)
        single.append(_result(question, expectation, count=count, sample=sample))
    yield from single


class _Asker:
    """Great Expectations on the session: ephemeral, silent, suites as code."""

    def __init__(self, session: duckdb.DuckDBPyConnection) -> None:
        import great_expectations
        from great_expectations.data_context.types.base import ProgressBarsConfig

        self._gx = great_expectations
        self._session = session
        self._context = great_expectations.get_context(mode="ephemeral")
        self._context.variables.progress_bars = ProgressBarsConfig(globally=False)
        self._source = self._context.data_sources.add_sql(
            "session", connection_string=CONNECTION_STRING, create_temp_table=False
        )
        self._asked = 0

    def close(self) -> None:
        """Give back every connection; the session lives as long as one of them."""
        self._source.get_engine().dispose()
        self._source.get_execution_engine().close()

    def write_docs(self, folder: Path) -> None:
        """Write pages about everything that was asked into `folder`, replacing what is there; index.html leads to all.

        Where that fails the answers stand all the same: it is told on standard error.
        """
        site: Any = {
            "class_name": "SiteBuilder",
            "show_how_to_buttons": False,
            "store_backend": {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(folder)},
            "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
        }
        shutil.rmtree(folder, ignore_errors=True)
        try:
            self._context.add_data_docs_site("pages", site)
            self._context.build_data_docs(site_names=["pages"])
        except Exception as error:  # noqa: BLE001
            sys.stderr.write(f"the pages about the checks could not be written to {folder}: {error!r}\n")

    def ask(
        self, name: str, table: str, expectations: list[Any], result_format: Any, query: str | None = None
    ) -> list[Any]:
        """Return the answers in the order of `expectations`, about `table` or `query`; its page is called `name`."""
        self._asked += 1
        name = f"{self._asked:02d} {name}".replace(".", " ")
        asset = (
            self._source.add_query_asset(name, query=query)
            if query
            else self._source.add_table_asset(name, table_name=table)
        )
        suite = self._gx.ExpectationSuite(name)
        for expectation in expectations:
            suite.add_expectation(expectation.copy(update={"id": None}))
        definition = self._gx.ValidationDefinition(
            name=name,
            data=asset.add_batch_definition_whole_table("whole") if not query else asset.add_batch_definition("whole"),
            suite=self._context.suites.add(suite),
        )
        answers = self._context.validation_definitions.add(definition).run(result_format=result_format).results
        return [_answer_to(expectation, answers) for expectation in expectations]

    def partitions(self, table: str) -> list[tuple[str, str]]:
        """Return the partitions that have rows in `table`."""
        query = f"select distinct x_source, billing_period from {table} where x_source || billing_period is not null"
        return sorted(self._session.execute(query).fetchall())

    def explain(
        self, table: str, expectation: Any, query: str | None = None, place: str = "all"
    ) -> tuple[int, list[dict[str, Any]], str]:
        """Return the number of unexpected rows, a few of them, and why it could not be evaluated, if that is so."""
        name = f"{expectation.meta['check']} {place}"
        if "unexpected_rows_query" in expectation.__fields__:
            answer = self.ask(name, table, [expectation], "COMPLETE", query)[0]
            rows = answer.result.get("details", {}).get("unexpected_rows", [])[:_SAMPLE_ROWS]
            return answer.result.get("observed_value", 0), rows, _problem_of(answer.exception_info)
        columns = {row[0] for row in self._session.execute(f"describe {table}").fetchall()}
        wanted = {
            "result_format": "SUMMARY",
            "unexpected_index_column_names": [key for key in _LINE_KEYS if key in columns],
            "partial_unexpected_count": _SAMPLE_ROWS,
        }
        answer = self.ask(name, table, [expectation], wanted, query)[0]
        sample = answer.result.get("partial_unexpected_index_list", [])
        return answer.result.get("unexpected_count", 0), sample, _problem_of(answer.exception_info)


def _answer_to(expectation: Any, answers: list[Any]) -> Any:
    """Find the answer by what was asked: Great Expectations returns those that raised before the others."""
    asked = expectation.configuration
    for answer in answers:
        found = answer.expectation_config
        if found.type == asked.type and all(found.kwargs.get(key) == value for key, value in asked.kwargs.items()):
            return answer
    raise LookupError(f"Great Expectations gave no answer to {asked.type} {asked.kwargs}")


def _problem_of(exception_info: dict[str, Any]) -> str:
    """Return why an expectation could not be evaluated, empty if it could. Errors are flat or one per metric."""
    entries = [exception_info, *(entry for entry in exception_info.values() if isinstance(entry, dict))]
    messages = [str(entry.get("exception_message")) for entry in entries if entry.get("raised_exception")]
    return "; ".join(dict.fromkeys(messages))


def _result(
    question: Question,
    expectation: Any,
    *,
    success: bool = False,
    evaluated: bool = True,
    count: int = 0,
    sample: list[dict[str, Any]] | None = None,
    problem: str = "",
    x_source: str | None = None,
    billing_period: str | None = None,
) -> Result:
    rule = expectation.meta.get("rule")
    column = getattr(expectation, "column", None)
    subject = _SUBJECTS.get(question.asset, question.asset)
    return {
        "layer": question.layer,
        "suite": question.asset,
        "check_name": name_of(question.asset, expectation),
        "expectation": rule or expectation.configuration.type,
        "subject": f"{subject}.{column}" if column else subject,
        "reason": expectation.notes,
        "effect": expectation.meta["effect"],
        "severity": str(getattr(expectation.severity, "value", expectation.severity)),
        "is_success": success,
        "is_evaluated": evaluated,
        "unexpected_count": count,
        "sample": problem or "; ".join(_one_line(row) for row in sample or []),
        "x_source": x_source,
        "billing_period": billing_period,
    }


def _one_line(row: dict[str, Any]) -> str:
    return ", ".join(f"{key}={f'{value:f}' if isinstance(value, Decimal) else value}" for key, value in row.items())


if __name__ == "__main__":
    main()
    # All is written; taking the imported modules down one by one would take another second.
    os._exit(0)
