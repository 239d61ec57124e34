"""A small `airflow standalone`: started below a home, driven through its API, ended with every process it started."""

import fcntl
import json
import os
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import httpx

from mlspend.adapters import airflow_logs, airflow_processes
from mlspend.adapters.airflow_api import AirflowApi, DagRun, TaskState
from mlspend.adapters.home import PROJECT_ROOT, Home
from mlspend.core.errors import AirflowNotReady, TaskFailed

_POLL_SECONDS = 0.3
_USER = "admin"
_FAILURES = ("failed", "up_for_retry")
_T = TypeVar("_T")


@dataclass(frozen=True)
class FinishedRun:
    """A DAG run that succeeded. `tasks` are its tasks' last states."""

    dag_id: str
    tasks: Mapping[str, str]
    has_changed_asset: bool


class Standalone:
    """A running `airflow standalone`; `start` gives one."""

    def __init__(self, folder: Path, process: subprocess.Popen[bytes], api: AirflowApi) -> None:
        self.folder = folder
        self.api = api
        self._process = process

    def wait_until_ready(self, dag_ids: Sequence[str], *, timeout: float = 180) -> None:
        """Return once scheduler and DAG processor are healthy and the DAGs are known.

        AirflowNotReady after `timeout` seconds, where Airflow ends by itself, or where a DAG file cannot be imported.
        """
        deadline = time.monotonic() + timeout
        self._wait(lambda: self.api.is_healthy() or None, "a sign of life from its scheduler", deadline)
        self.api.warm_up()
        self.api.log_in()
        self._wait(lambda: self.api.knows(dag_ids) or None, f"the DAGs {', '.join(dag_ids)}", deadline)

    def run_chain(
        self,
        dag_ids: Sequence[str],
        *,
        on_change: Callable[[TaskState], None] = lambda _: None,
        timeout: float = 900,
    ) -> list[FinishedRun]:
        """Trigger the first DAG and follow the runs that assets start, DAG by DAG; return them finished, in order.

        The chain ends early where a run changes no asset. TaskFailed quotes the task's own error, also where Airflow
        would try again later.
        """
        deadline = time.monotonic() + timeout
        run: DagRun | None = self.api.trigger(dag_ids[0])
        finished = []
        for next_dag in [*dag_ids[1:], None]:
            if run is None:
                break
            tasks = self._follow(run, on_change, deadline)
            has_changed = self._has_changed_asset(run, deadline)
            finished.append(FinishedRun(run.dag_id, tasks, has_changed))
            run = self._next_run(run, next_dag, deadline) if next_dag and has_changed else None
        return finished

    def runs(self, dag_id: str) -> list[tuple[DagRun, str]]:
        """Return the newest runs of the DAG, newest first, each with its state."""
        return self.api.runs(dag_id)

    def tasks(self, run: DagRun) -> list[TaskState]:
        """Return how far each task of a run is."""
        return self.api.tasks(run)

    def wait_for(self, look: Callable[[], bool], what: str, *, timeout: float = 180) -> None:
        """Return once `look` does not say False; AirflowNotReady after `timeout` seconds, or where Airflow ends."""
        self._wait(lambda: look() or None, what, time.monotonic() + timeout)

    def _follow(self, run: DagRun, on_change: Callable[[TaskState], None], deadline: float) -> dict[str, str]:
        seen: dict[str, str] = {}

        def look() -> bool | None:
            state = self.api.state(run)
            for task in self.api.tasks(run):
                if seen.get(task.task_id) != task.state:
                    seen[task.task_id] = task.state
                    on_change(task)
                if task.state in _FAILURES:
                    raise TaskFailed(airflow_logs.describe_failure(self.folder, task))
            return (state in ("success", "failed")) or None

        self._wait(look, f"the end of {run.dag_id}", deadline)
        return seen

    def _has_changed_asset(self, run: DagRun, deadline: float) -> bool:
        return self._wait(lambda: self.api.has_changed_asset(run), f"what {run.dag_id} changed", deadline)

    def _next_run(self, run: DagRun, dag_id: str, deadline: float) -> DagRun:
        def look() -> DagRun | None:
            return next((each for each in self.api.runs_started_by(run) if each.dag_id == dag_id), None)

        return self._wait(look, f"the run of {dag_id} that {run.dag_id} starts", deadline)

    def _wait(self, look: Callable[[], _T | None], what: str, deadline: float) -> _T:
        while True:
            try:
                found = look()
            except httpx.TransportError:
                found = None
            except httpx.HTTPStatusError as error:
                if not error.response.is_server_error:
                    raise
                found = None
            if found is not None:
                return found
            if self._process.poll() is not None:
                raise AirflowNotReady(f"airflow standalone ended by itself:\n{airflow_logs.tail(self.folder)}")
            if time.monotonic() > deadline:
                raise AirflowNotReady(f"waited in vain for {what}:\n{airflow_logs.tail(self.folder)}")
            time.sleep(_POLL_SECONDS)


