"""The SQL of both splits, as dbt compiles it, over charges made by hand: many cases in the time of one compilation."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlspend.adapters import config, dbt
from mlspend.adapters.build_plan import LAKE_TABLES, write_plan
from mlspend.adapters.home import PROJECT_ROOT, Home
from mlspend.core.retention import Contents

PAGE = (PROJECT_ROOT / "docs" / "shared-costs.md").read_text()
MODELS = ("int_container_costs_paired", "container_costs_split", "shared_costs_split")
GRAIN = (
    "charge_date, billing_account_id, sub_account_id, provider_name, service_name, service_category, region_id,"
    " charge_category, commitment_discount_status, invoice_id, billing_currency"
)
AMOUNTS = ("billed_cost", "effective_cost", "list_cost", "contracted_cost")

# Every kind of split, in chains, with dates; the names by which the rules of a partition are called.
EXAMPLE, RANDOM = "example", "random"
RANDOM_CONFIG = """
projects: [{name: a, team: t}, {name: b, team: t}, {name: c, team: t}]
teams: [{name: t}]
rules:
  - {id: r1, when: {accounts: ["1"]}, shared: p1}
  - {id: r4, when: {accounts: ["4"]}, shared: p4}
shared_costs:
  - {name: p1, split: fixed, keys: {a: 0.333333, p2: 0.333333, p4: 0.333334}}
  - {name: p2, split: even, among: [a, b, p3]}
  - {name: p3, split: usage, usage: {unit: GB, services: [s1]}}
  - {name: p4, split: spend, valid_to: 2026-10-02}
  - {name: p4, split: spend, among: [a, p5], valid_from: 2026-10-03}
  - {name: p5, split: spend, among: [b, c]}
"""


def table_rows(header: str) -> list[list[str]]:
    """The cells of the page's table that has this header, below it."""
    lines = PAGE.splitlines()
    start = lines.index(header) + 2
    found = []
    for line in lines[start:]:
        if not line.startswith("|"):
            break
        found.append([cell.strip() for cell in line.strip("|").split("|")])
    return found


class Splits:
    """The tables that the splits read and write, in memory; `sql` is what dbt compiled, by model."""

    def __init__(self, sql: Mapping[str, str]) -> None:
        self.connection = duckdb.connect()
        self.sql = {name: re.sub(r'"\w+"\."(?:marts|build)"\.', "", text) for name, text in sql.items()}
        described = yaml.safe_load((PROJECT_ROOT / "dbt_project/models/focus/focus.yml").read_text())["models"]
        [focus] = [model for model in described if model["name"] == "focus_costs"]
        described = yaml.safe_load((PROJECT_ROOT / "dbt_project/models/allocation/allocation.yml").read_text())[
            "models"
        ]
        [allocated] = [model for model in described if model["name"] == "attributed_costs"]
        for table, model in (
            ("focus_costs", focus),
            *((table, allocated) for table in ("attributed_costs", "container_costs_split", "shared_costs_split")),
        ):
            columns = ", ".join(f"{column['name']} {column['data_type']}" for column in model["columns"])
            self.connection.execute(f"create table {table} ({columns})")
        self.connection.execute(f"create view int_container_costs_paired as {self.sql[MODELS[0]]}")
        self.connection.execute("set variable x_source = 'aws'; set variable billing_period = '2026-10'")

    def split(self, rules: str, lines: Sequence[Mapping[str, Any]]) -> None:
        """Split `lines`, which hold columns of focus_costs and of attributed_costs; what a line leaves out is usual."""
        self.connection.execute(f"set variable rules = '{rules}'")
        usual = {
            "x_source": "aws",
            "billing_period": "2026-10",
            "billing_account_id": "payer",
            "sub_account_id": "account",
            "billing_currency": "USD",
            "charge_date": "2026-10-01",
            "charge_period_start": f"{lines[0].get('charge_date', '2026-10-01')} 00:00:00",
            "charge_category": "Usage",
            "x_line_item_type": "Usage",
            "is_shared_cost": False,
            "team": "t",
            "environment": "prod",
            "ml_stage": "unknown",
        }
        rows = [{**usual, "x_line_id": f"line-{at}", **each} for at, each in enumerate(lines)]
        for table in ("focus_costs", "attributed_costs", "container_costs_split", "shared_costs_split"):
            self.connection.execute(f"delete from {table}")
        for table in ("focus_costs", "attributed_costs"):
            names = [row[0] for row in self.connection.execute(f"describe {table}").fetchall()]
            used = [name for name in names if any(name in row for row in rows)]
            values = [row.get(name) for row in rows for name in used]
            places = ", ".join([f"({', '.join('?' for _ in used)})"] * len(rows))
            self.connection.execute(f"insert into {table} ({', '.join(used)}) values {places}", values)
        for model in MODELS[1:]:
            self.connection.execute(f"insert into {model} by name {self.sql[model]}")

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        return self.connection.execute(sql).fetchall()

    def unbalanced(self) -> list[tuple[Any, ...]]:
        """Return what the tables of splits do not add up to nothing in, by all that a share keeps."""
        sums = ", ".join(f"coalesce(sum({amount}), 0) as {amount}" for amount in AMOUNTS)
        apart = " or ".join(f"{amount} <> 0" for amount in AMOUNTS)
        return [
            row
            for table in MODELS[1:]
            for row in self.ask(f"select * from (select {GRAIN}, {sums} from {table} group by all) where {apart}")
        ]


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    home = Home(tmp_path_factory.mktemp("home"))
    folder = home.root / "build"
    folder.mkdir()
    nothing: dict[str, list[str]] = {table: [] for table in LAKE_TABLES}
    example = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)[0]
    plan = write_plan(
        home,
        config.default(),
        folder,
        Contents(),
        rebuild=[],
        kept_files=nothing,
        now=datetime(2026, 11, 1, tzinfo=UTC),
    )
    plan["rules"] = {name: _rules(folder, text) for name, text in ((EXAMPLE, example), (RANDOM, RANDOM_CONFIG))}
    (folder / "plan.json").write_text(json.dumps(plan))
    run = dbt.DbtRun(folder / "warehouse.duckdb", folder / "plan.json", folder)
    dbt.invoke(run, "compile", "--select", *MODELS)
    models = run.target / "compiled" / "mlspend" / "models" / "allocation"
    return {name: (models / f"{name}.sql").read_text() for name in MODELS}


