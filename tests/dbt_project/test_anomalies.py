"""Which days are unusual, and why they cost more: many small bills judged by the compiled models in one go."""

import random
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import duckdb
import jinja2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlspend.adapters.home import PROJECT_ROOT
from tests.judged_usage import JudgedUsage, Row

START = date(2026, 7, 6)  # a Monday
END = date(2026, 10, 30)  # a Friday, 116 days later
DAYS = (END - START).days + 1
KNOWN = datetime(2026, 10, 20, 6, tzinfo=UTC)


def day_of(number: int) -> date:
    return START + timedelta(days=number)


def number_of(month: int, day: int) -> int:
    return (date(2026, month, day) - START).days


def is_weekend(number: int) -> bool:
    return day_of(number).weekday() >= 5


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> JudgedUsage:
    return JudgedUsage(tmp_path_factory.mktemp("judged"))


def use(project: str, cost: Callable[[int], float], first: int = 0, **columns: Any) -> Iterator[Row]:
    """Yield a year's summer and autumn of one series at a price of 1."""
    for number in range(first, DAYS):
        amount = cost(number)
        if amount:
            yield {
                "project": project,
                "charge_date": day_of(number),
                "effective_cost": Decimal(str(amount)),
                "pricing_quantity": float(amount),
                **columns,
            }


OCTOBER_6 = number_of(10, 6)  # a Tuesday

# Project by project: what it costs on the day of this number.
BILLS: dict[str, Callable[[int], float]] = {
    "steady": lambda n: 100,
    "spike": lambda n: 300 if n == OCTOBER_6 else 100,
    "three days": lambda n: 300 if OCTOBER_6 <= n < OCTOBER_6 + 3 else 100,
    "small": lambda n: 109 if n == OCTOBER_6 else 100,
    "cheap": lambda n: 9 if n == OCTOBER_6 else 1,
    "weekends": lambda n: 20 if is_weekend(n) else 100,
    "a busy Saturday": lambda n: 100 if n == number_of(10, 10) else 20 if is_weekend(n) else 100,
    "shift": lambda n: 160 if n >= OCTOBER_6 else 100,
    "shift at the end": lambda n: 160 if n >= DAYS - 2 else 100,
    "drop": lambda n: 10 if n >= OCTOBER_6 else 100,
    "outage": lambda n: 0 if OCTOBER_6 <= n < OCTOBER_6 + 3 else 100,
    "leak": lambda n: round(100 * 1.012 ** max(n - 60, 0), 2),
    "first of the month": lambda n: 300 if day_of(n).day == 1 else 100,
    "a dear first": lambda n: (600 if n == number_of(10, 1) else 300) if day_of(n).day == 1 else 100,
    "last of the month": lambda n: 300 if day_of(n + 1).day == 1 else 100,
    "mid-month": lambda n: 300 if day_of(n).day == 15 else 100,
    "jobs": lambda n: 0 if n % 3 else 100,
    "a large job": lambda n: 500 if n == OCTOBER_6 + 1 else 0 if n % 3 else 100,
    "jobs without end": lambda n: 100 if n >= OCTOBER_6 or n % 3 == 0 else 0,
    "negative": lambda n: -40 if n == OCTOBER_6 - 5 else -100,
    "corrected": lambda n: 600 if n == OCTOBER_6 else 100,
    "corrected a little": lambda n: 900 if n == OCTOBER_6 else 100,
    "exempt": lambda n: 300 if n == OCTOBER_6 else 100,
}


