"""Measure the example company's generator: lines, bytes, wall time and peak memory by scale and number of months.

    python -m benchmarks.generate [--scale 500] [--months 1] [--to FOLDER]

Scale 50 is about a million lines a month, scale 500 ten million. Without --to the files are removed again.
"""

import argparse
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.measuring import run
from mlspend.adapters.duckdb_files import connect, quote

_CHILD = """
import sys
from pathlib import Path
from mlspend.adapters.example_company import write_exports
write_exports(Path(sys.argv[1]), scale=int(sys.argv[2]), months=int(sys.argv[3]))
"""


def measure(to: Path, scale: int, months: int) -> str:
    """Generate below `to` in a process of its own and return one printable line of figures."""
    cost = run([sys.executable, "-c", _CHILD, to, str(scale), str(months)])
    parts = sorted(to.rglob("*.parquet"))
    with connect() as connection:
        largest, lines = connection.execute(
            "select max(num_rows), sum(num_rows) from parquet_file_metadata(" + quote(f"{to}/**/*.parquet") + ")"
        ).fetchall()[0]
    megabytes = sum(part.stat().st_size for part in parts) / 1e6
    return (
        f"scale {scale}, {months} months: {lines:,} lines in {len(parts)} files (largest {largest:,} lines), "
        f"{megabytes:,.0f} MB, {cost.seconds:.1f} s, peak {cost.peak_bytes / 1e9:.2f} GB"
    )


def main() -> None:
    """Read the arguments, measure, print."""
    parser = argparse.ArgumentParser(description="Time the generator of the example company.")
    parser.add_argument("--scale", type=int, default=500)
    parser.add_argument("--months", type=int, default=1)
    parser.add_argument("--to", type=Path)
    arguments = parser.parse_args()
    if arguments.to:
        print(measure(arguments.to, arguments.scale, arguments.months))
        return
    with TemporaryDirectory() as folder:
        print(measure(Path(folder), arguments.scale, arguments.months))


if __name__ == "__main__":
    main()