def _rules(folder: Path, text: str) -> dict[str, Any]:
    file = folder / "mlspend.yml"
    file.write_text("company: Test\nsources: []\n" + text)
    return {**config.load(file).attribution(), "delivered_keys": {}}


@pytest.fixture(scope="module")
def splits(compiled: dict[str, str]) -> Iterator[Splits]:
    made = Splits(compiled)
    yield made
    made.connection.close()


def example_lines() -> list[dict[str, Any]]:
    """The charges and containers of the page's example."""
    lines: list[dict[str, Any]] = []
    for charge, owner, service, cost in table_rows("| charge | filed under | service | effective cost |"):
        lines.append(
            {
                "project": owner,
                "is_shared_cost": owner in ("network", "cluster", "support"),
                "service_name": service,
                "resource_id": charge.removeprefix("node "),
                "x_usage_type": "BoxUsage:m5.large" if "node" in charge else charge,
                **dict.fromkeys(AMOUNTS, Decimal(cost)),
            }
        )
    for container, owner, cost in table_rows("| container on i-1 | project | split cost |"):
        line = {"project": owner, "resource_id": container, "x_split_parent_id": "i-1", "x_split_cost": Decimal(cost)}
        lines.append({**line, **dict.fromkeys(AMOUNTS, Decimal(0))})
    return lines


def check_example(splits: Splits) -> None:
    """Hold every figure of the page's result against what the SQL makes of its charges."""
    splits.split(EXAMPLE, example_lines())
    found = splits.ask(
        """select
            project,
            sum(effective_cost) filter (x_attributed_by is null),
            coalesce(sum(effective_cost) filter (x_attributed_by = 'split_cost'), 0),
            coalesce(sum(effective_cost) filter (x_allocated_from = 'network'), 0),
            coalesce(sum(effective_cost) filter (x_allocated_from = 'cluster'), 0),
            coalesce(sum(effective_cost) filter (x_allocated_from = 'support'), 0),
            sum(effective_cost)
        from (
            from attributed_costs union all by name from container_costs_split union all by name from shared_costs_split
        )
        group by project
        having sum(effective_cost) <> 0
        order by project"""
    )
    header = "| project | as billed | containers | network | cluster | support | allocated |"
    told = [(project, *map(Decimal, figures)) for project, *figures in table_rows(header)]
    assert [tuple(row) for row in found] == told[:-1]
    assert [sum(column) for column in zip(*[row[1:] for row in told[:-1]], strict=True)] == list(told[-1][1:])
    assert splits.unbalanced() == []
    assert len(set(splits.ask("select x_line_id from shared_costs_split"))) == 3 + 3 + 6


