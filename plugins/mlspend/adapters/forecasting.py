"""Forecast the rest of a month from daily costs with statsmodels, and learn from past months how wide the band must be.

Runs inside dbt (model int_outlook_estimates). Amounts here are floats and end at a millionth of the currency: they are
estimates, and are added to exact sums outside. Nothing is random: the same history gives the same forecast.
"""

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

SEASON = 7
"""Days of the season: people work by the week."""

LEAST_DAYS = 14
"""Complete days without which nothing is forecast: with less, a weekend cannot be told from a fall."""

MOST_DAYS = 84
"""Complete days that a forecast rests on: twelve weeks; older ones weigh next to nothing."""

# Smoothing of level and season. Found by benchmarks/forecast.py: larger ones follow level shifts sooner and lose more
# by taking a burst of training for one; optimising them per series cost 20 times the time and was no better.
LEVEL, SEASONAL = 0.1, 0.1

# A day this many robust deviations from the same weekday's median is a spike, if there are few of them: where every
# twentieth day is one, they are how the workload works.
SPIKE, MOST_SPIKES = 5.0, 0.04

# No workload is certain to the cent: the least spread of a day, as a part of the mean day.
LEAST_SPREAD = 0.01

COVERAGE = 0.8
"""Share of months whose cost the band is to hold."""

# Spreads that the band reaches to either side while fewer than LEAST_BACKTESTS tell of this company: as a normal error
# has it, and as the benchmark found it.
USUAL_WIDTH, LEAST_BACKTESTS = 1.3, 30

# Where most projects cost the same every day, past forecasts of them were perfect; they must not speak for the others.
LEAST_WIDTH = 0.5

# Fitting takes about 1.5 ms: these bound a build to seconds. The costliest come first.
MOST_BACKTESTED, MOST_FORECAST = 100, 1000

COLUMNS = (
    "scope",
    "scope_name",
    "billing_currency",
    "is_converted",
    "as_of_date",
    "month",
    "rest_cost",
    "rest_low_cost",
    "rest_high_cost",
    "reason",
)


@dataclass(frozen=True)
class Expected:
    """What the coming days cost together, and the spread (one standard deviation) of that sum."""

    cost: float
    spread: float


@dataclass(frozen=True)
class _Tried:
    """A forecast; `miss` is, of a past month, the distance to what it came to, in spreads."""

    history: Mapping[str, Any]
    origin: Mapping[str, Any]
    expected: Expected
    miss: float | None


def expect(daily_costs: Sequence[float], days: int) -> Expected:
    """Return what the `days` after `daily_costs` (at least LEAST_DAYS, without gaps) are expected to cost.

    Holt-Winters with a weekly season and without a trend, on the last MOST_DAYS, of which few spikes are taken out. The
    spread of more than a week follows from that of a week as for any linear exponential smoothing (Hyndman et al.,
    Forecasting with Exponential Smoothing, 2008, chapter 6).
    """
    import numpy as np
    from statsmodels.tsa.holtwinters import ExponentialSmoothing

    costs = np.asarray(daily_costs[-MOST_DAYS:], dtype=float)
    costs = costs[len(costs) % SEASON :]
    usual = _without_spikes(costs)
    weekdays = usual.reshape(-1, SEASON).mean(axis=0)
    model = ExponentialSmoothing(
        usual,
        seasonal="add",
        seasonal_periods=SEASON,
        initialization_method="known",
        initial_level=weekdays.mean(),
        initial_seasonal=weekdays - weekdays.mean(),
    )
    # Where every error is 0, statsmodels takes its logarithm for criteria that nobody asks for.
    with np.errstate(all="ignore"):
        fitted = model.fit(smoothing_level=LEVEL, smoothing_seasonal=SEASONAL, optimized=False)
        coming = fitted.forecast(days)
    spread = max(_spread(costs, fitted, days), LEAST_SPREAD * float(np.abs(costs).mean()) * math.sqrt(days))
    cost = float(coming.sum())
    # Smoothing may undershoot after a fall; without credits no cost is negative.
    return Expected(max(cost, 0.0) if costs.min() >= 0 else cost, spread)


def _spread(costs: Any, fitted: Any, days: int) -> float:
    """Return the spread of the sum of `days`, from how wrong sums of up to a week were after each known day."""
    import numpy as np

    tried = min(days, SEASON)
    origins = np.arange(SEASON - 1, len(costs) - tried)
    ahead = origins[:, None] + 1 + np.arange(tried)
    expected = tried * fitted.level[origins] + fitted.season[ahead - SEASON].sum(axis=1)
    missed = float(np.sqrt(np.mean((costs[ahead].sum(axis=1) - expected) ** 2)))
    return missed * _growth(days) / _growth(tried)


