"""Landing folder → published warehouse, held against DuckDB's own `create table as select *` of the same files.

Both run here, in one sitting, on the same files and disk, with two threads. mlspend is `mlspend run`, from the start of
its process to its end, rendered digest included, in a home that has built before (dbt keeps its parsed models there).
Prints a table for the README.
    python -m benchmarks.pipeline [--millions 1 10] [--work FOLDER]
"""

import argparse
import math
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.measuring import Cost, run
from mlspend.adapters import duckdb_files
from mlspend.adapters.example_company import write_exports
from mlspend.adapters.home import PROJECT_ROOT

REPEATS = 3
PARSE_CACHE = "partial_parse.msgpack"


@dataclass(frozen=True)
class Result:
    """What one size cost: DuckDB's median copy and mlspend's whole run."""

    lines: int
    copy: Cost
    whole: Cost


def measure(millions: float, work: Path) -> Result:
    """Generate about `millions` million lines of three months of CUR 2.0, copy them, run mlspend on them."""
    home = work / "home"
    exports = home / "exports" / "aws"
    scale = max(1, round(millions * 1_000_000 / _lines_at_scale_one()))
    write_exports(exports, scale=scale)
    files = sorted(str(path) for path in exports.rglob("*.parquet"))
    with duckdb_files.connect() as connection:
        lines = connection.execute(f"select count(*) from read_parquet({files})").fetchall()[0][0]
    copies = [_copy(files, work / "copy.duckdb") for _ in range(REPEATS)]
    (home / "build").mkdir()
    shutil.copyfile(_first_home(work / "first") / "build" / PARSE_CACHE, home / "build" / PARSE_CACHE)
    return Result(lines, sorted(copies, key=lambda cost: cost.seconds)[REPEATS // 2], _run(home))


def _first_home(home: Path) -> Path:
    """A home in which one small month was built."""
    write_exports(home / "exports" / "aws", scale=1, months=1)
    _run(home)
    return home


def _run(home: Path) -> Cost:
    return run([Path(sys.executable).with_name("mlspend"), "run"], environment={"MLSPEND_HOME": str(home)})


def _lines_at_scale_one() -> int:
    with TemporaryDirectory() as scratch, duckdb_files.connect() as connection:
        write_exports(Path(scratch), scale=1)
        files = f"{scratch}/**/*.parquet"
        return int(connection.execute(f"select count(*) from read_parquet('{files}')").fetchall()[0][0])


def _copy(files: list[str], target: Path) -> Cost:
    """DuckDB's own work on the same files, in a process of its own: create the table, checkpoint, close."""
    target.unlink(missing_ok=True)
    code = (
        "import duckdb, sys; c = duckdb.connect(sys.argv[1], config={'threads': 2});"
        " c.execute(f'create table lines as select * from read_parquet({sys.argv[2:]})');"
        " c.execute('checkpoint'); c.close()"
    )
    cost = run([sys.executable, "-c", code, target, *files])
    target.unlink()
    return cost


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--millions", type=float, nargs="+", default=[1, 10])
    parser.add_argument("--work", type=Path, help="a folder on the disk to measure (default: below the project's var/)")
    arguments = parser.parse_args()
    root = arguments.work or PROJECT_ROOT / "var" / "benchmark"
    results = []
    for millions in arguments.millions:
        shutil.rmtree(root, ignore_errors=True)
        root.mkdir(parents=True)
        results.append(measure(millions, root))
    shutil.rmtree(root)
    print(f"{'lines':>12} {'duckdb copy':>12} {'mlspend run':>12} {'ratio':>6} {'peak memory':>12}")
    for result in results:
        print(
            f"{result.lines:>12,} {result.copy.seconds:>10.1f} s {result.whole.seconds:>10.1f} s"
            f" {result.whole.seconds / result.copy.seconds:>6.2f} {result.whole.peak_bytes / 2**30:>8.1f} GiB"
        )
    if len(results) > 1:
        small, large = results[0], results[-1]
        exponent = math.log(large.whole.seconds / small.whole.seconds) / math.log(large.lines / small.lines)
        print(f"time grows with lines to the power of {exponent:.2f}")


if __name__ == "__main__":
    main()
