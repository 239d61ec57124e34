"""Measure the forecast of a month's end on generated bills: coverage of the 80 % band and error, against two baselines.

    python -m benchmarks.forecast [--companies 24] [--projects 12] [--seed 1]

Each company is so many projects, some of each kind: steady, with a weekly season, growing, with level shifts, bursts of
training, sparse use, spikes, monthly fees; 243 days of them. The forecasts are `forecasting.forecast_all`'s, with the
back-tests of the model int_outlook_origins for the band to learn from; fees are added as int_outlook_amounts does.
Judged are the newest two months, from days on which no whole weeks are known: a mean of whole weeks needs no season.
"""

import argparse
import math
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np

from mlspend.adapters import forecasting

KINDS = ("steady", "weekly", "growth", "shifts", "bursts", "sparse", "spikes", "fees")
FIRST, DAYS = date(2026, 1, 1), 243
JUDGED = ("2026-07", "2026-08")
LEARNT_DAYS, JUDGED_DAYS = (7, 14, 21), (4, 12, 20, 26)
OLS_DAYS, OLS_LEAST, OLS_IQR = 30, 8, 1.5  # koku's

Floats = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True)
class Project:
    """Daily costs, and a fee that comes on the 1st of each month."""

    name: str
    kind: str
    daily: Floats
    fee: float


def generate(kind: str, name: str, random: np.random.Generator) -> Project:
    """Return one project of 20 to 5000 a day with noise of 2 to 12 % that lingers from day to day."""
    days = np.arange(DAYS)
    daily = np.full(DAYS, math.exp(random.uniform(math.log(20), math.log(5000))))
    if kind in ("weekly", "spikes", "fees") or (kind in ("growth", "shifts") and random.random() < 0.5):
        daily = daily * np.where(days % 7 >= 5, 1 - random.uniform(0.2, 0.6), 1)
    if kind == "growth":
        daily = daily * np.exp(random.uniform(-0.004, 0.008) * days)
    if kind == "shifts":
        for at in random.integers(60, DAYS - 5, random.integers(1, 4)):
            daily[at:] *= random.uniform(0.5, 1.9)
    daily = daily * _happenings(kind, random)
    noise, lingering = random.normal(0, random.uniform(0.02, 0.12), DAYS), random.uniform(0, 0.7)
    for day in range(1, DAYS):
        noise[day] += lingering * noise[day - 1]
    daily = daily * np.exp(noise)
    return Project(name, kind, daily, float(daily.mean()) * 10 if kind == "fees" else 0.0)


def _happenings(kind: str, random: np.random.Generator) -> Floats:
    """Return by what each day of a project of this kind is multiplied."""
    factor = np.ones(DAYS)
    if kind == "bursts":
        length, share = random.integers(1, 6), random.uniform(0.05, 0.2)
        factor *= 0.5
        for at in np.flatnonzero(random.random(DAYS) < share / length):
            factor[at : at + length] = random.uniform(2, 6)
    if kind == "sparse":
        factor *= random.random(DAYS) < random.uniform(0.1, 0.5)
    if kind == "spikes":
        for at in random.integers(0, DAYS, 2):
            factor[at] *= random.uniform(3, 12)
    return factor


def origins(judged: str) -> list[dict[str, Any]]:
    """Return the days to forecast from: those of the `judged` month, and of the three before it as back-tests."""
    found = []
    for back in range(4):
        month = date.fromisoformat(f"{judged}-01")
        for _ in range(back):
            month = (month - timedelta(1)).replace(day=1)
        end = (month + timedelta(31)).replace(day=1) - timedelta(1)
        found += [
            {
                "as_of_date": month + timedelta(day - 1),
                "month": f"{month:%Y-%m}",
                "month_end": end,
                "is_backtest": back > 0,
            }
            for day in (LEARNT_DAYS if back else JUDGED_DAYS)
        ]
    return found


def days_so_far(daily: Floats, month_day: int, left: int) -> float:
    """The mean day of the month, for the days left."""
    return float(daily[-month_day:].mean()) * left


