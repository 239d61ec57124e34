"""How well anomalies are found: in generated bills with injected ones, and in the labelled NAB series.

    python -m benchmarks.anomalies [--series 400] [--write]

The bills go through the models int_usage_days_judged and anomalies, the NAB series through the same macro robust_bands
with hours for days. With --write the figures of docs/anomalies.md are replaced. What counts as found stands there too.
"""

import argparse
import os
import random
import statistics
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import nab
from mlspend.adapters.config_anomalies import Anomalies
from mlspend.adapters.home import PROJECT_ROOT
from tests.judged_usage import JudgedUsage

DEBUG = os.environ.get("DEBUG")
SEED = 20261125
FIRST = date(2026, 2, 2)
DAYS = 270
JUDGED = 91
SERIES_A_PROJECT = 10
KINDS = ("spike", "level_shift", "slow_leak", "restatement")
# Two usual days between unusual ones do not end an anomaly; the rules it is compared with are treated alike.
JOINED_DAYS = 3
LIMITS = Anomalies()
PAGE = PROJECT_ROOT / "docs" / "anomalies.md"
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"


@dataclass(frozen=True)
class Event:
    """What was injected into one series, from its first to its last day."""

    kind: str
    first: int
    last: int
    size: float


@dataclass
class Bill:
    """One series: costs by day, and what was injected, if anything."""

    project: str
    usage_type: str
    shape: str
    costs: list[float]
    corrected: dict[int, float] = field(default_factory=dict)
    event: Event | None = None
    is_counted: bool = False
    """Whether the event lies above the floors, so that it is to be found."""


def make_bills(chance: random.Random, count: int) -> list[Bill]:
    """Return `count` series of DAYS days, four in ten of which have one event within the last JUDGED days."""
    bills = []
    for number in range(count):
        shape = chance.choices(["serving", "storage", "batch", "training"], [0.4, 0.25, 0.2, 0.15])[0]
        costs = _usual_costs(chance, shape)
        bill = Bill(f"project-{number // SERIES_A_PROJECT:03d}", f"type-{number:04d}", shape, costs)
        if chance.random() < 0.4:
            _inject(chance, bill)
        bills.append(bill)
    for bill in bills:
        if bill.event:
            siblings = [each for each in bills if each.project == bill.project]
            first = bill.event.first
            month = sum(sum(each.costs[first - 30 : first]) for each in siblings)
            week = statistics.fmean(bill.costs[first - 7 : first])
            floors = (LIMITS.minimum_cost, month * LIMITS.minimum_spend_percent / 100)
            leak = week * LIMITS.leak_percent / 100 if bill.event.kind == "slow_leak" else 0
            bill.is_counted = bill.event.size >= max(*floors, week * LIMITS.minimum_percent / 100, leak)
    return bills


def _usual_costs(chance: random.Random, shape: str) -> list[float]:
    """Return a season of the week, noise that lingers, growth or decline, work of the month, a few outages."""
    level = 10 ** chance.uniform(1.5, 3.5)
    noise = {"serving": chance.uniform(0.03, 0.12), "storage": 0.01, "batch": chance.uniform(0.05, 0.2)}.get(shape, 0.0)
    weekend = {"serving": chance.uniform(0.4, 1.1), "batch": chance.choice([0.0, 0.1, 0.3])}.get(shape, 1.0)
    growth = chance.uniform(-0.01, 0.02) / 7
    job_share = chance.uniform(0.15, 0.6)
    monthly = chance.choice([0.0, 0.0, 0.5, 2.0])
    monthly_day = chance.choice([1, 1, 2, 15])
    costs, lingering = [], 0.0
    for number in range(DAYS):
        day = FIRST + timedelta(days=number)
        lingering = 0.5 * lingering + chance.gauss(0, noise)
        value = level * (1 + growth) ** number * max(1 + lingering, 0.05)
        if shape == "training":
            value = level * chance.lognormvariate(0, 0.6) if chance.random() < job_share else 0.0
        if day.weekday() >= 5:
            value *= weekend
        if monthly and day.day == monthly_day:
            value += level * monthly
        if chance.random() < 0.003:
            value *= chance.uniform(0, 0.6)
        costs.append(value)
    return costs


