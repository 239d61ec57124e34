"""What 500 rules and 20 shared costs add to `mlspend build`: the same bill built with them and without any.

Both builds start from the same landed lines and from nothing published, in a home that has built before. The rules
are of every kind, in the order in which most of them are asked in vain; each shared cost is filled and split in one of
the four ways, the first ten also into later ones. Prints the table of the README; a ratio above 2 is too much.
    python -m benchmarks.attribution [--millions 10] [--work FOLDER]
"""

import argparse
import json
import shutil
import sys
from itertools import cycle
from pathlib import Path
from typing import Any

import yaml

from benchmarks.measuring import Cost, run
from mlspend.adapters import duckdb_files
from mlspend.adapters.example_company import write_exports
from mlspend.adapters.home import PROJECT_ROOT

LINES_A_MONTH_AT_SCALE_ONE = 20_000
MONTHS = 3
RULES = 500
SHARED = 20
PARSE_CACHE = "partial_parse.msgpack"
# What fills the shared costs, in this order: lines of the example company without a project's tag, and its clusters.
FILLED_BY: tuple[dict[str, Any], ...] = (
    {"services": ["AWSSupportBusiness"]},
    *(
        {"charge_categories": ["Tax"], "services": [service]}
        for service in ("AmazonBedrock", "AmazonCloudWatch", "AmazonEC2", "AmazonEKS", "AmazonS3", "AmazonSageMaker")
    ),
    {"charge_categories": ["Credit"]},
    {"charge_categories": ["Purchase"], "services": ["ComputeSavingsPlans"]},
    {"commitment_status": ["Unused"], "services": ["ComputeSavingsPlans"]},
    {"usage_type": "HeavyUsage"},
    {"services": ["8z4xk1t5example0tracking7"]},
    {"services": ["AmazonCloudWatch"]},
    {"services": ["AmazonS3"], "usage_type": "Requests"},
    {"services": ["AmazonS3"]},
    {"services": ["AmazonSageMaker"], "usage_type": "Notebk"},
    {"services": ["AmazonSageMaker"]},
    {"services": ["AmazonEC2"], "usage_type": "EBS:"},
    {"services": ["AmazonEC2"]},
    {"services": ["AmazonEKS"]},
)


def without_any(example: dict[str, Any]) -> dict[str, Any]:
    """Return the example company's configuration without rules and shared costs."""
    return {key: value for key, value in example.items() if key not in ("rules", "shared_costs")}


def with_many(example: dict[str, Any]) -> dict[str, Any]:
    """Return the example company's configuration with RULES rules and SHARED shared costs."""
    projects = [project["name"] for project in example["projects"]]
    owners = cycle(projects)
    kinds: tuple[Any, ...] = (
        lambda n: {"resource": f"experiment-{n:04d}-(train|tune)"},
        lambda n: {"accounts": [f"{n:012d}"], "services": ["AmazonEC2", "AmazonS3"]},
        lambda n: {"usage_type": f"^USE1-Custom{n}:", "operation": "RunInstances"},
        lambda n: {"tags": {"cost-center": [f"cc-{n}"]}},
        lambda n: {"resource_kind": ["training-job", "endpoint"], "resource_name": f"^run-{n}-"},
    )
    vain = [
        {"id": f"vain-{n}", "when": kinds[n % len(kinds)](n), "project": next(owners)}
        for n in range(RULES - len(FILLED_BY))
    ]
    names = [f"shared-{n:02d}" for n in range(SHARED)]
    fill = [
        {"id": f"fill-{n}", "when": when, "shared": name, "over_tags": when["services"] == ["AmazonEKS"]}
        if "services" in when
        else {"id": f"fill-{n}", "when": when, "shared": name}
        for n, (when, name) in enumerate(zip(FILLED_BY, names, strict=True))
    ]
    half = SHARED // 2
    return without_any(example) | {
        "rules": [*vain, *fill],
        "shared_costs": [
            _split(name, names[half + n] if n < half else None, n, projects) for n, name in enumerate(names)
        ],
    }


