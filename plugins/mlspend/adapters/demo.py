"""What `make demo` runs: the example company's bill goes by real DAG runs to a published warehouse and a digest."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mlspend.adapters import airflow_standalone, config, example_company, spend_report
from mlspend.adapters.airflow_api import TaskState
from mlspend.adapters.home import PROJECT_ROOT, Home
from mlspend.adapters.warehouse_query import Row
from mlspend.core.errors import ConfigInvalid

SOURCE = "aws"
CHAIN = (f"land_billing_{SOURCE}", "build_warehouse", "send_digest")

EXPORTS = "exports/aws"
_MONTHS = 3
_END = "2026-10"

# The demo is the example company's, whatever the environment says: no other configuration, ledger, Slack or PagerDuty.
EXAMPLE_ENVIRONMENT = {
    "MLSPEND_CONFIG": str(PROJECT_ROOT / "config" / "mlspend.yml"),
    "MLSPEND_STATE_URL": "",
    "MLSPEND_SLACK_TOKEN": "",
    "AIRFLOW_CONN_SLACK_DEFAULT": "",
    "MLSPEND_PAGERDUTY_KEY": "",
    "AIRFLOW_CONN_PAGERDUTY_DEFAULT": "",
}


@dataclass(frozen=True)
class DemoResult:
    """The headline numbers and where things are. `is_new` is false where everything had been published before."""

    is_new: bool
    totals: list[Row]
    projects: list[Row]
    reconciliation: list[Row]
    warehouse: Path
    digest: Path


def run(
    home: Home, *, tell: Callable[[str], None], on_change: Callable[[TaskState], None] = lambda _: None
) -> DemoResult:
    """Land, build, prove, publish and tell in `home` under an Airflow of its own; run again, it changes nothing.

    `tell` hears what is being done, `on_change` every step of every task. ConfigInvalid where `home` or the
    configuration is not the example company's, TaskFailed with the error of a task that failed.
    """
    _check_home_is_the_examples(home)
    tell("starting a small Airflow")
    with airflow_standalone.start(home, extra=EXAMPLE_ENVIRONMENT) as airflow:
        write_exports(home, tell=tell)
        tell("waiting for Airflow")
        airflow.wait_until_ready(CHAIN)
        is_new = run_dags(airflow, tell=tell, on_change=on_change)
        tell("ending Airflow")
    return DemoResult(
        is_new=is_new,
        totals=spend_report.read_totals(home.published_warehouse),
        projects=spend_report.read_projects(home.published_warehouse),
        reconciliation=spend_report.read_reconciliation(home.published_warehouse),
        warehouse=home.published_warehouse,
        digest=_newest_digest(home),
    )


def run_dags(
    airflow: airflow_standalone.Standalone,
    *,
    tell: Callable[[str], None],
    on_change: Callable[[TaskState], None] = lambda _: None,
) -> bool:
    """Run landing and all that follows from it, in any case as far as the digest; tell whether something was new."""
    runs = airflow.run_chain(CHAIN, on_change=on_change)
    if len(runs) == len(CHAIN):
        return True
    # All is published, but a run that was interrupted may not have come to its digest.
    tell("nothing new to publish")
    airflow.run_chain(CHAIN[-1:], on_change=on_change)
    return False


def write_exports(home: Home, *, tell: Callable[[str], None]) -> None:
    """Write the example company's bill below `home` where it is not there yet, whole or not at all."""
    folder = home.root / EXPORTS
    if folder.exists():
        return
    tell(f"writing {_MONTHS} months of the example company's bill")
    unfinished = folder.with_name(f".{folder.name}")
    example_company.write_exports(unfinished, scale=1, months=_MONTHS, end=_END)
    unfinished.rename(folder)


def _newest_digest(home: Home) -> Path:
    channel = config.load(Path(EXAMPLE_ENVIRONMENT["MLSPEND_CONFIG"])).digest.channel or ""
    # Folders are ISO weeks (2026-W43): the last by name is the newest.
    return max(home.outbox.glob(f"*/{channel.removeprefix('#')}.html"))


def _check_home_is_the_examples(home: Home) -> None:
    path = Path(EXAMPLE_ENVIRONMENT["MLSPEND_CONFIG"])
    if config.load(path).source(SOURCE).location != EXPORTS:
        raise ConfigInvalid(f"{path}: the demo needs the source {SOURCE!r} at the location {EXPORTS}")
    if home.landing.exists() and not (home.root / EXPORTS).exists():
        raise ConfigInvalid(f"{home.root} holds data that is not the demo's: set MLSPEND_HOME to another folder")