def _growth(days: int) -> float:
    """Return by how much the spread of a sum of `days` exceeds that of a day: an error also moves all days after it."""
    moved = (LEVEL + SEASONAL * (1 - LEVEL) * (day % SEASON == 0) for day in range(1, days))
    return math.sqrt(math.fsum((1 + sum_of_moves) ** 2 for sum_of_moves in (0.0, *itertools.accumulate(moved))))


def _without_spikes(costs: Any) -> Any:
    import numpy as np
    from scipy.ndimage import median_filter

    medians = median_filter(costs.reshape(-1, SEASON), size=(5, 1), mode="mirror").reshape(-1)
    distances = np.abs(costs - medians)
    usual = max(1.4826 * float(np.median(distances)), LEAST_SPREAD * float(np.abs(medians).mean()))
    spikes = distances > SPIKE * usual
    return np.where(spikes, medians, costs) if spikes.sum() <= MOST_SPIKES * len(costs) else costs


def width(misses: Sequence[float]) -> float:
    """Return how many spreads the band reaches to either side, so that COVERAGE of past forecasts were within it.

    That is the conformal quantile, which errs to the wide side. Without enough `misses` it is USUAL_WIDTH.
    """
    if len(misses) < LEAST_BACKTESTS:
        return USUAL_WIDTH
    rank = math.ceil(COVERAGE * (len(misses) + 1))
    return max(sorted(misses)[min(rank, len(misses)) - 1], LEAST_WIDTH)


def forecast_all(histories: Sequence[Mapping[str, Any]], origins: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return a row of COLUMNS for each history and origin: the cost of the days after the origin's, and its band.

    A history has a name (the first four of COLUMNS), `first_date` and `daily_costs` from then on; an origin
    `as_of_date`, `month`, `month_end` and `is_backtest`. The band of a past month is as wide as the months before it
    could tell.
    """
    ranked = sorted(histories, key=lambda one: (-sum(map(abs, one["daily_costs"][-MOST_DAYS:])), *map(str, _key(one))))
    tried: list[_Tried] = []
    rows: list[dict[str, Any]] = []
    for place, history in enumerate(ranked):
        for origin in origins:
            if origin["as_of_date"] >= origin["month_end"] or (origin["is_backtest"] and place >= MOST_BACKTESTED):
                continue
            if reason := _refusal(history, origin, place):
                rows.append({**_named(history, origin), "reason": reason})
            else:
                tried.append(_try(history, origin))
    reach = {
        month: width([each.miss for each in tried if each.miss is not None and each.origin["month"] < month])
        for month in {origin["month"] for origin in origins}
    }
    rows += [{**_named(each.history, each.origin), **_band(each, reach[each.origin["month"]])} for each in tried]
    return rows


def _key(history: Mapping[str, Any]) -> list[Any]:
    return [history[name] for name in COLUMNS[:4]]


def _named(history: Mapping[str, Any], origin: Mapping[str, Any]) -> dict[str, str]:
    values = [*_key(history), origin["as_of_date"], origin["month"]]
    return dict(zip(COLUMNS, map(str, values), strict=False))


def _refusal(history: Mapping[str, Any], origin: Mapping[str, Any], place: int) -> str | None:
    known = (origin["as_of_date"] - history["first_date"]).days + 1
    if known < LEAST_DAYS:
        days = "1 complete day is" if known == 1 else f"{max(known, 0)} complete days are"
        return f"only {days} known, and {LEAST_DAYS} are needed"
    if place >= MOST_FORECAST:
        return f"it is not among the {MOST_FORECAST} costliest, for which forecasts are made"
    return None


def _try(history: Mapping[str, Any], origin: Mapping[str, Any]) -> _Tried:
    known = (origin["as_of_date"] - history["first_date"]).days + 1
    days = (origin["month_end"] - origin["as_of_date"]).days
    expected = expect(history["daily_costs"][:known], days)
    miss = None
    if origin["is_backtest"] and expected.spread > 0:
        actual = math.fsum(history["daily_costs"][known : known + days])
        miss = abs(actual - expected.cost) / expected.spread
    return _Tried(history, origin, expected, miss)


def _band(tried: _Tried, reach: float) -> dict[str, str]:
    cost, to_either_side = tried.expected.cost, reach * tried.expected.spread
    # Where no day was ever negative, no sum of days will be.
    least = 0.0 if min(tried.history["daily_costs"]) >= 0 else -math.inf
    return {
        "rest_cost": f"{cost:.6f}",
        "rest_low_cost": f"{max(cost - to_either_side, least):.6f}",
        "rest_high_cost": f"{cost + to_either_side:.6f}",
    }
