"""Prove a build with Great Expectations, in a child process that ends before the next step opens the warehouse."""

import json
import logging
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryFile
from typing import Self

from mlspend.adapters.build_plan import ALLOCATED_TABLES
from mlspend.adapters.disk_errors import disk_errors
from mlspend.adapters.gates import check_rows, data_docs
from mlspend.adapters.gates.compared_with import Published, published_in
from mlspend.adapters.home import PROJECT_ROOT, Home
from mlspend.adapters.landing_folder import receipt_file
from mlspend.adapters.steps import reached
from mlspend.core.check_effects import Effect
from mlspend.core.check_thresholds import DEFAULT_THRESHOLDS, Thresholds
from mlspend.core.deliveries import Build, CheckResult, Partition, Receipt
from mlspend.core.errors import ChecksFailed
from mlspend.core.gates import HeldDelivery
from mlspend.core.proof_plan import CheckedPartition, ProofPlan
from mlspend.core.steps import Step

logger = logging.getLogger(__name__)

_MOST_FAILURES_TOLD = 10
_FIELDS = tuple(CheckResult.__dataclass_fields__)


class Prover:
    """The child process that asks. Started before the build is made, it imports its libraries in the meantime.

    To be used in a `with` statement, which ends the process; it also ends when this one does.
    """

    def __enter__(self) -> Self:
        self._errors = TemporaryFile("w+")
        self._child = subprocess.Popen(
            [sys.executable, "-P", "-m", "expectations.checkpoints"],
            env=_child_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=self._errors,
            text=True,
        )
        return self

    def __exit__(self, *_exception: object) -> None:
        if self._child.stdin:
            self._child.stdin.close()
        self._child.kill()
        self._child.wait()
        self._errors.close()

    def ask(self, words: list[str]) -> tuple[int, str]:
        """Ask once, in the words of expectations.checkpoints' command line; return exit status and last error lines."""
        self._child.communicate(json.dumps(words) + "\n")
        self._errors.seek(0)
        return self._child.returncode, "\n".join(self._errors.read().strip().splitlines()[-8:])


def prove(build: Build, home: Home, *, now: datetime, prover: Prover | None = None) -> list[CheckResult]:
    """Ask every expectation of `build` as `ask` does, with the effects of their own, and refuse what any says no to.

    Raises ChecksFailed when an expectation that stops or holds back failed, or could not be evaluated; then nothing
    may be published.
    """
    results = ask(build, home, now=now, prover=prover)
    if red := [result for result in results if result.is_red]:
        raise ChecksFailed(explain_stopped(build, red, data_docs.find(home, build.build_id)))
    return results


def ask(
    build: Build,
    home: Home,
    *,
    now: datetime,
    prover: Prover | None = None,
    effects: Mapping[str, Effect] | None = None,
    thresholds: Thresholds = DEFAULT_THRESHOLDS,
    beside: Sequence[CheckResult] = (),
    held: Sequence[HeldDelivery] = (),
) -> list[CheckResult]:
    """Ask every expectation of `build` and write the answers to marts.data_quality of its warehouse file.

    Great Expectations' own pages about them go to the folder data_docs of `home`, with some values of what is wrong.
    Returns the answers, and logs those that only warn. A `prover` started before the build was made saves the seconds
    of getting ready. `effects` and `thresholds` are the configuration's; `beside` are answers to what is not
    asked of the build itself, `held` the deliveries that it leaves out, of which the answers are carried along. Raises
    ChecksFailed where the expectations could not be asked at all.
    """
    folder = Path(build.warehouse_path).parent
    plan = folder / "expectations.json"
    results_file = folder / "expectation-results.json"
    with disk_errors(home.root, f"proving build {build.build_id}"):
        plan.write_text(replace(plan_proof(build, home, thresholds), effects=dict(effects or {})).to_json())
        results_file.unlink(missing_ok=True)
        with nullcontext(prover) if prover else Prover() as ready:
            _ask(build, plan, results_file, home.data_docs / build.build_id, ready)
        answers = json.loads(results_file.read_text())
        results = [CheckResult(**{field: row[field] for field in _FIELDS}) for row in answers] + [*beside]
        check_rows.write(build, results, held, now)
        reached(Step.PROOF_RECORDED)
    for result in results:
        if not (result.is_passed or result.is_red or result.effect == "inform"):
            logger.warning("build %s: %s", build.build_id, describe(result))
    return results


