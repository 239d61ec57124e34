"""The SQL of spend_changes, as dbt compiles it, over lines made by hand: many histories in the time of one build."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import duckdb
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from mlspend.adapters import dbt
from mlspend.adapters.build_plan import LAKE_TABLES, write_plan
from mlspend.adapters.config import default
from mlspend.adapters.home import PROJECT_ROOT, Home
from mlspend.core.retention import Contents

START = datetime(2026, 11, 1, 6, tzinfo=UTC)
KEYS = "billing_account_id, charge_date, sub_account_id, service_name, charge_category, billing_currency"

# day and billed; where they matter: effective, account, service, category, payer, days that the charge runs over
Line = Mapping[str, Any]


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The model's SQL; build id and moment stand in it as `the-build` and 2026-11-01 06:00:00."""
    home = Home(tmp_path_factory.mktemp("home"))
    folder = home.root / "the-build"
    folder.mkdir()
    nothing: dict[str, list[str]] = {table: [] for table in LAKE_TABLES}
    write_plan(home, default(), folder, Contents(), rebuild=[], kept_files=nothing, now=START)
    run = dbt.DbtRun(folder / "warehouse.duckdb", folder / "plan.json", folder)
    dbt.invoke(run, "compile", "--select", "spend_changes")
    return (run.target / "compiled" / "mlspend" / "models" / "marts" / "spend_changes.sql").read_text()


class History:
    """A log of changes, to which versions of periods are added as builds would, a day apart."""

    def __init__(self, compiled: str) -> None:
        self._compiled = compiled
        self.connection = duckdb.connect()
        self.connection.execute("attach ':memory:' as warehouse; create schema warehouse.marts; use warehouse.marts")
        models = yaml.safe_load((PROJECT_ROOT / "dbt_project" / "models" / "marts" / "marts.yml").read_text())["models"]
        (model,) = [each for each in models if each["name"] == "spend_changes"]
        columns = ", ".join(f"{column['name']} {column['data_type']}" for column in model["columns"])
        self.connection.execute(f"create table spend_changes ({columns})")
        self.connection.execute(
            "create table focus_costs (x_source varchar, billing_account_id varchar, billing_period varchar,"
            " charge_date date, charge_period_end timestamp, sub_account_id varchar, service_name varchar,"
            " charge_category varchar, billing_currency varchar, billed_cost decimal(38, 12),"
            " effective_cost decimal(38, 12))"
        )
        self.forget()

    def forget(self) -> None:
        """Begin anew, with nothing published."""
        self._builds = 0
        self._held: dict[tuple[str, str], str] = {}
        self.connection.execute("delete from spend_changes; delete from focus_costs")

    def build(self, now: datetime, changes: Mapping[tuple[str, str], tuple[str, Sequence[Line]] | None]) -> str:
        """Publish new versions of (source, period) with their lines, None for one that vanished; return the build."""
        self._builds += 1
        build_id = f"build-{self._builds}"
        for (source, period), found in changes.items():
            self._replace_lines(source, period, found[1] if found else [])
        # Rebuilt periods come before vanished ones.
        for key, found in sorted(changes.items(), key=lambda change: change[1] is None):
            if found is None and key not in self._held:
                continue
            self._enter(key, found[0] if found else None)
            sql = self._compiled.replace("the-build", build_id).replace(
                "2026-11-01 06:00:00", f"{now:%Y-%m-%d %H:%M:%S}"
            )
            self.connection.execute(f"insert into spend_changes by name {sql}")
        for key, found in changes.items():
            if found:
                self._held[key] = found[0]
            else:
                self._held.pop(key, None)
        return build_id

    def kinds(self, build_id: str) -> list[tuple[Any, ...]]:
        """Return source, kind, day and change of billed cost of what a build logged."""
        return self.ask(
            "select x_source, change_kind, day(charge_date), billed_cost_change from spend_changes"
            f" where build_id = '{build_id}' order by all"
        )

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        return self.connection.execute(sql).fetchall()

    def _enter(self, key: tuple[str, str], version: str | None) -> None:
        values = {"x_source": key[0], "billing_period": key[1], "version": version}
        values["previous_version"] = self._held.get(key)
        for name, value in values.items():
            self.connection.execute(f"set variable {name} = {'null' if value is None else repr(value)}")

    def _replace_lines(self, source: str, period: str, lines: Sequence[Line]) -> None:
        self.connection.execute("delete from focus_costs where x_source = ? and billing_period = ?", [source, period])
        rows = []
        for each in lines:
            day = date.fromisoformat(f"{period}-{each['day']:02d}")
            end = day + timedelta(days=each.get("days", 1))
            row = [source, each.get("payer", "payer"), period, day, end, each.get("account"), each.get("service")]
            row += [each.get("category", "Usage"), "USD", each["billed"], each.get("effective", each["billed"])]
            rows.append(row)
        if rows:
            places = f"({', '.join('?' for _ in rows[0])})"
            values = [value for row in rows for value in row]
            self.connection.execute(f"insert into focus_costs values {', '.join([places] * len(rows))}", values)


