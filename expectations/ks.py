"""The exact two-sample Kolmogorov-Smirnov test: the statistic by one window query, p values by scipy.

Source of the p values: scipy.stats.ks_2samp, method "auto"; of the correction: Benjamini and Hochberg (1995), as
scipy.stats.false_discovery_control.
"""

import warnings
from collections.abc import Sequence

# Up to here scipy counts the ways two samples can lie, beyond it uses the limit distribution.
_LARGEST_EXACT = 10_000
PERCENTILES = (75, 95, 99)


def statistics_query(counts: str, keys: Sequence[str]) -> str:
    """Return the query of one row per group of `keys` of the relation `counts` in which both samples have values.

    `counts` has the columns of `keys`, `cost`, and how many lines of each sample have that very cost: `now_count` and
    `before_count`. Beside `statistic` a row has `distance`, by how much the cost of a line differs on average (the area
    between the distributions: Wasserstein's distance), the sizes (`now_lines`, `before_lines`), how many lines of each
    sample cost no more than where the gap is widest (`now_at`, `before_at`), and percentiles: the smallest cost that so
    many of the lines do not exceed (`now_p75`, `before_p75`, …).
    """
    group = ", ".join(keys)
    percentiles = ", ".join(
        f"min(cost) filter (where {side}_count > 0 and {side}_below >= {each / 100} * {side}_total) as {side}_p{each}"
        for each in PERCENTILES
        for side in ("before", "now")
    )
    return f"""
        select
            {group}, max(gap) as statistic, sum(gap * coalesce(next_cost - cost, 0)) as distance,
            cast(any_value(now_total) as bigint) as now_lines, cast(any_value(before_total) as bigint) as before_lines,
            cast(arg_max(now_below, gap) as bigint) as now_at, cast(arg_max(before_below, gap) as bigint) as before_at,
            {percentiles}
        from (
            select
                *, abs(cast(now_below as double) / now_total - cast(before_below as double) / before_total) as gap
            from (
                select
                    *, lead(cost) over (partition by {group} order by cost) as next_cost,
                    sum(now_count) over up_to_here as now_below, sum(before_count) over up_to_here as before_below,
                    sum(now_count) over whole as now_total, sum(before_count) over whole as before_total
                from ({counts}) as counts
                window
                    up_to_here as (
                        partition by {group} order by cost rows between unbounded preceding and current row
                    ),
                    whole as (partition by {group})
            ) as running
            where now_total > 0 and before_total > 0
        ) as compared
        group by {group}"""


def p_value(now_lines: int, before_lines: int, now_at: int, before_at: int) -> float:
    """Return the p value of ks_2samp for two samples that lie furthest apart where so many of each lie below.

    It depends on nothing else. So for small samples scipy is asked about two that have only the values 0 and 1.
    """
    import numpy
    from scipy import stats

    if max(now_lines, before_lines) <= _LARGEST_EXACT:
        now = numpy.repeat([0, 1], [now_at, now_lines - now_at])
        before = numpy.repeat([0, 1], [before_at, before_lines - before_at])
        with warnings.catch_warnings():
            # Where it runs out of range scipy says so, and takes the limit distribution.
            warnings.simplefilter("ignore", RuntimeWarning)
            return float(stats.ks_2samp(now, before).pvalue)
    gap = abs(now_at / now_lines - before_at / before_lines)
    size = now_lines * before_lines / (now_lines + before_lines)
    return float(numpy.clip(stats.kstwo.sf(gap, numpy.round(size)), 0, 1))


def corrected(p_values: Sequence[float]) -> list[float]:
    """Return the p values after Benjamini and Hochberg, in the same order."""
    from scipy import stats

    return [float(each) for each in stats.false_discovery_control(p_values)] if p_values else []
