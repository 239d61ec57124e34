"""What mlspend asks of a running Airflow: is it ready, start this DAG, how far is that run, what did it change."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx

from mlspend.core.errors import AirflowNotReady


@dataclass(frozen=True)
class DagRun:
    """One run of one DAG."""

    dag_id: str
    run_id: str


@dataclass(frozen=True)
class TaskState:
    """How far one task of a run is. `started_at` is ISO 8601, `seconds` how long it ran; None before that is known."""

    run: DagRun
    task_id: str
    state: str
    try_number: int
    seconds: float | None
    started_at: str | None = None


class AirflowApi:
    """Airflow's REST API (v2) with a token of the simple auth manager.

    Every method raises httpx.TransportError while nothing answers, and httpx.HTTPStatusError where Airflow says no.
    """

    def __init__(self, url: str, user: str, password: str) -> None:
        self.url = url
        self._credentials = {"username": user, "password": password}
        # A proxy of the environment must not come between two processes of this machine.
        self._client = httpx.Client(base_url=url, timeout=30, trust_env=False)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def is_healthy(self) -> bool:
        """Tell whether scheduler and DAG processor have shown a sign of life."""
        health = self._get("/api/v2/monitor/health")
        return all(health[part]["status"] == "healthy" for part in ("metadatabase", "scheduler", "dag_processor"))

    def log_in(self) -> None:
        """Fetch the token that the calls below need."""
        answer = self._client.post("/auth/token", json=self._credentials).raise_for_status()
        self._client.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"

    def warm_up(self) -> None:
        """Have the API that tasks talk to built; this takes seconds, once."""
        self._client.get("/execution/health").raise_for_status()

    def knows(self, dag_ids: Sequence[str]) -> bool:
        """Tell whether every DAG has been parsed; AirflowNotReady quotes the error of a DAG file that cannot be."""
        for error in self._get("/api/v2/importErrors")["import_errors"]:
            raise AirflowNotReady(f"{error['filename']} cannot be imported:\n{error['stack_trace']}")
        return set(dag_ids) <= {dag["dag_id"] for dag in self._get("/api/v2/dags", limit=100)["dags"]}

    def trigger(self, dag_id: str, **options: Any) -> DagRun:
        """Start a run of the DAG; `options` as in Airflow's API (conf, note)."""
        wanted = {"logical_date": None, **options}
        answer = self._client.post(f"/api/v2/dags/{dag_id}/dagRuns", json=wanted).raise_for_status()
        return DagRun(dag_id, answer.json()["dag_run_id"])

    def runs(self, dag_id: str) -> list[tuple[DagRun, str]]:
        """Return the newest runs of the DAG, newest first, each with its state."""
        found = self._get(f"/api/v2/dags/{dag_id}/dagRuns", order_by="-run_after", limit=100)["dag_runs"]
        return [(DagRun(dag_id, each["dag_run_id"]), str(each["state"])) for each in found]

    def create_backfill(self, dag_id: str, first: datetime, last: datetime, **options: Any) -> None:
        """Ask for the runs of the past; `options` as in Airflow's API (run_backwards, reprocess_behavior)."""
        wanted = {"dag_id": dag_id, "from_date": first.isoformat(), "to_date": last.isoformat(), **options}
        self._client.post("/api/v2/backfills", json=wanted).raise_for_status()

    def pause(self, dag_id: str, *, is_paused: bool) -> None:
        """Let no run of the DAG begin any more, or let them begin again."""
        self._client.patch(f"/api/v2/dags/{dag_id}", json={"is_paused": is_paused}).raise_for_status()

    def note(self, run: DagRun) -> str | None:
        """Return the note beside the run."""
        note: str | None = self._get(f"/api/v2/dags/{run.dag_id}/dagRuns/{run.run_id}")["note"]
        return note

    def state(self, run: DagRun) -> str:
        """Return the state of the run: queued, running, success or failed."""
        return str(self._get(f"/api/v2/dags/{run.dag_id}/dagRuns/{run.run_id}")["state"])

    def tasks(self, run: DagRun) -> list[TaskState]:
        """Return how far each task of the run is, in the order they started."""
        found = self._get(f"/api/v2/dags/{run.dag_id}/dagRuns/{run.run_id}/taskInstances")["task_instances"]
        return [
            TaskState(
                run,
                task["task_id"],
                task["state"] or "waiting",
                task["try_number"],
                task["duration"],
                task["start_date"],
            )
            for task in sorted(found, key=lambda task: task["start_date"] or "~")
        ]

    def has_changed_asset(self, run: DagRun) -> bool:
        """Tell whether a task of the run changed an asset."""
        return bool(self._asset_events(run))

    def runs_started_by(self, run: DagRun) -> list[DagRun]:
        """Return the runs that the run's asset events started so far.

        Airflow 3.3.2 answers 500 while one of them is queued: its answer wants a start date. Ask again.
        """
        return [
            DagRun(each["dag_id"], each["run_id"])
            for event in self._asset_events(run)
            for each in event["created_dagruns"]
        ]

    def _asset_events(self, run: DagRun) -> list[dict[str, Any]]:
        answer = self._get("/api/v2/assets/events", source_dag_id=run.dag_id, source_run_id=run.run_id)
        events: list[dict[str, Any]] = answer["asset_events"]
        return events

    def _get(self, path: str, **parameters: Any) -> dict[str, Any]:
        answer: dict[str, Any] = self._client.get(path, params=parameters).raise_for_status().json()
        return answer