def test_the_worked_example_of_the_page_comes_out_as_it_says(splits: Splits) -> None:
    check_example(splits)


def check_nobody_with_a_weight(splits: Splits) -> None:
    """What cannot be split is neither lost nor a reason to fail."""
    splits.split(EXAMPLE, [{"project": "support", "is_shared_cost": True, **dict.fromkeys(AMOUNTS, Decimal(9))}])
    assert splits.ask("select * from shared_costs_split") == []


def test_a_shared_cost_that_nobody_has_a_weight_for_does_not_move(splits: Splits) -> None:
    check_nobody_with_a_weight(splits)


@pytest.mark.parametrize(
    ("amount", "quantity"),
    [
        # 1e14 currency units are 1e26 quanta, as many as a share may have.
        ("100000000000000", "1"),
        # 1e7 are 1e19 quanta; times a weight of 1e26 they are more than 38 digits.
        ("10000000", "100000000000000000000"),
        # A quantity that is no weight any more by itself.
        ("1", "1e33"),
    ],
)
def test_what_is_too_large_to_be_split_is_an_error_and_no_wrong_number(
    splits: Splits, amount: str, quantity: str
) -> None:
    lines = [
        {"project": "p3", "is_shared_cost": True, "effective_cost": Decimal(amount), "service_name": "s1"},
        {"project": "a", "consumed_quantity": float(quantity), "consumed_unit": "GB", "service_name": "s1"},
        {"project": "b", "consumed_quantity": 2 * float(quantity), "consumed_unit": "GB", "service_name": "s1"},
    ]
    with pytest.raises((duckdb.OutOfRangeException, duckdb.ConversionException)):
        splits.split(RANDOM, lines)


def test_what_is_large_but_not_too_large_is_split_exactly(splits: Splits) -> None:
    """A hundred million, by weights of a hundred million: 1e20 quanta times 1e14."""
    largest = Decimal("99999999.999999999999")
    spent = {"a": Decimal("66666666.666667"), "b": Decimal("33333333.333333")}
    lines: list[dict[str, Any]] = [{"project": name, "effective_cost": cost} for name, cost in spent.items()]
    lines.append({"project": "p4", "is_shared_cost": True, "effective_cost": largest})
    splits.split(RANDOM, lines)
    shares = dict(splits.ask("select project, effective_cost from shared_costs_split where not is_shared_cost"))
    assert sum(shares.values()) == largest
    assert shares["b"] == (largest * spent["b"] / 100000000).quantize(Decimal("1e-12"), "ROUND_DOWN")


cost = st.decimals(min_value="-1000", max_value="1000", places=12) | st.decimals("-0.000000000009", "0.000000000009")
charge = st.fixed_dictionaries(
    {
        "project": st.sampled_from(["a", "b", "c", "unattributed", "p1", "p2", "p3", "p4", "p5"]),
        "charge_date": st.sampled_from([f"2026-10-0{day}" for day in range(1, 5)]),
        "sub_account_id": st.sampled_from(["x", "y", "", None]),
        "service_name": st.sampled_from(["s1", "s2"]),
        "invoice_id": st.sampled_from(["INV", None]),
        "billing_currency": st.sampled_from(["USD", "EUR"]),
        "team": st.sampled_from(["t", "u"]),
        "consumed_unit": st.just("GB"),
        "consumed_quantity": st.floats(-10, 1000),
        "billed_cost": cost,
        "effective_cost": cost,
        "list_cost": cost | st.none(),
        "contracted_cost": cost,
    }
)