@contextmanager
def start(
    home: Home, *, dags: Path = PROJECT_ROOT / "dags", extra: Mapping[str, str] | None = None
) -> Iterator[Standalone]:
    """Start `airflow standalone` with a new database in `<home>/airflow` and give it at once; it is up seconds later.

    `extra` are environment variables of its tasks. On the way out, by any exception or signal, every process it
    started is ended. AirflowNotReady where another one is at work in this home.
    """
    folder = home.root / "airflow"
    with _locked(folder), airflow_processes.signals_as_exceptions():
        airflow_processes.end_processes(folder)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        password = secrets.token_urlsafe(24)
        (folder / "passwords.json").touch(mode=0o600)
        (folder / "passwords.json").write_text(json.dumps({_USER: password}))
        api_port, worker_log_port, trigger_log_port = airflow_processes.find_free_ports(3)
        url = f"http://127.0.0.1:{api_port}"
        environment = {
            **_inherited_environment(),
            **_settings(folder, dags, url, api_port, worker_log_port, trigger_log_port),
            "MLSPEND_HOME": str(home.root),
            **(extra or {}),
        }
        api = AirflowApi(url, _USER, password)
        try:
            with (folder / "standalone.log").open("wb") as log:
                process = subprocess.Popen(
                    [sys.executable, "-m", "airflow", "standalone"],
                    env=environment,
                    cwd=folder,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            yield Standalone(folder, process, api)
        finally:
            with airflow_processes.signals_ignored():
                api.close()
                airflow_processes.end_processes(folder)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise AirflowNotReady(f"another Airflow is at work in {folder}: wait for it, or end it first") from error
        yield


def _inherited_environment() -> dict[str, str]:
    """The environment without the settings of another Airflow."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW__", "AIRFLOW_CONFIG"))}
    search = [str(PROJECT_ROOT), str(PROJECT_ROOT / "plugins"), kept.get("PYTHONPATH", "")]
    return {
        **kept,
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), kept.get("PATH", os.defpath)]),
        "PYTHONPATH": os.pathsep.join(filter(None, search)),
        "NO_PROXY": "127.0.0.1,localhost",
        "no_proxy": "127.0.0.1,localhost",
        # Otherwise a process title is written over the environment that tells which Airflow a process belongs to.
        "SPT_NOENV": "1",
        "NO_COLOR": "1",
    }


def _settings(
    folder: Path, dags: Path, url: str, api_port: int, worker_log_port: int, trigger_log_port: int
) -> dict[str, str]:
    return {
        "AIRFLOW_HOME": str(folder),
        airflow_processes.MARK: str(folder),
        "AIRFLOW__CORE__DAGS_FOLDER": str(dags),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(PROJECT_ROOT / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__PARALLELISM": "2",
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{url}/execution/",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": f"{_USER}:admin",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(folder / "passwords.json"),
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(api_port),
        "AIRFLOW__API__BASE_URL": url,
        "AIRFLOW__API__SECRET_KEY": secrets.token_urlsafe(64),
        "AIRFLOW__API_AUTH__JWT_SECRET": secrets.token_urlsafe(64),
        "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(worker_log_port),
        "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(trigger_log_port),
        "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.3",
        "AIRFLOW__WORKERS__EXECUTION_API_TIMEOUT": "60",
        # A message may start a task before the API answers; one that gives up stays queued for ten minutes.
        "AIRFLOW__WORKERS__EXECUTION_API_RETRIES": "10",
    }