@pytest.fixture(scope="module")
def the_history(compiled: str) -> Iterator[History]:
    made = History(compiled)
    yield made
    made.connection.close()


@pytest.fixture
def history(the_history: History) -> History:
    the_history.forget()
    return the_history


def use(*costs: int | str | Decimal, **columns: Any) -> list[Line]:
    """Use on the first days of a month, a cost a day."""
    return [{"day": day, "billed": Decimal(cost), **columns} for day, cost in enumerate(costs, 1)]


OCTOBER = ("aws", "2026-10")


def test_the_same_cost_again_is_no_change_and_other_rules_of_cost_are_no_restatement(history: History) -> None:
    history.build(START, {OCTOBER: ("v1", use(3, 5))})
    assert history.kinds(history.build(START, {OCTOBER: ("v1", use(3, 5))})) == []
    assert history.kinds(history.build(START, {OCTOBER: ("v2", use(3, 5))})) == []
    # The same delivery, of which another version of the models makes another cost.
    assert history.kinds(history.build(START, {OCTOBER: ("v2", use(4, 5))})) == [("aws", "recalculated", 1, 1)]


def test_a_period_that_moves_to_another_export_is_restated_by_the_difference_only(history: History) -> None:
    history.build(START, {OCTOBER: ("v1", use(3, 5, 7))})
    build = history.build(START, {("focus", "2026-10"): ("f1", use(3, "4.5", 7)), OCTOBER: None})
    assert {row[:2] for row in history.kinds(build)} == {("aws", "withdrawn"), ("focus", "restated")}
    by_day = "select sum(billed_cost_change) from spend_changes where build_id = '{}' group by charge_date order by 1"
    assert history.ask(by_day.format(build)) == [(Decimal("-0.5"),), (0,), (0,)]


def test_an_account_that_joins_an_export_is_new_and_the_others_are_not(history: History) -> None:
    history.build(START, {OCTOBER: ("v1", use(3, 5))})
    build = history.build(START, {OCTOBER: ("v2", [*use(4, 5), *use(1, payer="another")])})
    assert history.kinds(build) == [("aws", "first", 1, 1), ("aws", "restated", 1, 1)]


def test_the_newest_day_is_that_of_metered_use(history: History) -> None:
    """Fees dated to the month's end and the rest of a commitment, which bills nothing, do not make days look whole."""
    ahead = [
        {"day": 31, "billed": 2, "category": "Purchase"},
        {"day": 31, "billed": 0, "effective": 1},
    ]
    history.build(START, {OCTOBER: ("v1", [*use(3, 5), *ahead])})
    assert history.kinds(history.build(START, {OCTOBER: ("v2", [*use(3, 6, 8), *ahead])})) == [
        ("aws", "new_day", 3, 8),
        ("aws", "newest_day", 2, 1),
    ]


def test_what_one_build_finds_does_not_depend_on_the_order_of_its_periods(history: History) -> None:
    """The next month of an account comes from another export, which is built before this one."""
    history.build(START, {OCTOBER: ("v1", [{"day": 30, "billed": 4}])})
    grown = [{"day": 30, "billed": 6}, {"day": 31, "billed": 7}]
    build = history.build(START, {("a_new_one", "2026-11"): ("n1", use(9)), OCTOBER: ("v2", grown)})
    assert history.kinds(build) == [
        ("a_new_one", "first", 1, 9),
        ("aws", "new_day", 31, 7),
        ("aws", "newest_day", 30, 2),
    ]


