"""Analysts who never stop reading the published warehouse, each in a process of its own."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

_READER = """
import sys, time
from pathlib import Path

import duckdb

published, stop, pause = sys.argv[1:]
seen, reads, is_last = [], 0, False
while not is_last:
    is_last = Path(stop).exists()
    with duckdb.connect(published, read_only=True) as connection:
        def ask(query):
            return connection.execute(query).fetchone()

        partitions = "count(distinct (x_source, billing_period))"
        lines = ask(f"select count(*), sum(billed_cost), {partitions} from marts.focus_costs")
        marts = ask(f"select sum(line_count), sum(billed_cost), {partitions} from marts.daily_spend")
        build_id, held = ask("select build_id, len(partitions) from ops.publications where is_current")
        assert lines == marts and lines[2] == held, (build_id, lines, marts, held)
        seen += [build_id] if build_id not in seen else []
        reads += 1
    time.sleep(float(pause))
print(reads, *seen)
"""


@contextmanager
def reading(published: Path, *, readers: int = 1, pause: float = 0.1) -> Iterator[list[list[str]]]:
    """Let `readers` processes read `published` over and over; every read must find lines, marts and partitions equal.

    At the end, the list that was given holds for each reader the builds it has seen, in that order; each has read once
    more after the block was left. `pause` seconds lie between two reads.
    """
    seen: list[list[str]] = []
    with TemporaryDirectory() as folder:
        stop = Path(folder) / "stop"
        command = [sys.executable, "-c", _READER, str(published), str(stop), str(pause)]
        started = [
            subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(readers)
        ]
        try:
            yield seen
        finally:
            stop.touch()
            outputs = [reader.communicate(timeout=60) for reader in started]
    for reader, (out, err) in zip(started, outputs, strict=True):
        assert reader.returncode == 0, err
        reads, *builds = out.split()
        assert int(reads) >= 1
        seen.append(builds)
