"""Run the official FOCUS validator over the published `focus_1_2.costs` and print every rule it says failed.

The validator has an environment of its own: it needs Python 3.12 and an older NumPy than mlspend.
    python -m benchmarks.conformance [--warehouse FILE] [--parquet]

A text file has no types: the validator guesses that ids made of digits are numbers. With --parquet it reads the types.
"""

import argparse
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from mlspend.adapters import duckdb_files
from mlspend.adapters.home import PROJECT_ROOT, Home

ENVIRONMENT = PROJECT_ROOT / ".venv-focus-validator"
LOCK = PROJECT_ROOT / "requirements-focus-validator.lock"
# AWS supports all of FOCUS's conditional features but these: a bill in one currency, no virtual currency.
APPLICABILITY = ",".join(
    [
        "ACCOUNT_NAMING_SUPPORTED",
        "AVAILABILITY_ZONE_SUPPORTED",
        "BILLING_BASED_ON_PROVISIONED_RESOURCES_SUPPORTED",
        "CAPACITY_RESERVATION_SUPPORTED",
        "COMMITMENT_DISCOUNT_SUPPORTED",
        "MULTIPLE_BILLING_ACCOUNT_TYPES_SUPPORTED",
        "MULTIPLE_PRICING_CATEGORIES_SUPPORTED",
        "MULTIPLE_SUB_ACCOUNT_TYPES_SUPPORTED",
        "NEGOTIATED_PRICING_SUPPORTED",
        "PUBLIC_PRICE_LIST_SUPPORTED",
        "REGION_SUPPORTED",
        "RESOURCE_TYPE_ASSIGNMENT_SUPPORTED",
        "SUB_ACCOUNT_SUPPORTED",
        "TAGGING_SUPPORTED",
        "UNIT_PRICING_SUPPORTED",
        "USAGE_MEASUREMENT_SUPPORTED",
    ]
)


@dataclass(frozen=True)
class Verdict:
    """What the validator says: rules in all, passed, skipped (it cannot check those), failed (id → message)."""

    total: int
    passed: int
    skipped: int
    failed: dict[str, str]


def find_python() -> Path | None:
    """Return a Python 3.12 of this machine, also one that a version manager keeps; None where there is none."""
    for candidate in ["python3.12", *sorted(Path.home().glob(".pyenv/versions/3.12.*/bin/python"))]:
        try:
            answer = subprocess.run(
                [candidate, "-c", "import sys; print(sys.executable)"], capture_output=True, text=True, check=True
            )
        except (OSError, subprocess.CalledProcessError):
            continue
        return Path(answer.stdout.strip())
    return None


def install(python: Path) -> Path:
    """Set up the validator's environment once; return its site-packages, where the validator must run."""
    if not (ENVIRONMENT / "installed").exists():
        subprocess.run([python, "-m", "venv", ENVIRONMENT], check=True)
        pip = [ENVIRONMENT / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "--no-deps", "--require-hashes", "--requirement", LOCK], check=True)
        (ENVIRONMENT / "installed").touch()
    return next((ENVIRONMENT / "lib").glob("python3.12/site-packages"))


def validate(warehouse: Path, folder: Path, form: str = "csv") -> Verdict:
    """Export `focus_1_2.costs` of `warehouse` to a file (csv, parquet) in `folder`; return the verdict."""
    python = find_python()
    if python is None:
        raise SystemExit("The FOCUS validator needs Python 3.12, and this machine has none.")
    # It opens its list of currencies relative to the folder it runs in.
    site_packages = install(python)
    costs = folder / f"focus_costs.{form}"
    with duckdb_files.connect(warehouse, read_only=True) as connection:
        connection.execute(f"copy ({_select(connection)}) to {duckdb_files.quote(str(costs))} (format {form})")
    report = subprocess.run(
        [
            *[ENVIRONMENT / "bin" / "focus-validator", "--data-file", costs, "--validate-version", "1.2"],
            *["--block-download", "--focus-dataset", "CostAndUsage", "--applicability-criteria", APPLICABILITY],
        ],
        cwd=site_packages,
        capture_output=True,
        text=True,
        check=False,
    )
    counts = re.search(r"Total: (\d+) \| Pass: (\d+) \| Fail: (\d+) \| Skipped: (\d+)", report.stdout)
    if counts is None:
        raise SystemExit(f"The FOCUS validator did not finish:\n{report.stdout[-2000:]}\n{report.stderr[-2000:]}")
    failed = dict(re.findall(r"^❌ ([A-Za-z]+-[A-Z]-\d+-[A-Z]): FAIL +\((.*)\)$", report.stdout, re.MULTILINE))
    return Verdict(int(counts[1]), int(counts[2]), int(counts[4]), failed)


def _select(connection: duckdb_files.Connection) -> str:
    """Maps become JSON objects and times ISO 8601 with Z, the forms in which FOCUS writes them to a text file."""
    columns = connection.execute(
        "select column_name, data_type from duckdb_columns()"
        " where schema_name = 'focus_1_2' and table_name = 'costs' order by column_index"
    ).fetchall()
    forms = {"MAP(VARCHAR, VARCHAR)": "cast(to_json({}) as varchar)", "TIMESTAMP": "strftime({}, '%Y-%m-%dT%H:%M:%SZ')"}
    chosen = [f'{forms.get(kind, "{}").format(f"{chr(34)}{name}{chr(34)}")} as "{name}"' for name, kind in columns]
    return f"select {', '.join(chosen)} from focus_1_2.costs"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--warehouse", type=Path, default=Home.from_environment().published_warehouse)
    parser.add_argument("--parquet", action="store_true")
    arguments = parser.parse_args()
    with TemporaryDirectory() as scratch:
        verdict = validate(arguments.warehouse, Path(scratch), "parquet" if arguments.parquet else "csv")
    print(f"{verdict.total} rules: {verdict.passed} passed, {len(verdict.failed)} failed, {verdict.skipped} skipped")
    for rule, message in sorted(verdict.failed.items()):
        print(f"{rule}: {message}")


if __name__ == "__main__":
    main()