@pytest.fixture(scope="module")
def found(judged: JudgedUsage) -> dict[str, list[Row]]:
    """The anomalies of all bills, by project."""
    judged.forget()
    judged.limit(projects={"exempt": {"minimum_cost": 1000}})
    for project, cost in BILLS.items():
        judged.add_use(use(project, cost, service_name=f"service of {project}"))
    # 13 and 14 days before the fivefold day.
    for history in (13, 14):
        first = OCTOBER_6 - history
        judged.add_use(use(f"{history} days", lambda n: 500 if n == OCTOBER_6 else 100, first))
    # A second usage type of the same service, which is new in October: besides the first one, and in its place.
    judged.add_use(use("new type", lambda _: 500))
    judged.add_use(use("new type", lambda _: 500, OCTOBER_6, usage_type="BoxUsage:p5"))
    judged.add_use(use("other type", lambda n: 0 if n >= OCTOBER_6 else 500))
    judged.add_use(use("other type", lambda _: 500, OCTOBER_6, usage_type="BoxUsage:m6"))
    # Next to 20,000 a day 130 more are no matter.
    judged.add_use(use("large", lambda _: 20000))
    judged.add_use(use("large", lambda n: 230 if n == OCTOBER_6 else 100, usage_type="EBS"))
    # Fees, taxes, unused commitments and shares are not metered.
    judged.add_use(use("fees", lambda n: 9000 if n == OCTOBER_6 else 100, is_metered=False))
    for currency in ("USD", "EUR"):
        judged.add_use(
            use(
                "two currencies",
                lambda n, c=currency: 300 if n == OCTOBER_6 and c == "EUR" else 100,
                billing_currency=currency,
            )  # type: ignore[misc]
        )
    judged.correct(day_of(OCTOBER_6), "500", service="service of corrected", known_at=KNOWN)
    judged.correct(day_of(OCTOBER_6), "100", service="service of corrected a little", known_at=KNOWN)
    # Another source, whose newest days are not whole yet: the dear day is one of them.
    judged.add_use(use("not whole", lambda n: 900 if n == OCTOBER_6 else 100, x_source="gcp"))
    judged.complete_until(END)
    judged.complete_until(day_of(OCTOBER_6 - 1), source="gcp")
    by_project: dict[str, list[Row]] = {}
    for row in judged.find():
        by_project.setdefault(row["project"], []).append(row)
    return by_project


def told(rows: list[Row]) -> list[tuple[str, date, date]]:
    return [(row["anomaly_kind"], row["first_date"], row["last_date"]) for row in rows]


@pytest.mark.parametrize(
    "project",
    [
        "steady",
        "small",
        "cheap",
        "weekends",
        "drop",
        "outage",
        "first of the month",
        "last of the month",
        "jobs",
        "negative",
        "exempt",
        "13 days",
        "other type",
        "large",
        "fees",
        "not whole",
    ],
)
def test_what_is_usual_is_not_told(found: dict[str, list[Row]], project: str) -> None:
    assert told(found.get(project, [])) == []


@pytest.mark.parametrize(
    ("project", "days", "actual", "expected"),
    [
        ("spike", (0, 0), 300, 100),
        ("three days", (0, 2), 900, 300),
        ("a busy Saturday", (4, 4), 100, 20),
        ("14 days", (0, 0), 500, 100),
        ("a large job", (1, 1), 500, 0),
        ("a dear first", (-5, -5), 600, 300),
        ("corrected a little", (0, 0), 900, 100),
    ],
)
def test_an_unusual_day_is_a_spike(
    found: dict[str, list[Row]], project: str, days: tuple[int, int], actual: int, expected: int
) -> None:
    (row,) = found[project]
    assert told([row]) == [("spike", day_of(OCTOBER_6 + days[0]), day_of(OCTOBER_6 + days[1]))]
    assert row["day_count"] == days[1] - days[0] + 1
    assert (row["actual_cost"], row["expected_cost"], row["excess_cost"]) == (actual, expected, actual - expected)
    assert row["detected_date"] == row["first_date"]
    assert row["threshold_cost"] < row["actual_cost"] / row["day_count"]
    assert not row["is_open"]


def test_two_weeks_of_history_are_needed(found: dict[str, list[Row]]) -> None:
    assert [row["history_day_count"] for row in found["14 days"]] == [14]
    assert [row["history_day_count"] for row in found["spike"]] == [42]


def test_a_job_in_the_middle_of_the_month_is_usual_the_third_time(found: dict[str, list[Row]]) -> None:
    # 15 July was too early to judge but is remembered, 15 August is the second time, 15 September the third.
    assert told(found["mid-month"]) == [("spike", date(2026, 8, 15), date(2026, 8, 15))]


def test_a_new_level_is_told_once_and_then_usual(found: dict[str, list[Row]]) -> None:
    (row,) = found["shift"]
    assert told([row]) == [("level_shift", day_of(OCTOBER_6), day_of(OCTOBER_6 + 3))]
    assert (row["actual_cost"], row["expected_cost"], row["is_open"]) == (640, 400, False)


def test_a_new_level_is_a_spike_that_is_open_until_it_has_lasted(found: dict[str, list[Row]]) -> None:
    (row,) = found["shift at the end"]
    assert told([row]) == [("spike", day_of(DAYS - 2), day_of(DAYS - 1))]
    assert row["is_open"]


def test_jobs_that_do_not_end_are_unusual_by_the_week(found: dict[str, list[Row]]) -> None:
    # Three jobs were the most in any week; seven in a row are told once the week is full, though each costs as usual.
    (row,) = found["jobs without end"]
    assert OCTOBER_6 + 5 <= (row["first_date"] - START).days <= OCTOBER_6 + 7


