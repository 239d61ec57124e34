"""One month restated alone and beside 35 others: what `mlspend run` costs, start of the process to rendered digest.

Both homes are made here from the example company's bill; then the last month is delivered again three times, each time
under a new execution id and with some lines fewer. Prints the table of the README; a ratio above 1.2 is too much.
    python -m benchmarks.restatement [--months 1 36] [--lines 1000000] [--repeats 3] [--work FOLDER]
"""

import argparse
import json
import shutil
import statistics
import sys
import uuid
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measuring import Cost, run
from mlspend.adapters import duckdb_files
from mlspend.adapters.example_company import write_exports
from mlspend.adapters.home import PROJECT_ROOT

LAST = "2026-10"
LINES_AT_SCALE_ONE = 20_000
ONE_IN = 1_000


@dataclass(frozen=True)
class Result:
    """What a first run of `months` months cost, and the median of the restatements."""

    months: int
    lines: int
    first: Cost
    restated: Cost


def measure(months: int, lines: int, repeats: int, work: Path) -> Result:
    """Make a home of `months` months of about `lines` lines, then restate the last one `repeats` times."""
    home = work / f"home-{months}"
    exports = home / "exports" / "aws"
    write_exports(exports, scale=max(1, lines // LINES_AT_SCALE_ONE), months=months, end=LAST)
    config = work / "mlspend.yml"
    # More months than a home keeps line by line unless told otherwise.
    example = (PROJECT_ROOT / "config" / "mlspend.yml").read_text()
    config.write_text(f"{example}\nretention: {{line_months: 40}}\n")
    first = _run(home, config)
    costs = []
    for _ in range(repeats):
        _restate(exports)
        costs.append(_run(home, config))
    median = statistics.median_low([cost.seconds for cost in costs])
    with duckdb_files.connect(home / "published" / "warehouse.duckdb", read_only=True) as connection:
        query = "select sum(line_count) from marts.daily_spend where billing_period = '" + LAST + "'"
        [(held,)] = connection.execute(query).fetchall()
    return Result(months, held, first, next(cost for cost in costs if cost.seconds == median))


def _run(home: Path, config: Path) -> Cost:
    environment = {"MLSPEND_HOME": str(home), "MLSPEND_CONFIG": str(config)}
    return run([Path(sys.executable).with_name("mlspend"), "run"], environment=environment)


def _restate(exports: Path) -> None:
    """Write the last month anew as AWS does in overwrite mode: the data first, then the manifest."""
    part = max(exports.rglob(f"data/BILLING_PERIOD={LAST}/*.parquet"), key=lambda path: path.stat().st_size)
    shorter = part.with_suffix(".new")
    with duckdb_files.connect() as connection:
        source, target = duckdb_files.quote(str(part)), duckdb_files.quote(str(shorter))
        # Usage only: lines of commitments hang together, and a bill without one of them would not reconcile.
        left_out = f"line_item_line_item_type = 'Usage' and file_row_number % {ONE_IN} = 0"
        connection.execute(
            f"copy (select * exclude (file_row_number) from read_parquet({source}, file_row_number = true)"
            f" where not ({left_out})) to {target} (format parquet)"
        )
    shorter.replace(part)
    manifest = next(exports.rglob(f"metadata/BILLING_PERIOD={LAST}/*Manifest.json"))
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"executionId": str(uuid.uuid4())}))


def main() -> None:
    """Read the arguments, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--months", type=int, nargs="+", default=[1, 36])
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--work", type=Path, help="a folder on the disk to measure (default: below the project's var/)")
    arguments = parser.parse_args()
    root = arguments.work or PROJECT_ROOT / "var" / "benchmark-restatement"
    results = []
    for months in arguments.months:
        shutil.rmtree(root, ignore_errors=True)
        root.mkdir(parents=True)
        results.append(measure(months, arguments.lines, arguments.repeats, root))
    shutil.rmtree(root)
    print(
        f"{'months':>7} {'lines a month':>14} {'first run':>11} {'one restated':>13} {'ratio':>6} {'peak memory':>12}"
    )
    for result in results:
        ratio = result.restated.seconds / results[0].restated.seconds
        print(
            f"{result.months:>7} {result.lines:>14,} {result.first.seconds:>9.1f} s {result.restated.seconds:>11.1f} s"
            f" {ratio:>6.2f} {result.restated.peak_bytes / 2**30:>8.1f} GiB"
        )


if __name__ == "__main__":
    main()