def test_where_no_use_is_billed_by_day_bills_trail_by_two_days(history: History) -> None:
    covered = {"billed": 0, "effective": Decimal(1)}
    history.build(START, {("aws", "2026-11"): ("v0", [])})
    built = {day: datetime(2026, 11, day, 6, tzinfo=UTC) for day in (10, 11)}
    lines = [{"day": day, **covered} for day in (5, 8, 9)]
    history.build(built[10], {("aws", "2026-11"): ("v1", lines)})
    more = [{**each, "effective": Decimal(3)} for each in lines]
    build = history.build(built[11], {("aws", "2026-11"): ("v2", more)})
    assert [row[1:3] for row in history.kinds(build)] == [("new_day", 9), ("newest_day", 8), ("restated", 5)]


def test_months_of_whole_month_charges_are_open_until_they_are_over(history: History) -> None:
    def month(cost: int) -> list[Line]:
        return [{"day": 1, "billed": cost, "days": 31}]

    history.build(datetime(2026, 10, 10, 6, tzinfo=UTC), {OCTOBER: ("v1", month(5))})
    build = history.build(datetime(2026, 11, 3, 6, tzinfo=UTC), {OCTOBER: ("v2", month(9))})
    assert history.kinds(build) == [("aws", "open_month", 1, 4)]
    build = history.build(datetime(2026, 11, 9, 6, tzinfo=UTC), {OCTOBER: ("v3", month(8))})
    assert history.kinds(build) == [("aws", "restated", 1, -1)]


amounts = st.decimals(-(10**9), 10**9, places=12, allow_nan=False)
lines = st.fixed_dictionaries(
    {
        "day": st.integers(1, 3),
        "billed": amounts,
        "effective": amounts,
        "account": st.sampled_from([None, "a1", "a2"]),
        "service": st.sampled_from([None, "EC2"]),
        "payer": st.sampled_from([None, "p1"]),
        "days": st.sampled_from([1, 30]),
    }
)
versions = st.one_of(st.none(), st.tuples(st.sampled_from(["v1", "v2"]), st.lists(lines, max_size=4)))
partitions = st.tuples(st.sampled_from(["aws", "focus"]), st.sampled_from(["2026-09", "2026-10"]))


def state_of(history: History, table: str, *measures: str) -> list[tuple[Any, ...]]:
    sums = ", ".join(f"sum({measure})" for measure in measures)
    return history.ask(
        f"select x_source, billing_period, {KEYS}, {sums} from {table} group by all"
        f" having sum({measures[-1]}) <> 0 order by all"
    )


@settings(max_examples=60, deadline=None)
@given(steps=st.lists(st.dictionaries(partitions, versions, min_size=1, max_size=3), max_size=5))
def test_changes_add_up_to_what_is_published_after_any_sequence_of_versions(
    the_history: History, steps: list[Any]
) -> None:
    history = the_history
    history.forget()
    published: list[tuple[datetime, list[tuple[Any, ...]]]] = []
    for number, changes in enumerate(steps):
        now = START + timedelta(days=number)
        history.build(now, changes)
        history.connection.execute("create or replace view counted as select *, 1 as line_count from focus_costs")
        published.append((now, state_of(history, "counted", "billed_cost", "effective_cost", "line_count")))
    changed = [f"{measure}_change" for measure in ("billed_cost", "effective_cost", "line_count")]
    for now, state in published:
        known = f"(select * from spend_changes where known_at <= timestamp '{now:%Y-%m-%d %H:%M:%S}')"
        assert state_of(history, known, *changed) == state
    # What was known before a change is what the change before it left.
    assert (
        history.ask(
            f"""select * from (
                select
                    billed_cost_before,
                    lag(billed_cost_after, 1, 0) over (
                        partition by x_source, billing_period, spans_days, {KEYS} order by known_at
                    ) as left_before
                from spend_changes
            ) where billed_cost_before <> left_before"""
        )
        == []
    )