def ols(daily: Floats, _month_day: int, left: int) -> float:
    """A straight line through the last 30 days without outliers of 1.5 quartile ranges, as koku draws it."""
    recent, days = daily[-OLS_DAYS:], np.arange(OLS_DAYS)
    low, high = np.percentile(recent, [25, 75])
    kept = np.abs(recent - (low + high) / 2) <= (0.5 + OLS_IQR) * (high - low)
    if kept.sum() < OLS_LEAST:
        return float(recent.mean()) * left
    slope, level = np.polyfit(days[kept], recent[kept], 1)
    return max(float((level + slope * (OLS_DAYS + np.arange(left))).sum()), 0.0)


def judge(projects: Sequence[Project]) -> Iterator[tuple[str, int, dict[str, float]]]:
    """Yield kind, day of the month and figures of each judged forecast of one company's projects."""
    by_name = {each.name: each for each in projects}
    for judged in JUDGED:
        last = max(one["month_end"] for one in origins(judged))
        known = (last - FIRST).days + 1
        histories = [
            {
                "scope": "project",
                "scope_name": each.name,
                "billing_currency": "USD",
                "is_converted": False,
                "first_date": FIRST,
                "daily_costs": each.daily[:known].tolist(),
            }
            for each in projects
        ]
        for row in forecasting.forecast_all(histories, origins(judged)):
            if row["month"] != judged:
                continue
            project, as_of = by_name[row["scope_name"]], date.fromisoformat(row["as_of_date"])
            at, left = (as_of - FIRST).days + 1, (last - as_of).days
            to_date = float(project.daily[at - as_of.day : at].sum()) + project.fee
            actual = to_date + float(project.daily[at : at + left].sum())
            # The baselines know nothing of fees: the mean spreads the one that is there already over the days left.
            seen = project.daily[:at].copy()
            firsts = [day for day in range(at) if (FIRST + timedelta(day)).day == 1]
            seen[firsts] += project.fee
            yield (
                project.kind,
                as_of.day,
                {
                    "actual": actual,
                    "scale": 30 * float(project.daily.mean()) + project.fee,
                    "forecast": to_date + float(row["rest_cost"]),
                    "low": to_date + float(row["rest_low_cost"]),
                    "high": to_date + float(row["rest_high_cost"]),
                    "mean": to_date + days_so_far(seen, as_of.day, left),
                    "ols": to_date + ols(seen, as_of.day, left),
                },
            )


def summarise(figures: Sequence[dict[str, float]]) -> str:
    """Return the cells of one line: coverage, half width of the band, errors; widths and errors by the cost that came.

    Each forecast counts by its cost, as in a WAPE, but no project for more than another: costs are divided by its mean.
    """
    covered = np.mean([each["low"] <= each["actual"] <= each["high"] for each in figures])
    total = sum(each["actual"] / each["scale"] for each in figures)
    breadth = sum((each["high"] - each["low"]) / 2 / each["scale"] for each in figures) / total
    errors = [
        sum(abs(each[name] - each["actual"]) / each["scale"] for each in figures) / total
        for name in ("forecast", "mean", "ols")
    ]
    return " | ".join(f"{100 * share:.1f} %" for share in (covered, breadth, *errors))


def main() -> None:
    """Read the arguments, generate, forecast, print tables in Markdown."""
    parser = argparse.ArgumentParser(description="Coverage and error of forecasts on generated bills.")
    parser.add_argument("--companies", type=int, default=24)
    parser.add_argument("--projects", type=int, default=16)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    random = np.random.default_rng(arguments.seed)
    by_kind, by_day, every = defaultdict(list), defaultdict(list), []
    started = time.perf_counter()
    for _ in range(arguments.companies):
        kinds = [KINDS[at % len(KINDS)] for at in range(arguments.projects)]
        for kind, day, figures in judge([generate(kind, f"{kind}-{at}", random) for at, kind in enumerate(kinds)]):
            by_kind[kind].append(figures)
            by_day[day].append(figures)
            every.append(figures)
    seconds = time.perf_counter() - started
    print(f"{arguments.companies * arguments.projects} series, {len(every)} forecasts, seed {arguments.seed}")
    print(f"{1000 * seconds / (len(every) * 13 / 4):.1f} ms a forecast, back-tests among them\n")
    print("| | in the band | half the band | error | mean day | line |")
    print("|---|---|---|---|---|---|")
    for name, figures in [
        *((kind, by_kind[kind]) for kind in KINDS),
        *((f"from day {day}", by_day[day]) for day in JUDGED_DAYS),
        ("all", every),
    ]:
        print(f"| {name} | {summarise(figures)} |")


if __name__ == "__main__":
    main()
