"""The labelled NAB series (real CloudWatch metrics), judged by the macro robust_bands by the hour of the day.

They lie outside the repository, in nab-cloudwatch below MLSPEND_SHARED_DATA.
"""

import json
import os
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import jinja2

from mlspend.adapters.home import PROJECT_ROOT

HOURS_A_DAY = 24
SENSITIVITY = 4
# As in NAB: the first 15 % of a series are for learning; all windows of a series together are 10 % of it, each centred
# on its label.
PROBATION = 0.15
WINDOWS = 0.10


@dataclass(frozen=True)
class Found:
    """One series: how many labels had a detection in their window, and how many detections lay in none."""

    name: str
    labels: int
    hits: int
    false: int
    delays: tuple[float, ...]
    weeks: float


def folder() -> Path:
    """Return where the series lie, which may be nowhere."""
    shared = Path(os.environ.get("MLSPEND_SHARED_DATA", PROJECT_ROOT.parent / "shared" / "data"))
    return shared / "nab-cloudwatch"


def bands(relation: str, season: int) -> str:
    """Return the SQL of the macro robust_bands, without dbt."""
    text = (PROJECT_ROOT / "dbt_project" / "macros" / "robust_bands.sql").read_text()
    module = jinja2.Environment(autoescape=False).from_string(text).module
    return str(module.robust_bands(relation, season))  # type: ignore[attr-defined]


def measure(rule: str = "mlspend") -> list[Found]:
    """Judge every labelled series by the hour."""
    labels = json.loads((folder() / "combined_labels.json").read_text())
    found = []
    for file in sorted(folder().glob("*.csv")):
        with duckdb.connect() as connection:
            connection.execute(
                f"""create table points as
                select
                    1 as series, datediff('hour', timestamp '2013-01-01', date_trunc('hour', timestamp)) as step,
                    avg(value) as value, null::bigint as place, false as is_edge
                from read_csv('{file}') group by all"""
            )
            limits = {
                "mlspend": f"select step, value > coalesce(busiest_value, expected_value"
                f" + {SENSITIVITY} * spread) and history_count >= 48"
                f" from {bands('points', HOURS_A_DAY)}",
                "z": "select step, value > avg(value) over w + 2 * stddev(value) over w from points"
                " window w as (order by step rows between 144 preceding and 1 preceding)",
                "mean": "select step, value > 1.1 * avg(value) over w from points"
                " window w as (order by step rows between 24 preceding and 1 preceding)",
            }
            rows = connection.execute(f"{limits[rule]} order by step").fetchall()
        times = [datetime(2013, 1, 1) + timedelta(hours=step) for step, _ in rows]  # noqa: DTZ001 (they bear no zone)
        begin = times[0] + (times[-1] - times[0]) * PROBATION
        unusual = [at for at, (_, is_unusual) in zip(times, rows, strict=True) if is_unusual and at >= begin]
        found.append(_held(file.stem, labels[f"realAWSCloudwatch/{file.name}"], times, unusual))
    return found


def _held(name: str, labels: list[str], times: list[datetime], unusual: list[datetime]) -> Found:
    half = (times[-1] - times[0]) * WINDOWS / len(labels) / 2
    events = [datetime.fromisoformat(label) for label in labels]
    runs: list[list[datetime]] = []
    for at in unusual:
        if runs and at - runs[-1][-1] <= timedelta(hours=3):
            runs[-1].append(at)
        else:
            runs.append([at])
    delays, used = [], set()
    for event in events:
        inside = [n for n, run in enumerate(runs) if any(event - half <= at <= event + half for at in run)]
        used.update(inside)
        if inside:
            first = min(at for at in runs[inside[0]] if at >= event - half)
            delays.append((first - event).total_seconds() / 3600)
    weeks = (times[-1] - times[0]) * (1 - PROBATION) / timedelta(weeks=1)
    return Found(name, len(events), len(delays), len(runs) - len(used), tuple(delays), weeks)


def table() -> str:
    """Return the figures as a Markdown table."""
    lines = ["| rule | labels | found | recall | false detections | precision | false a week and series |"]
    lines += ["|---|---|---|---|---|---|---|"]
    for rule, name in (("mlspend", "mlspend"), ("z", "z > 2 over 6 days"), ("mean", "above the mean of a day by 10 %")):
        found = measure(rule)
        labels, hits, false = (sum(getattr(each, key) for each in found) for key in ("labels", "hits", "false"))
        weeks = sum(each.weeks for each in found)
        lines.append(
            f"| {name} | {labels} | {hits} | {hits / labels:.2f} | {false} | {hits / max(hits + false, 1):.2f}"
            f" | {false / weeks:.2f} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    for rule in ("mlspend", "z", "mean"):
        for each in measure(rule):
            print(rule, each)