def _split(name: str, later: str | None, number: int, projects: list[str]) -> dict[str, Any]:
    among = [*projects, *([later] if later else [])]
    way = ("spend", "even", "fixed", "usage")[number % 4]
    split: dict[str, Any] = {"name": name, "split": way}
    if way == "fixed":
        return split | {"keys": {among[0]: 0.6, among[-1]: 0.4}}
    if way == "usage":
        return split | {"usage": {"usage_type": "BoxUsage|Train", "unit": "Hours"}, "among": projects}
    # Only an even split can give to a shared cost, which has neither spend nor usage of its own.
    return split | {"among": among if way == "even" else projects}


def measure(millions: float, work: Path) -> tuple[int, Cost, Cost]:
    """Land about `millions` million lines once; return their number, and what the build cost without and with rules."""
    landed = work / "home"
    scale = max(1, round(millions * 1_000_000 / (LINES_A_MONTH_AT_SCALE_ONE * MONTHS)))
    write_exports(landed / "exports" / "aws", scale=scale, months=MONTHS)
    example = yaml.safe_load((PROJECT_ROOT / "config" / "mlspend.yml").read_text())
    configs = {"without": work / "without.yml", "with": work / "with.yml"}
    configs["without"].write_text(json.dumps(without_any(example)))
    configs["with"].write_text(json.dumps(with_many(example)))
    first = work / "first"
    write_exports(first / "exports" / "aws", scale=1, months=1)
    for command in ("land", "build"):
        _mlspend(command, first, configs["without"])
    _mlspend("land", landed, configs["without"])
    shutil.copyfile(first / "build" / PARSE_CACHE, _folder(landed / "build") / PARSE_CACHE)
    costs = {}
    for name, config in configs.items():
        costs[name] = _mlspend("build", landed, config)
        if name == "with":
            _show_that_it_counted(landed)
        for leftover in (landed / "lake", *(landed / "build").glob("2*")):
            shutil.rmtree(leftover)
    receipts = landed.glob("landing/*/*/*/receipt.json")
    lines = sum(json.loads(receipt.read_text())["row_count"] for receipt in receipts)
    return lines, costs["without"], costs["with"]


def _show_that_it_counted(home: Path) -> None:
    """Print how much was split: a benchmark whose rules match nothing would measure nothing."""
    (warehouse,) = (home / "build").glob("*/warehouse.duckdb")
    with duckdb_files.connect(warehouse, read_only=True) as connection:
        query = """select count(*), count(distinct x_allocated_from), sum(abs(effective_cost)) / 2
            from marts.shared_costs_split"""
        [(rows, pools, money)] = connection.execute(query).fetchall()
    print(f"{rows:,} rows split {pools} shared costs, {money:,.2f} in all")


def _mlspend(command: str, home: Path, config: Path) -> Cost:
    environment = {"MLSPEND_HOME": str(home), "MLSPEND_CONFIG": str(config)}
    return run([Path(sys.executable).with_name("mlspend"), command], environment=environment)


def _folder(path: Path) -> Path:
    path.mkdir(parents=True, exist_ok=True)
    return path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--millions", type=float, default=10)
    parser.add_argument("--work", type=Path, help="a folder on the disk to measure (default: below the project's var/)")
    arguments = parser.parse_args()
    root = arguments.work or PROJECT_ROOT / "var" / "benchmark-attribution"
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True)
    lines, without, many = measure(arguments.millions, root)
    shutil.rmtree(root)
    print(f"{'lines':>12} {'without':>10} {RULES} rules, {SHARED} shared costs {'ratio':>6} {'peak memory':>12}")
    print(
        f"{lines:>12,} {without.seconds:>8.1f} s {many.seconds:>30.1f} s {many.seconds / without.seconds:>6.2f}"
        f" {many.peak_bytes / 2**30:>8.1f} GiB"
    )


if __name__ == "__main__":
    main()
