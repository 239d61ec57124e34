"""Run dbt in a child process of its own: inside ours it would keep the warehouse file locked after it is done."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlspend.adapters import duckdb_files
from mlspend.adapters.home import PROJECT_ROOT
from mlspend.adapters.steps import reached
from mlspend.core.errors import BuildFailed
from mlspend.core.steps import Step

PROJECT = PROJECT_ROOT / "dbt_project"

_MOST_ROWS_TOLD = 5


@dataclass(frozen=True)
class DbtRun:
    """Where one run of dbt works: its warehouse file, its plan and a folder for everything it writes.

    `parse_cache` is a file that spares the next run the parsing of unchanged models; dbt itself sees whether it fits.
    """

    warehouse: Path
    plan: Path
    folder: Path
    parse_cache: Path | None = None

    @property
    def target(self) -> Path:
        """Dbt's artefacts of this run."""
        return self.folder / "target"


def build(run: DbtRun) -> None:
    """Run all seeds, models and data tests on `run.warehouse`; BuildFailed names what failed and shows its rows."""
    parsed = _take_parsed(run)
    reached(Step.DBT_BEGINS)
    invoke(run, "build", "--exclude-resource-type", "unit_test")
    if run.parse_cache and parsed.exists():
        parsed.replace(run.parse_cache)


def run_models(run: DbtRun, *selection: str) -> None:
    """Run the selected models and nothing else; BuildFailed names what failed."""
    _take_parsed(run)
    invoke(run, "run", "--select", *selection)


def invoke(run: DbtRun, *arguments: str) -> None:
    """Run one dbt command; BuildFailed when it does not succeed. Nothing is written into the repository."""
    command = [sys.executable, "-m", "dbt.cli.main", "--quiet", "--no-use-colors", "--no-version-check"]
    command += ["--no-send-anonymous-usage-stats", "--log-path", str(run.folder / "logs")]
    command += [arguments[0], "--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT)]
    command += ["--target-path", str(run.target), *arguments[1:]]
    child = subprocess.run(command, env=_environment(run), cwd=run.folder, capture_output=True, text=True, check=False)
    if child.returncode != 0:
        raise BuildFailed(_explain(run, child.stdout + child.stderr))


def _take_parsed(run: DbtRun) -> Path:
    """Return where dbt keeps what it parsed, with a copy of what the run before left."""
    parsed = run.target / "partial_parse.msgpack"
    if run.parse_cache and run.parse_cache.exists():
        run.target.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(run.parse_cache, parsed)
    return parsed


def _environment(run: DbtRun) -> dict[str, str]:
    """Dbt needs no credentials, so it inherits none: only what finds Python, and where this build is."""
    inherited = {key: os.environ[key] for key in ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR") if key in os.environ}
    return {
        **inherited,
        # Relative to the folder dbt works in: where the profile says another path than before, dbt parses all anew.
        "MLSPEND_BUILD_FILE": os.path.relpath(run.warehouse, run.folder),
        "MLSPEND_BUILD_TEMP": "temp",
        "MLSPEND_PLAN": str(run.plan),
        # The one model in Python (int_outlook_estimates) imports us.
        "PYTHONPATH": str(PROJECT_ROOT / "plugins"),
    }


def _explain(run: DbtRun, output: str) -> str:
    failed = [row for row in _results(run) if row["status"] in ("error", "fail")]
    if not failed:
        return f"dbt could not run (log: {run.folder / 'logs'}):\n{output.strip()[-3000:]}"
    told = "\n".join(_explain_node(run, row) for row in failed)
    return f"the build of the warehouse failed, nothing was published. Log: {run.folder / 'logs'}\n{told}"


def _results(run: DbtRun) -> list[dict[str, Any]]:
    """Return what dbt says of each node; nothing where it could not say it, on a full disk for example."""
    file = run.target / "run_results.json"
    try:
        results: list[dict[str, Any]] = json.loads(file.read_text())["results"]
    except (FileNotFoundError, json.JSONDecodeError):
        return []
    return results


def _explain_node(run: DbtRun, result: dict[str, Any]) -> str:
    kind, *_, name = result["unique_id"].split(".")[:3]
    told = f"{kind} {name}: {' '.join((result['message'] or '').split())}"
    if result["status"] == "fail" and result.get("compiled_code"):
        told += "".join(f"\n  {row}" for row in _failing_rows(run, result["compiled_code"]))
    return told


def _failing_rows(run: DbtRun, sql: str) -> list[str]:
    """Return the first rows of a failed data test, as text; a test reads tables only, so it can be asked again."""
    with duckdb_files.connect(run.warehouse) as connection:
        found = connection.execute(f"select * from ({sql}) limit {_MOST_ROWS_TOLD}")
        names = [column[0] for column in found.description]
        return [
            ", ".join(f"{name} {value}" for name, value in zip(names, row, strict=True)) for row in found.fetchall()
        ]
