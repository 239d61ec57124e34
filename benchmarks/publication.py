"""One month restated beside 0, 11 and 35 others: immutable Parquet and views, held against tables in one DuckDB file.

Both forms get the same synthetic lines (30 columns) on the same disk, two threads, and end with the same step: fsync
and replacement of the published file. Prints the table of docs/decisions/0002.
    python -m benchmarks.publication [--months 1 12 36] [--lines 1000000] [--repeats 3] [--work FOLDER]
"""

import argparse
import shutil
import statistics
import sys
import time
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measuring import Cost, run
from mlspend.adapters import duckdb_files, publication
from mlspend.adapters.home import PROJECT_ROOT
from mlspend.core.periods import shift_period

LAST = "2026-10"
TABLES = ("focus_costs", "allocated_costs")

_MONEY = ", ".join(
    f"cast((hash(line, {salt}) % 1000000) / 100000 as decimal(38, 12)) as {name}"
    for salt, name in enumerate(("billed_cost", "effective_cost", "list_cost", "contracted_cost"))
)
# Cardinalities as in a bill: a unique id, many resources and prices, few services, regions and accounts.
LINES = f"""
select
    'aws' as x_source, '{{period}}' as billing_period, md5('{{period}}' || line) as x_line_id,
    '000000000001' as billing_account_id, lpad(cast(hash(line, 4) % 40 as varchar), 12, '0') as sub_account_id,
    'USD' as billing_currency, timestamp '{{period}}-01' + to_hours(cast(line % 672 as integer)) as charge_period_start,
    timestamp '{{period}}-01' + to_hours(cast(line % 672 + 1 as integer)) as charge_period_end,
    cast(timestamp '{{period}}-01' + to_hours(cast(line % 672 as integer)) as date) as charge_date,
    if(line % 50 = 0, 'Tax', 'Usage') as charge_category, 'Usage-Based' as charge_frequency,
    cast(null as varchar) as charge_class, 'Standard' as pricing_category, 'AWS' as provider_name,
    'Amazon Web Services' as invoice_issuer_name, 'service ' || hash(line, 5) % 30 as service_name,
    'Compute' as service_category, 'region-' || hash(line, 6) % 12 as region_id,
    'arn:aws:ec2:instance/i-' || hash(line, 7) % 50000 as resource_id, 'Instance' as resource_type,
    'sku-' || hash(line, 8) % 3000 as sku_id, 'usage of kind ' || hash(line, 9) % 400 as x_usage_type,
    cast(hash(line, 10) % 100000 as double) / 777 as pricing_quantity, 'Hrs' as pricing_unit,
    map {{{{'project': 'project ' || hash(line, 11) % 20, 'env': 'prod'}}}} as tags, {{version}} as x_version, {_MONEY}
from range({{lines}}) as lines (line)"""
ALLOCATED = """
select
    x_source, billing_account_id, billing_period, x_line_id, charge_date, sub_account_id, service_name, region_id,
    resource_id, charge_category, tags['project'] as project, 'team' as team, 'training' as ml_stage, billing_currency,
    billed_cost, effective_cost, list_cost, contracted_cost
from {lines}"""
DAILY = """
select
    x_source, billing_account_id, billing_period, charge_date, sub_account_id, service_name, charge_category, project,
    team, ml_stage, billing_currency, sum(billed_cost) as billed_cost, sum(effective_cost) as effective_cost,
    count(*) as line_count
from {lines} group by all"""
QUERIES = {
    "all months": "select billing_period, project, sum(effective_cost) from allocated_costs group by all",
    "one month": f"select service_name, sum(billed_cost) from focus_costs where billing_period = '{LAST}' group by all",
}


@dataclass(frozen=True)
class Form(ABC):
    """One way to keep and publish lines, in a folder of its own."""

    folder: Path

    @property
    def published(self) -> Path:
        return self.folder / "published" / "warehouse.duckdb"

    @property
    def built(self) -> Path:
        return self.folder / "build" / "warehouse.duckdb"

    def prepare(self, months: int) -> None:
        """Publish `months` months."""
        self.built.parent.mkdir(parents=True)
        for month in reversed(range(months)):
            self.rebuild(shift_period(LAST, -month), version=0)
        publication.move_over(self.built, self.published)

    def restate(self, version: int) -> None:
        """Copy what is published, write the last month anew, publish."""
        shutil.copyfile(self.published, self.built)
        self.rebuild(LAST, version)
        publication.move_over(self.built, self.published)

    def rebuild(self, period: str, version: int) -> None:
        """Replace the lines and the mart of one month in the built file."""
        incoming = self.folder.parent / f"incoming-{period}-{version}.parquet"
        with duckdb_files.connect(self.built, temp_directory=self.folder / "spill") as connection:
            self.write_lines(connection, period, version, f"read_parquet({duckdb_files.quote(str(incoming))})")
            connection.execute("checkpoint")

    @abstractmethod
    def write_lines(self, connection: duckdb_files.Connection, period: str, version: int, incoming: str) -> None:
        """Replace one month by the lines that can be read from `incoming`."""

    def size(self) -> int:
        """Bytes on disk that readers need."""
        return sum(path.stat().st_size for path in self.folder.rglob("*") if path.is_file())