def test_growth_that_no_day_shows_is_a_leak(found: dict[str, list[Row]]) -> None:
    (row,) = found["leak"]
    assert row["anomaly_kind"] == "slow_leak"
    assert row["is_open"]
    # It is told on the third day, as more than its last week against the week four weeks earlier.
    assert row["detected_date"] == row["first_date"] + timedelta(days=2)
    week = [BILLS["leak"](n) for n in range(DAYS - 7, DAYS)]
    before = [BILLS["leak"](n) for n in range(DAYS - 35, DAYS - 28)]
    assert row["actual_cost"] == sum(Decimal(str(cost)) for cost in week)
    assert row["expected_cost"] == sum(Decimal(str(cost)) for cost in before)
    assert row["cause"] == "quantity"


def test_a_correction_of_a_known_day_is_a_restatement_and_no_spike(found: dict[str, list[Row]]) -> None:
    (row,) = found["corrected"]
    assert told([row]) == [("restatement", day_of(OCTOBER_6), day_of(OCTOBER_6))]
    assert row["detected_date"] == KNOWN.date()


def test_a_new_usage_type_counts_where_the_service_costs_more(found: dict[str, list[Row]]) -> None:
    (row,) = found["new type"]
    assert (row["usage_type"], row["anomaly_kind"], row["expected_cost"]) == ("BoxUsage:p5", "level_shift", 0)
    assert (row["cause"], row["quantity_cost"]) == ("quantity", row["excess_cost"])


def test_currencies_are_never_added_up(found: dict[str, list[Row]]) -> None:
    (row,) = found["two currencies"]
    assert (row["billing_currency"], row["actual_cost"], row["expected_cost"]) == ("EUR", 300, 100)


# By component (SKU, unit): quantity and unit price on each day before, and on the dear day.
Parts = dict[tuple[str, str], tuple[float | None, float]]
CAUSES: dict[str, tuple[Parts, Parts, str, tuple[int | None, int | None, int | None, int]]] = {
    # What price, quantity and mix come to, and what is not explained.
    "price": ({("A", "h"): (100, 1)}, {("A", "h"): (100, 3)}, "price", (200, 0, 0, 0)),
    "quantity": ({("A", "h"): (100, 1)}, {("A", "h"): (300, 1)}, "quantity", (0, 200, 0, 0)),
    "mix": (
        {("A", "h"): (50, 1), ("B", "h"): (50, 3)},
        {("A", "h"): (10, 1), ("B", "h"): (90, 3)},
        "mix",
        (0, 0, 80, 0),
    ),
    # 20 hours more at the old average of 1; they cost 10 each, which is the mix.
    "new SKU": ({("A", "h"): (100, 1)}, {("A", "h"): (100, 1), ("C", "h"): (20, 10)}, "mix", (0, 20, 180, 0)),
    # 300 hours more at the old average of 2, all of the cheaper kind.
    "vanished SKU": ({("A", "h"): (50, 1), ("B", "h"): (50, 3)}, {("A", "h"): (400, 1)}, "quantity", (0, 600, -400, 0)),
    "two units": (
        {("A", "h"): (100, 1), ("A", "GB"): (10, 5)},
        {("A", "h"): (100, 1), ("A", "GB"): (50, 5)},
        "quantity",
        (0, 200, 0, 0),
    ),
    "no quantity": ({("A", "h"): (None, 100)}, {("A", "h"): (None, 300)}, "unknown", (None, None, None, 200)),
}


def test_the_cause_is_price_quantity_or_mix(judged: JudgedUsage) -> None:
    judged.forget()
    for project, (before, now, _, _) in CAUSES.items():
        judged.add_use(
            {
                "project": project,
                "charge_date": day_of(number),
                "sku_id": sku,
                "pricing_unit": unit,
                "pricing_quantity": quantity,
                "effective_cost": Decimal(str((quantity or 1) * price)),
            }
            for number in range(50)
            for (sku, unit), (quantity, price) in (now if number == 45 else before).items()
        )
    judged.complete_until(day_of(49))
    found = {row["project"]: row for row in judged.find()}
    parts = ("price_cost", "quantity_cost", "mix_cost", "unexplained_cost")
    assert {name: (row["cause"], tuple(row[part] for part in parts)) for name, row in found.items()} == {
        name: (cause, amounts) for name, (_, _, cause, amounts) in CAUSES.items()
    }


amounts = st.decimals(-(10**6), 10**7, places=6, allow_nan=False).map(float)
quantities = st.one_of(st.none(), st.floats(0, 10**9))
compositions = st.lists(
    st.tuples(st.sampled_from(["h", "GB", None]), amounts, amounts, quantities, quantities), min_size=1, max_size=6
)