def _inject(chance: random.Random, bill: Bill) -> None:
    kind = chance.choice(KINDS)
    first = DAYS - JUDGED + chance.randrange(7, 50 if kind == "slow_leak" else JUDGED - 10)
    busy = statistics.quantiles([cost for cost in bill.costs[first - 56 : first] if cost > 0] or [10.0], n=10)[7]
    if kind == "spike":
        last = first + chance.choice([0, 0, 0, 1, 2])
        added = busy * chance.uniform(0.6, 5)
        for number in range(first, last + 1):
            bill.costs[number] += added
    elif kind == "level_shift":
        last = DAYS - 1
        added = busy * chance.uniform(0.4, 2)
        for number in range(first, DAYS):
            bill.costs[number] += added
    elif kind == "slow_leak":
        last = min(first + 41, DAYS - 1)
        added = busy * chance.uniform(0.01, 0.03)
        for number in range(first, DAYS):
            bill.costs[number] += added * min(number - first + 1, 42)
        added *= 28
    else:
        last = first
        added = busy * chance.uniform(1, 4)
        bill.corrected[first] = added
        bill.costs[first] += added
    bill.event = Event(kind, first, last, added)


def judge(judged: JudgedUsage, bills: Sequence[Bill]) -> tuple[list[tuple[str, str, int, int]], float]:
    """Return what the models find as (usage type, kind, first day, last day), and the seconds it took."""
    judged.forget()
    judged.add_use(
        {
            "project": bill.project,
            "service_name": f"service of {bill.usage_type}",
            "usage_type": bill.usage_type,
            "charge_date": FIRST + timedelta(days=number),
            "effective_cost": Decimal(f"{cost:.6f}"),
            "pricing_quantity": cost,
        }
        for bill in bills
        for number, cost in enumerate(bill.costs)
        if cost > 0
    )
    judged.complete_until(FIRST + timedelta(days=DAYS - 1))
    for bill in bills:
        for number, change in bill.corrected.items():
            day = FIRST + timedelta(days=number)
            known_at = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=12)
            judged.correct(day, f"{change:.6f}", service=f"service of {bill.usage_type}", known_at=known_at)
    started = time.perf_counter()
    found = judged.find()
    seconds = time.perf_counter() - started
    if DEBUG:
        judged.connection.sql(DEBUG).show(max_width=250, max_rows=60)
    return [
        (row["usage_type"], row["anomaly_kind"], (row["first_date"] - FIRST).days, (row["last_date"] - FIRST).days)
        for row in found
    ], seconds


def by_rule(bills: Sequence[Bill], rule: str) -> list[tuple[str, str, int, int]]:
    """Return what one of the usual rules finds in the judged days, above the same money floor of 10 a day."""
    found = []
    for bill in bills:
        unusual = []
        for number in range(DAYS - JUDGED, DAYS):
            if rule == "z":
                earlier = bill.costs[number - 30 : number]
                limit = statistics.fmean(earlier) + 2 * statistics.stdev(earlier)
                expected = statistics.fmean(earlier)
            else:
                expected = statistics.fmean(bill.costs[number - 7 : number])
                limit = expected * 1.1
            # These rules know no corrections: what they say of such days counts neither for nor against them.
            if bill.costs[number] > limit and bill.costs[number] - expected >= 10 and number not in bill.corrected:
                unusual.append(number)
        found += [(bill.usage_type, "spike", first, last) for first, last in _runs(unusual)]
    return found