class Tables(Form):
    """Lines as tables of the published file: delete and insert."""

    def write_lines(self, connection: duckdb_files.Connection, period: str, version: int, incoming: str) -> None:  # noqa: ARG002
        replace_month(connection, "focus_costs", period, f"select * from {incoming}")
        mine = f"(select * from focus_costs where billing_period = '{period}')"
        replace_month(connection, "allocated_costs", period, ALLOCATED.format(lines=mine))
        mine = f"(select * from allocated_costs where billing_period = '{period}')"
        replace_month(connection, "daily_spend", period, DAILY.format(lines=mine))


class Lake(Form):
    """Lines as immutable Parquet, one file per month and build, under views over explicit lists; marts as tables."""

    def write_lines(self, connection: duckdb_files.Connection, period: str, version: int, incoming: str) -> None:
        selects = {"focus_costs": f"select * from {incoming}", "allocated_costs": ALLOCATED.format(lines="focus_costs")}
        for table in TABLES:
            place = f"{table}/build=b{version}/x_source=aws/billing_period={period}/lines.parquet"
            file = self.folder / "lake" / place
            file.parent.mkdir(parents=True)
            select = selects[table] + (f" where billing_period = '{period}'" if table == "allocated_costs" else "")
            connection.execute(
                f"copy ({select}) to {duckdb_files.quote(str(file))} (format parquet, compression zstd,"
                " compression_level 1)"
            )
            newest = {path.parent.name: path for path in sorted((self.folder / "lake" / table).rglob("*.parquet"))}
            files = duckdb_files.quote_list([str(path) for path in newest.values()])
            connection.execute(
                f"create or replace view {table} as select * from read_parquet({files}, hive_partitioning = true,"
                " hive_types = {'build': varchar, 'x_source': varchar, 'billing_period': varchar})"
            )
        mine = f"(select * from allocated_costs where billing_period = '{period}')"
        replace_month(connection, "daily_spend", period, DAILY.format(lines=mine))


FORMS: dict[str, type[Form]] = {"tables": Tables, "lake": Lake}


def replace_month(connection: duckdb_files.Connection, table: str, period: str, select: str) -> None:
    """Replace one month's rows of a table, in one transaction."""
    connection.execute("begin")
    connection.execute(f"create table if not exists {table} as from ({select}) limit 0")
    connection.execute(f"delete from {table} where billing_period = '{period}'")
    connection.execute(f"insert into {table} {select}")
    connection.execute("commit")


def measure(name: str, months: int, lines: int, repeats: int, root: Path) -> str:
    """Return one row of the table: medians over `repeats` restatements, each in a process of its own."""
    form = FORMS[name](root / name)
    form.prepare(months)
    size = form.size()
    costs = [_restate_in_child(name, version, root) for version in range(1, repeats + 1)]
    queries = {label: statistics.median(_time_query(form, query) for _ in range(3)) for label, query in QUERIES.items()}
    with duckdb_files.connect(form.published, read_only=True) as connection:
        found = connection.execute(f"select count(*) from focus_costs where x_version = {repeats}").fetchall()
    if found != [(lines,)]:
        sys.exit(f"{name}: the restated month has {found} lines of the last version, not {lines}")
    shutil.rmtree(form.folder)
    seconds = statistics.median(cost.seconds for cost in costs)
    peak = max(cost.peak_bytes for cost in costs)
    return f"{months:>6} {name:>7} {seconds:>9.1f} s {peak / 2**30:>8.1f} GiB {size / 2**30:>8.2f} GiB " + " ".join(
        f"{value:>10.2f} s" for value in queries.values()
    )


def _restate_in_child(name: str, version: int, root: Path) -> Cost:
    """Restate in a process of its own, for its memory; the clock runs only while it works, not while it starts."""
    words = ["--restate", name, "--version", str(version), "--work", str(root)]
    cost = run([sys.executable, "-m", "benchmarks.publication", *words])
    return Cost(float((root / "seconds").read_text()), cost.peak_bytes)


def _time_query(form: Form, query: str) -> float:
    started = time.perf_counter()
    with duckdb_files.connect(form.published, read_only=True) as connection:
        connection.execute(query).fetchall()
    return time.perf_counter() - started


def _write_incoming(root: Path, months: int, lines: int, repeats: int) -> None:
    """Write what a build would read: every month once, the last one again for each restatement."""
    wanted = [(shift_period(LAST, -month), 0) for month in range(months)]
    wanted += [(LAST, version) for version in range(1, repeats + 1)]
    for period, version in wanted:
        file = root / f"incoming-{period}-{version}.parquet"
        if not file.exists():
            with duckdb_files.connect() as connection:
                select = LINES.format(period=period, lines=lines, version=version)
                connection.execute(f"copy ({select}) to {duckdb_files.quote(str(file))} (format parquet)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--months", type=int, nargs="+", default=[1, 12, 36])
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--work", type=Path, help="a folder on the disk to measure (default: below the project's var/)")
    parser.add_argument("--restate", choices=FORMS, help=argparse.SUPPRESS)
    parser.add_argument("--version", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    root = arguments.work or PROJECT_ROOT / "var" / "benchmark-publication"
    if arguments.restate:
        started = time.perf_counter()
        FORMS[arguments.restate](root / arguments.restate).restate(arguments.version)
        (root / "seconds").write_text(str(time.perf_counter() - started))
        return
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True)
    print(f"{'months':>6} {'form':>7} {'restated in':>11} {'peak':>12} {'on disk':>12} " + "   ".join(QUERIES))
    for months in arguments.months:
        _write_incoming(root, months, arguments.lines, arguments.repeats)
        for name in FORMS:
            print(measure(name, months, arguments.lines, arguments.repeats, root), flush=True)
    shutil.rmtree(root)


if __name__ == "__main__":
    main()