def split_causes(anomalies: Sequence[tuple[Decimal, Sequence[Sequence[Any]]]]) -> list[tuple[Any, ...]]:
    """Return excess, price, quantity, mix, unexplained and cause of anomalies of an excess and their components."""
    text = (PROJECT_ROOT / "dbt_project" / "macros" / "anomaly_causes.sql").read_text()
    module: Any = jinja2.Environment(autoescape=False).from_string(text).module

    def relation(columns: str, rows: list[tuple[Any, ...]]) -> str:
        values = ", ".join("(" + ", ".join("null" if v is None else repr(v) for v in row) + ")" for row in rows)
        return f"(select * from (values {values}) as given ({columns}))"

    told = relation("anomaly_id, amount", [(n, f"{excess:f}") for n, (excess, _) in enumerate(anomalies)])
    told = f"(select anomaly_id, cast(amount as decimal(38, 12)) as excess_cost from {told})"
    names = ("cost_now", "cost_before", "quantity_now", "quantity_before")
    rows = [(n, str(at), *part) for n, (_, parts) in enumerate(anomalies) for at, part in enumerate(parts)]
    components = relation("anomaly_id, component, pricing_unit, " + ", ".join(names), rows)
    doubles = ", ".join(f"cast({name} as double) as {name}" for name in names)
    components = f"(select * replace ({doubles}) from {components})"
    return duckdb.sql(
        "select excess_cost, price_cost, quantity_cost, mix_cost, unexplained_cost, cause"
        f" from {module.anomaly_causes(components, told)} inner join {told} as told using (anomaly_id)"
    ).fetchall()


@settings(max_examples=40, deadline=None)
@given(
    anomalies=st.lists(
        st.tuples(st.decimals(-(10**8), 10**9, places=12, allow_nan=False), compositions), min_size=1, max_size=10
    )
)
def test_the_parts_add_up_to_the_excess_exactly(anomalies: list[Any]) -> None:
    rows = split_causes(anomalies)
    assert len(rows) == len(anomalies)
    for excess, *parts, unexplained, cause in rows:
        assert sum((part for part in parts if part is not None), unexplained) == excess
        assert cause in ("price", "quantity", "mix", "unknown")
        assert cause == "unknown" or None not in parts


VERDICT = (
    "series, charge_date, usage_cost, expected_value, usual_spread, threshold_value, floor_value, has_precedent, level"
)


def bills_by_chance(seed: int) -> Iterator[Row]:
    """Yield 430 days of three series of a project: seasons, jobs and jumps by chance."""
    chance = random.Random(seed)
    for series in range(3):
        level, jumps = chance.uniform(20, 500), 0.0
        for number in range(430):
            if chance.random() < 0.03:
                jumps = chance.choice([0, 0, 1, 2])
            idle = series == 2 and chance.random() < 0.5
            cost = 0 if idle else level * (1 + jumps) * chance.uniform(0.8, 1.2)
            if cost:
                yield {
                    "project": "apollo",
                    "usage_type": f"type {series}",
                    "charge_date": date(2025, 10, 6) + timedelta(days=number),
                    "effective_cost": Decimal(f"{cost:.4f}"),
                    "pricing_quantity": cost,
                }


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 10**6), later=st.integers(1, 40))
def test_later_days_change_no_verdict(judged: JudgedUsage, seed: int, later: int) -> None:
    judged.forget()
    judged.add_use(bills_by_chance(seed))
    end = date(2026, 10, 20)
    told_since = end + timedelta(days=later - 90)
    seen = []
    for horizon in (end, end + timedelta(days=later)):
        judged.complete_until(horizon)
        days = judged.connection.execute(
            f"select {VERDICT} from build.int_usage_days_judged where charge_date between ? and ? order by all",
            [told_since, end],
        ).fetchall()
        seen.append((days, {row["anomaly_id"]: row for row in judged.find()}))
    (days_before, before), (days_after, after) = seen
    assert len(days_before) > 100
    assert days_before == days_after
    for anomaly_id, row in before.items():
        if row["last_date"] < told_since:
            continue
        grown = after[anomaly_id]
        assert grown["first_date"] == row["first_date"]
        assert grown["last_date"] >= row["last_date"]
        assert grown["detected_date"] == row["detected_date"]
        assert grown["anomaly_kind"] == row["anomaly_kind"] or row["anomaly_kind"] == "spike"
    # What is new began after the first day that was not known; a leak is told on its third day.
    new = [row for key, row in after.items() if key not in before]
    assert all(row["last_date"] > end for row in new)
    assert all(row["first_date"] > end for row in new if row["anomaly_kind"] != "slow_leak")