def by_stl(bills: Sequence[Bill]) -> tuple[list[tuple[str, str, int, int]], float]:
    """Return what statsmodels' robust STL finds, fitted anew for each judged day to the eight weeks before it.

    Sensitivity and floors are those of mlspend; the seconds are those of the fits alone.
    """
    from statsmodels.tsa.seasonal import STL

    found, seconds = [], 0.0
    for bill in bills:
        unusual = []
        for number in range(DAYS - JUDGED, DAYS):
            started = time.perf_counter()
            fitted = STL(bill.costs[number - 56 : number], period=7, robust=True).fit()
            seconds += time.perf_counter() - started
            expected = max(float(fitted.trend[-1] + fitted.seasonal[-7]), 0.0)
            spread = 1.4826 * statistics.median(abs(float(rest)) for rest in fitted.resid)
            floor = max(LIMITS.minimum_cost, expected * LIMITS.minimum_percent / 100)
            excess = bill.costs[number] - expected
            if excess > max(LIMITS.sensitivity * spread, floor) and number not in bill.corrected:
                unusual.append(number)
        found += [(bill.usage_type, "spike", first, last) for first, last in _runs(unusual)]
    return found, seconds


def _runs(unusual: Iterable[int]) -> list[tuple[int, int]]:
    runs: list[list[int]] = []
    for number in unusual:
        if runs and number - runs[-1][1] <= JOINED_DAYS:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return [(first, last) for first, last in runs]


@dataclass
class Score:
    """What was found of the injected events, and what was found besides."""

    injected: dict[str, int] = field(default_factory=lambda: dict.fromkeys(KINDS, 0))
    hits: dict[str, list[int]] = field(default_factory=lambda: {kind: [] for kind in KINDS})
    kind_right: dict[str, int] = field(default_factory=lambda: dict.fromkeys(KINDS, 0))
    false: dict[str, int] = field(default_factory=lambda: dict.fromkeys(KINDS, 0))
    repeats: int = 0

    @property
    def false_alarms(self) -> int:
        return sum(self.false.values())

    @property
    def precision(self) -> float:
        found = sum(len(delays) for delays in self.hits.values())
        return found / max(found + self.false_alarms, 1)


def score(bills: Sequence[Bill], found: Sequence[tuple[str, str, int, int]]) -> Score:
    """Hold what was found against what was injected; docs/anomalies.md says how one counts."""
    result = Score()
    for bill in bills:
        event = bill.event
        mine = sorted((each for each in found if each[0] == bill.usage_type), key=lambda each: each[2])
        mine = [each for each in mine if each[3] >= DAYS - JUDGED]
        if event and bill.is_counted:
            result.injected[event.kind] += 1
        matched = False
        for _, kind, first, last in mine:
            if event and _counts(event, kind, first, last):
                if matched:
                    result.repeats += 1
                    continue
                matched = True
                if not bill.is_counted:
                    continue
                result.hits[event.kind].append(max(first - event.first, 0))
                result.kind_right[event.kind] += kind == event.kind
            else:
                result.false[kind] += 1
    return result


def _counts(event: Event, kind: str, first: int, last: int) -> bool:
    if event.kind == "restatement":
        return kind == "restatement" and first <= event.first <= last
    # A leak is seen over four weeks; a level may be seen in the week after it changed.
    grace = {"spike": 0, "level_shift": 0, "slow_leak": 14}[event.kind]
    end = event.first + 13 if event.kind == "level_shift" else event.last + grace
    return kind != "restatement" and last >= event.first and first <= end


def table(scores: dict[str, Score], count: int) -> str:
    """Return the figures as Markdown tables."""
    weeks = JUDGED / 7
    lines = ["| rule | precision | false alarms a week per 100 series | repeats |", "|---|---|---|---|"]
    for name, each in scores.items():
        rate = each.false_alarms / weeks / count * 100
        lines.append(f"| {name} | {each.precision:.2f} | {rate:.2f} | {each.repeats} |")
    lines += ["", "| injected | number | rule | recall | of the right kind | median delay, days | longest |"]
    lines += ["|---|---|---|---|---|---|---|"]
    for kind in KINDS:
        for name, each in scores.items():
            if kind == "restatement" and name != "mlspend":
                continue
            right = f"{each.kind_right[kind] / max(len(each.hits[kind]), 1):.2f}" if name == "mlspend" else "–"
            lines.append(
                f"| {kind} | {each.injected[kind]} | {name} | {_recall(each, kind)} | {right} | {_delay(each, kind)} |"
            )
    return "\n".join(lines)


