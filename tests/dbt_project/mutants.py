"""What is left out of the SQL to see whether a unit test notices, and the unit tests run on such SQL in memory."""

import re
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import yaml

from mlspend.adapters.dbt import PROJECT, DbtRun

_EMPTY_LIST = "''"


@dataclass(frozen=True)
class Mutation:
    """A change of one model's compiled SQL that a unit test of the model must notice.

    `old` must stand in the SQL exactly once, so that a change of the model cannot make the mutation one of nothing.
    """

    name: str
    model: str
    old: str
    new: str

    def applied_to(self, sql: str) -> str:
        """Return `sql` with the change."""
        if sql.count(self.old) != 1 or self.old == self.new:
            raise ValueError(f"{self.name}: stands {sql.count(self.old)} times in {self.model}: {self.old!r}")
        return sql.replace(self.old, self.new)


def cases_left_out(model: str, sql: str, case_end: str) -> Iterator[Mutation]:
    """Yield the removal of each one-line `when … then …` of the case expression that ends in `case_end`."""
    before, found, _ = sql.partition(case_end)
    if not found:
        raise ValueError(f"{model}: no {case_end}")
    for line in before[before.rindex("case\n") :].splitlines():
        if line.strip().startswith("when "):
            yield Mutation(f"without {line.strip()}", model, f"{line}\n", "")


def amounts_mistaken(model: str, sql: str) -> Iterator[Mutation]:
    """Yield, for each amount that is net or not, that it is always so, never so, and nothing."""
    pattern = r"coalesce\(case when payers.is_net then (\w+) else (\w+) end, 0\)"
    for found in re.finditer(pattern, sql):
        net, gross = found.groups()
        for what, new in (("always net", net), ("never net", gross), ("nothing", "null")):
            yield Mutation(f"{gross} {what}", model, found.group(), f"coalesce({new}, 0)")


def conditions_left_out(model: str, sql: str) -> Iterator[Mutation]:
    """Yield, for each way a net cost can be missing, that it is not looked for, and that every line type is asked."""
    pattern = r"\(\w+ <> 0 and (\w+) is null( and line_item_line_item_type = '\w+')?\)"
    for found in re.finditer(pattern, sql):
        name, only = found.groups()
        yield Mutation(f"{name} may be missing", model, found.group(), "(false)")
        if only:
            yield Mutation(f"{name} of every line", model, found.group(), found.group().replace(only, ""))


def members_left_out(model: str, sql: str) -> Iterator[Mutation]:
    """Yield the removal of each member of each list that a kind is looked up in."""
    for found in re.finditer(r"kind in \(([^)]*)\)", sql):
        start = sql.rindex("\n", 0, found.start()) + 1
        stop = sql.index("\n", sql.index("\n", found.end()) + 1)
        around = sql[start:stop]
        for member in re.findall(r"'\w+'", found.group(1)):
            shorter = found.group().replace(member, _EMPTY_LIST, 1)
            yield Mutation(f"{member} not in {around.strip()}", model, around, around.replace(found.group(), shorter))


class UnitTests:
    """The unit tests of the project's models, to be asked of any SQL: rows given in, rows expected out."""

    def __init__(self, built: DbtRun, folder: Path) -> None:
        # dbt calls the catalog after its file, and so does the compiled SQL.
        copy = folder / built.warehouse.name
        shutil.copyfile(built.warehouse, copy)
        self._compiled = built.target / "compiled" / "mlspend" / "models"
        self._connection = duckdb.connect(str(copy))
        # For a few rows planning costs more than running.
        self._connection.execute("set threads = 1; pragma disable_optimizer")
        self._types: dict[str, dict[str, str]] = {}
        self._tests = [
            test
            for file in sorted((PROJECT / "models").rglob("*.yml"))
            for test in yaml.safe_load(file.read_text()).get("unit_tests", [])
        ]

    def sql_of(self, model: str) -> str:
        """Return the compiled SQL of a model."""
        [file] = (each for each in self._compiled.rglob(f"{model}.sql") if each.parent.suffix != ".yml")
        return file.read_text()

    def unnoticed(self, model: str, candidates: Mapping[str, str]) -> set[str]:
        """Return the names of those of `candidates` (name → SQL) with which every unit test of `model` passes.

        Raises duckdb.Error for SQL that does not run: that would be noticed for a reason of its own.
        """
        tests = [test for test in self._tests if test["model"] == model]
        tests.sort(key=lambda test: -len(test["expect"]["rows"]))  # the one that notices most comes first
        if not tests:
            raise LookupError(f"{model} has no unit test")
        left = set(candidates)
        for test in tests:
            for given in test["given"]:
                self._give(model, re.sub(r"ref\('(\w+)'\)", r"\1", given["input"]), given["rows"])
            rows = test["expect"]["rows"]
            expected = self._expected(self.sql_of(model), rows)
            left = {name for name in left if self._found(candidates[name], rows) == expected}
        return left

    def close(self) -> None:
        self._connection.close()

    def _give(self, model: str, name: str, rows: Iterable[Mapping[str, Any]]) -> None:
        """Put a table with `rows` in the place of the relation that the model reads, with the relation's types."""
        [relation] = set(re.findall(rf'"warehouse"\."\w+"\."{name}"', self.sql_of(model)))
        if relation not in self._types:
            described = self._connection.execute(f"describe {relation}").fetchall()
            self._types[relation] = {row[0]: row[1] for row in described}
        kind = self._connection.execute(
            "select table_type from information_schema.tables where table_catalog = 'warehouse' and table_name = ?",
            [name],
        ).fetchone()
        self._connection.execute(f"drop {'view' if kind == ('VIEW',) else 'table'} {relation}")
        columns = ", ".join(f'"{column}" {type_}' for column, type_ in self._types[relation].items())
        self._connection.execute(f"create table {relation} ({columns})")
        self._fill(relation, rows)

    def _found(self, sql: str, rows: list[dict[str, Any]]) -> Counter[tuple[Any, ...]]:
        """Return what comes out in the columns that are expected, in whatever order."""
        return Counter(self._connection.execute(f"select {', '.join(rows[0])} from ({sql})").fetchall())

    def _expected(self, sql: str, rows: list[dict[str, Any]]) -> Counter[tuple[Any, ...]]:
        """Return the expected rows with the types that the model's own SQL gives them."""
        query = f"create or replace temp table expected as select {', '.join(rows[0])} from ({sql}) limit 0"
        self._connection.execute(query)
        self._fill("expected", rows)
        return Counter(self._connection.execute("select * from expected").fetchall())

    def _fill(self, table: str, rows: Iterable[Mapping[str, Any]]) -> None:
        for row in rows:
            marks = ", ".join("?" for _ in row)
            values = [value if value is None or isinstance(value, bool) else str(value) for value in row.values()]
            self._connection.execute(f"insert into {table} ({', '.join(row)}) values ({marks})", values)