def as_container(at: int, line: dict[str, Any]) -> dict[str, Any]:
    """Make of some lines nodes and of some containers on them, all of one hour."""
    project = str(line["project"])
    made = {**line, "is_shared_cost": project.startswith("p"), "charge_period_start": "2026-10-01 00:00:00"}
    if at % 5 == 0:
        return {**made, "resource_id": f"i-{at % 2}", "x_usage_type": "BoxUsage:x"}
    if at % 5 == 1:
        part = {"x_split_parent_id": f"arn:aws:ec2:::instance/i-{at % 3}", "x_split_cost": abs(line["effective_cost"])}
        return {**made, **part, **dict.fromkeys(AMOUNTS, Decimal(0))}
    return made


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(charge, min_size=1, max_size=30))
def test_whatever_is_split_adds_up_to_nothing_and_what_has_a_weight_leaves_no_rest(
    splits: Splits, lines: list[dict[str, Any]]
) -> None:
    splits.split(RANDOM, [as_container(at, line) for at, line in enumerate(lines)])
    assert splits.unbalanced() == []
    ids = splits.ask("select x_line_id from (from shared_costs_split union all from container_costs_split)")
    assert len(set(ids)) == len(ids)
    # The even split has weights in every account and currency, so nothing stays with it.
    rest = splits.ask(
        """select charge_date, team, environment, sum(effective_cost), sum(billed_cost)
        from (
            from attributed_costs union all by name from container_costs_split union all by name from shared_costs_split
        )
        where project = 'p2' and is_shared_cost
        group by all
        having sum(effective_cost) <> 0 or sum(billed_cost) <> 0"""
    )
    assert rest == []


SHARED, CONTAINERS = "shared_costs_split", "container_costs_split"
# What is removed: the model, where it stands in its SQL, and what is put there.
MUTATIONS = {
    "the negating rows of shared costs": (
        SHARED,
        r"from pooled\s+union all by name",
        "from pooled where false union all by name",
    ),
    "the remainder of shared costs": (SHARED, r"\) = 1\s+then", ") = 0 then"),
    "the guard of shared costs without weights": (SHARED, r"where\s+\(pools\.pool, .*?from weighted\s+\)", ""),
    "the shares that earlier steps gave": (
        SHARED,
        r"select \* from step_1\s+where is_shared_cost",
        "select * from step_1 where false",
    ),
    "the negating rows of containers": (CONTAINERS, r"union all by name\s+select \* from negating", ""),
    "the part of the node that is given away": (CONTAINERS, r"-moved\.effective_cost", "cast(0 as decimal(38, 12))"),
}


@pytest.mark.parametrize("removed", MUTATIONS)
def test_the_example_fails_once_a_part_is_removed(compiled: dict[str, str], removed: str) -> None:
    model, pattern, put = MUTATIONS[removed]
    changed, count = re.subn(pattern, put, compiled[model], flags=re.DOTALL)
    assert count, "the SQL is not written as this mutation expects"
    mutated = Splits({**compiled, model: changed})
    with pytest.raises(AssertionError):  # noqa: PT012
        check_example(mutated)
        check_nobody_with_a_weight(mutated)
    mutated.connection.close()


def test_a_service_is_meant_by_its_code_too(splits: Splits) -> None:
    """RANDOM's p3 is split by the GB of service s1."""
    used = {"service_name": "Simple", "x_service_code": "s1", "consumed_unit": "GB"}
    splits.split(
        RANDOM,
        [
            {**used, "project": "a", "consumed_quantity": 1.0, **dict.fromkeys(AMOUNTS, Decimal(0))},
            {**used, "project": "b", "consumed_quantity": 3.0, **dict.fromkeys(AMOUNTS, Decimal(0))},
            {"project": "p3", "is_shared_cost": True, **dict.fromkeys(AMOUNTS, Decimal(8))},
        ],
    )
    shares = "select project, effective_cost from shared_costs_split where not is_shared_cost order by project"
    assert splits.ask(shares) == [("a", Decimal(2)), ("b", Decimal(6))]


def test_shares_go_to_the_team_that_bears_most_of_a_project_where_nobody_is_said_to_own_it(splits: Splits) -> None:
    """No project of RANDOM is called x, but tags may bring one; p4 is split by spend among all that have some."""
    splits.split(
        RANDOM,
        [
            {"project": "x", "team": "less", **dict.fromkeys(AMOUNTS, Decimal(1))},
            {"project": "x", "team": "more", **dict.fromkeys(AMOUNTS, Decimal(2))},
            {"project": "p4", "is_shared_cost": True, **dict.fromkeys(AMOUNTS, Decimal(9))},
        ],
    )
    shares = "select project, team, effective_cost from shared_costs_split where not is_shared_cost"
    assert splits.ask(shares) == [("x", "more", Decimal(9))]