def table_of_shapes(shapes: dict[str, Score]) -> str:
    """Return what mlspend found by the shape of the series, as a Markdown table."""
    lines = ["| series | " + " | ".join(KINDS) + " | false alarms |", "|---|" + "---|" * (len(KINDS) + 1)]
    for name, each in shapes.items():
        recalls = " | ".join(f"{_recall(each, kind)} of {each.injected[kind]}" for kind in KINDS)
        lines.append(f"| {name} | {recalls} | {each.false_alarms} |")
    return "\n".join(lines)


def _recall(each: Score, kind: str) -> str:
    return f"{len(each.hits[kind]) / each.injected[kind]:.2f}" if each.injected[kind] else "–"


def _delay(each: Score, kind: str) -> str:
    delays = each.hits[kind]
    return f"{statistics.median(delays):.0f} | {max(delays)}" if delays else "– | –"


def measure(count: int, seed: int, *, with_stl: bool) -> tuple[str, list[Bill], list[tuple[str, str, int, int]]]:
    """Return the page's figures, the bills and what mlspend found in them."""
    bills = make_bills(random.Random(seed), count)
    with TemporaryDirectory() as folder:
        found, seconds = judge(JudgedUsage(Path(folder)), bills)
    scores = {"mlspend": score(bills, found)}
    speed = f"All {count * JUDGED:,} verdicts of mlspend took {seconds:.1f} s in one query"
    if with_stl:
        by_library, fits = by_stl(bills)
        scores["STL of statsmodels, fitted anew each day"] = score(bills, by_library)
        speed += f", as many fits of STL {fits:.0f} s ({fits / count / JUDGED * 1000:.1f} ms each)"
    scores["z > 2 over 30 days"] = score(bills, by_rule(bills, "z"))
    scores["above the mean of 7 days by 10 %"] = score(bills, by_rule(bills, "mean"))
    shapes = {
        name: score([b for b in bills if b.shape == name], found)
        for name in ("serving", "storage", "batch", "training")
    }
    below = sum(bill.event is not None and not bill.is_counted for bill in bills)
    text = [
        f"{count} series, seed {seed}; {below} injected events lie below the floors and count nowhere.",
        table(scores, count),
        "Recall of mlspend by the shape of the series:",
        table_of_shapes(shapes),
        f"{speed} (two shared cores).",
        "NAB, seven series of real CloudWatch metrics by the hour:",
        nab.table() if nab.folder().is_dir() else "(not measured: the series are not at hand)",
    ]
    return "\n\n".join(text), bills, found


def main() -> None:
    """Read the arguments, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--series", type=int, default=400)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--without-stl", action="store_true", help="leave out the slow comparison with STL")
    parser.add_argument("--missed", action="store_true", help="print what was missed and what was found for nothing")
    parser.add_argument("--write", action="store_true", help="write the figures into docs/anomalies.md")
    arguments = parser.parse_args()
    text, bills, found = measure(arguments.series, arguments.seed, with_stl=not arguments.without_stl)
    print(text)
    if arguments.missed:
        _show(bills, found)
    if arguments.write:
        before, _, rest = PAGE.read_text().partition(BEGIN)
        _, _, after = rest.partition(END)
        PAGE.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}")


def _show(bills: Sequence[Bill], found: Sequence[tuple[str, str, int, int]]) -> None:
    for bill in bills:
        mine = [each[1:] for each in found if each[0] == bill.usage_type]
        event = bill.event
        hit = event and any(_counts(event, *each) for each in mine)
        wrong = [each for each in mine if not (event and _counts(event, *each))]
        if (event and bill.is_counted and not hit) or wrong:
            first = event.first if event else wrong[0][1]
            around = [round(cost) for cost in bill.costs[max(first - 16, 0) : first + 5]]
            print(bill.usage_type, event, "found", mine, around)


if __name__ == "__main__":
    main()