def plan_proof(build: Build, home: Home, thresholds: Thresholds = DEFAULT_THRESHOLDS) -> ProofPlan:
    """Return which files hold what `build` is to be proved by: receipts, landed lines, its lake files, the published.

    `thresholds` are those of the checks that compare with what was there before.
    """
    published = published_in(home)
    return ProofPlan(
        rebuilt=tuple(_checked(build, partition, home, published) for partition in build.rebuilt),
        # No delivery without lines is ever landed, so every partition has some.
        held=tuple((partition.x_source, partition.billing_period) for partition in build.partitions),
        build_id=build.build_id,
        published=published.file,
        thresholds=thresholds,
    )


def _checked(build: Build, partition: Partition, home: Home, published: Published) -> CheckedPartition:
    receipt = _receipt(partition, home)

    def lake_files(table: str) -> tuple[str, ...]:
        folder = home.lake / table / f"build={build.build_id}" / f"x_source={partition.x_source}"
        return tuple(map(str, sorted((folder / f"billing_period={partition.billing_period}").glob("*.parquet"))))

    return CheckedPartition(
        x_source=partition.x_source,
        billing_period=partition.billing_period,
        shape=receipt.shape,
        receipt=str(_receipt_file(partition, home)),
        landed_files=tuple(str(home.landing / file) for file in receipt.landed_files),
        focus_files=lake_files("focus_costs"),
        allocated_files=tuple(file for table in ALLOCATED_TABLES for file in lake_files(table)),
        published_receipt=str(published.receipt(partition) or ""),
        has_published_rules=published.has_rules_of(partition),
    )


def _receipt(partition: Partition, home: Home) -> Receipt:
    return Receipt.from_json(_receipt_file(partition, home).read_text())


def _receipt_file(partition: Partition, home: Home) -> Path:
    return receipt_file(home.landing, (partition.x_source, partition.billing_period, partition.version))


def _ask(build: Build, plan: Path, results_file: Path, docs: Path, prover: Prover) -> None:
    words = ["--warehouse", build.warehouse_path, "--plan", str(plan), "--results", str(results_file)]
    words += ["--docs", str(docs)]
    reached(Step.PROOF_BEGINS)
    status, last_lines = prover.ask(words)
    if status:
        raise ChecksFailed(
            f"the checks of build {build.build_id} could not be run (exit {status}), so nothing was"
            f" published; the last lines they wrote were:\n{last_lines}"
        )


def _child_environment() -> dict[str, str]:
    """The child inherits no credentials, it needs none."""
    wanted = {"PATH", "HOME", "LANG", "TMPDIR", "LD_LIBRARY_PATH"}
    search_path = os.pathsep.join([str(PROJECT_ROOT), str(PROJECT_ROOT / "plugins")])
    return {key: value for key, value in os.environ.items() if key in wanted} | {"PYTHONPATH": search_path}


def explain_stopped(build: Build, stopping: Sequence[CheckResult], pages: str | Path | None = None) -> str:
    """Return what is told of a build that must not be published, and what to do; `pages` is where its checks' are."""
    as_pages = f"; as pages: {pages}" if pages else ""
    told = [f"  - {describe(result)}" for result in stopping[:_MOST_FAILURES_TOLD]]
    if more := len(stopping) - len(told):
        told.append(f"  - and {more} more")
    return (
        f"{len(stopping)} checks of build {build.build_id} said no, so nothing was published and nothing sent;"
        " the published warehouse is unchanged.\n" + "\n".join(told) + f"\nThe build is kept for a look at"
        f" {build.warehouse_path} (all answers: marts.data_quality{as_pages}). Correct the export or the rule,"
        " then build again."
    )


def describe(result: CheckResult) -> str:
    """Return where a check did not pass and what it found, with rows."""
    where = f"source {result.x_source!r}, billing period {result.billing_period}: " if result.billing_period else ""
    what = f"{result.layer}: {result.expectation} on {result.subject}"
    if not result.is_evaluated:
        return f"{where}{what} could not be evaluated, which does what its failure would: {result.sample}"
    return f"{where}{what}: {result.unexpected_count} unexpected, for example {result.sample}"
