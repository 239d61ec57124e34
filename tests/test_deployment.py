"""docker-compose.yml keeps its promises, and its commands carry a bill from landing to digest on this machine.

There is no Docker engine here: PostgreSQL and Redis come from Debian, commands and environment from the file itself,
with host names, ports and paths of the containers replaced by those of this machine.
"""

import json
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any

import duckdb
import jsonschema
import pytest
import yaml
from cryptography.fernet import Fernet

from mlspend.adapters import airflow_processes, demo
from mlspend.adapters.airflow_api import AirflowApi
from mlspend.adapters.airflow_standalone import Standalone
from mlspend.adapters.home import PROJECT_ROOT, Home
from mlspend.adapters.ledger import Ledger

COMPOSE_TEXT = (PROJECT_ROOT / "docker-compose.yml").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load(COMPOSE_TEXT)
SERVICES: dict[str, Any] = COMPOSE["services"]
AIRFLOW_SERVICES = [name for name, service in SERVICES.items() if "build" in service]
PINNED = re.compile(r"[a-z]+:[\w.-]+@sha256:[0-9a-f]{64}")


def test_the_file_follows_the_compose_specification() -> None:
    schema = files("check_jsonschema") / "builtin_schemas" / "vendor" / "compose-spec.json"
    jsonschema.Draft7Validator(json.loads(schema.read_text())).validate(COMPOSE)


def test_airflow_is_whole() -> None:
    assert set(AIRFLOW_SERVICES) == {"api-server", "scheduler", "dag-processor", "triggerer", "worker"}
    assert set(SERVICES) - set(AIRFLOW_SERVICES) == {"postgres", "redis"}


def test_every_image_is_pinned_to_its_digest() -> None:
    images = [service["image"] for service in SERVICES.values() if "build" not in service]
    images += re.findall(r"^FROM (\S+)", (PROJECT_ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert len(images) == 3
    assert all(PINNED.fullmatch(image) for image in images)


def test_nothing_runs_as_root_and_only_this_machine_reaches_the_pages() -> None:
    instructions = (PROJECT_ROOT / "Dockerfile").read_text().splitlines()
    assert [line for line in instructions if line.startswith("USER ")] == ["USER mlspend"]
    for name in AIRFLOW_SERVICES:
        assert SERVICES[name]["cap_drop"] == ["ALL"]
        assert "no-new-privileges:true" in SERVICES[name]["security_opt"]
    published = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert all(port.startswith("127.0.0.1:") for port in published)


def test_every_service_says_how_it_is_and_comes_back() -> None:
    for name, service in SERVICES.items():
        assert service["healthcheck"]["test"], name
        assert service["restart"] == "unless-stopped", name


def test_every_airflow_service_has_the_same_home_configuration_and_logs() -> None:
    for name in AIRFLOW_SERVICES:
        assert SERVICES[name]["volumes"] == SERVICES["worker"]["volumes"]
        assert "home:/var/lib/mlspend" in SERVICES[name]["volumes"]


def test_secrets_come_from_the_environment_and_the_example_names_each() -> None:
    example = dict(
        line.lstrip("#").split("=", 1)
        for line in (PROJECT_ROOT / ".env.example").read_text().splitlines()
        if re.match(r"#?[A-Z_]+=", line)
    )
    used = set(re.findall(r"\$\{([A-Z_]+)", COMPOSE_TEXT))
    handed_on = {name for name, value in COMPOSE["x-airflow"]["environment"].items() if value is None}
    assert set(example) == used | handed_on
    assert set(example.values()) == {""}
    assert ".env" in (PROJECT_ROOT / ".gitignore").read_text().splitlines()
    for name in ("PASSWORD", "SECRET", "KEY"):
        required = re.findall(rf"\$\{{[A-Z_]*{name}\}}|\$\{{[A-Z_]*{name}:-", COMPOSE_TEXT)
        assert not required, "a secret without a value must stop the start"


def test_the_image_gets_every_file_it_copies() -> None:
    kept = re.findall(r"^!(\S+)", (PROJECT_ROOT / ".dockerignore").read_text(), re.MULTILINE)
    assert all((PROJECT_ROOT / name).exists() for name in kept)
    assert {"config", "dags", "dbt_project", "deploy", "expectations", "plugins", "pyproject.toml"} <= set(kept)
    copied = re.findall(r"^COPY (\S+)", (PROJECT_ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert all(name == "." or name in kept for name in copied)


class Machine:
    """The services of docker-compose.yml as processes of this machine."""

    def __init__(self, folder: Path, postgres_binaries: Path) -> None:
        self.home = Home(folder / "home")
        self.airflow_home = folder / "airflow"
        self.postgres_port, redis_port, self.api_port, scheduler_port = airflow_processes.find_free_ports(4)
        self.settings = {
            name: Fernet.generate_key().decode() if "FERNET" in name else secrets.token_hex(32)
            for name in re.findall(r"\$\{([A-Z_]+):\?", COMPOSE_TEXT)
        }
        self._here = {
            "@postgres:": "@127.0.0.1:",
            "@redis:": "@127.0.0.1:",
            "//api-server:": "//127.0.0.1:",
            "0.0.0.0": "127.0.0.1",
            "5432": str(self.postgres_port),
            "6379": str(redis_port),
            "8080": str(self.api_port),
            "8974": str(scheduler_port),
            "/opt/mlspend": str(PROJECT_ROOT),
            "/opt/airflow": str(self.airflow_home),
            "/var/lib/mlspend": str(self.home.root),
        }
        self._folder = folder
        self._path = os.pathsep.join([str(Path(sys.executable).parent), str(postgres_binaries), os.environ["PATH"]])
        self._running: list[subprocess.Popen[bytes]] = []
        for needed in (self.home.root, self.airflow_home / "logs", folder / "logs"):
            needed.mkdir(parents=True)

    def environment(self, service: str) -> dict[str, str]:
        """What the service's process sees, and nothing else."""
        image = (PROJECT_ROOT / "Dockerfile").read_text()
        python_path = re.findall(r"PYTHONPATH=(\S+)", image)[0]
        given = {"PYTHONPATH": python_path, **SERVICES[service].get("environment", {})}
        machine = {"PATH": self._path, "HOME": str(self._folder), "NO_PROXY": "127.0.0.1"}
        if service in AIRFLOW_SERVICES:
            # How its processes are found again, whatever title they give themselves.
            machine |= {airflow_processes.MARK: str(self.airflow_home), "SPT_NOENV": "1"}
        return machine | {name: self.translate(str(value)) for name, value in given.items() if value is not None}

    def translate(self, text: str) -> str:
        """Container names, ports and paths to those of this machine; then what Compose itself fills in."""
        for there, here in self._here.items():
            text = text.replace(there, here)
        text = re.sub(r"\$\{([A-Z_]+):\?[^}]*\}", lambda match: self.settings[match[1]], text)
        return re.sub(r"\$\{[A-Z_]+:-([^}]*)\}", r"\1", text).replace("$$", "$")

    def start(self, service: str, *more: str) -> subprocess.Popen[bytes]:
        """Start the service's command; its output goes to a file."""
        with (self._folder / "logs" / f"{service}.log").open("wb") as log:
            process = subprocess.Popen(
                [*map(self.translate, SERVICES[service]["command"]), *more],
                env=self.environment(service),
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._running.append(process)
        return process

    def is_healthy(self, service: str) -> bool:
        """What the service's own health check says."""
        kind, *test = SERVICES[service]["healthcheck"]["test"]
        command = [self.translate(word) for word in test]
        shell = ["sh", "-c"] if kind == "CMD-SHELL" else []
        answer = subprocess.run(
            [*shell, *command], env=self.environment(service), cwd=self._folder, capture_output=True, check=False
        )
        return answer.returncode == 0

    def wait_for(self, service: str, *, seconds: float = 120) -> None:
        deadline = time.monotonic() + seconds
        while not self.is_healthy(service):
            log = self._folder / "logs" / f"{service}.log"
            said = log.read_text(errors="replace")[-3000:] if log.exists() else ""
            assert time.monotonic() < deadline, f"{service} is not healthy:\n{said}"
            time.sleep(0.5)

    def stop(self) -> None:
        airflow_processes.end_processes(self.airflow_home)
        for process in self._running:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
            process.wait(timeout=20)


def find_postgres() -> Path:
    """The folder of PostgreSQL's programs; Debian keeps them off the path."""
    found = [Path(found).parent] if (found := shutil.which("initdb")) else []
    found += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    if found and shutil.which("redis-server"):
        return found[0]
    reason = "needs PostgreSQL and Redis: apt-get install postgresql redis-server"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    return pytest.skip(reason)


@contextmanager
def running_postgres(machine: Machine, binaries: Path) -> Iterator[None]:
    """What the postgres image does: a cluster with a superuser's password, then the scripts of initdb.d."""
    environment = machine.environment("postgres")
    # PostgreSQL refuses to run as root, and pytest's folders are root's alone.
    as_user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    with tempfile.TemporaryDirectory(prefix="mlspend-postgres-") as name:
        folder = Path(name)
        password = folder / "password"
        password.write_text(environment["POSTGRES_PASSWORD"])
        if as_user:
            for path in (folder, password):
                shutil.chown(path, "postgres")

        def run(*command: str, **more: str) -> None:
            subprocess.run(command, env={**environment, **more}, cwd=folder, stdout=subprocess.DEVNULL, check=True)

        data = str(folder / "data")
        secure = ("--auth=scram-sha-256", f"--pwfile={password}")
        run(*as_user, str(binaries / "initdb"), "--pgdata", data, "--username=postgres", "--no-sync", *secure)
        options = f"-c listen_addresses=127.0.0.1 -p {machine.postgres_port} -k {folder} -c fsync=off"
        control = [*as_user, str(binaries / "pg_ctl"), "--pgdata", data, "--silent", "--wait"]
        run(*control, "--log", str(folder / "log"), "--options", options, "start")
        try:
            run(
                *("psql", "--host=127.0.0.1", f"--port={machine.postgres_port}", "--username=postgres", "--quiet"),
                *("--no-psqlrc", "--file", str(PROJECT_ROOT / "deploy" / "create-databases.sql")),
                PGPASSWORD=environment["POSTGRES_PASSWORD"],
            )
            yield
        finally:
            run(*control, "--mode=immediate", "stop")


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    binaries = find_postgres()
    machine = Machine(tmp_path, binaries)
    with running_postgres(machine, binaries):
        try:
            yield machine
        finally:
            machine.stop()


def test_its_commands_carry_a_bill_from_landing_to_digest(machine: Machine) -> None:
    machine.start("redis", "--bind", "127.0.0.1")
    machine.wait_for("postgres")
    machine.wait_for("redis")
    server = machine.start("api-server")
    demo.write_exports(machine.home, tell=print)
    machine.wait_for("api-server")
    for service in ("scheduler", "dag-processor", "triggerer", "worker"):
        machine.start(service)

    api = AirflowApi(f"http://127.0.0.1:{machine.api_port}", "admin", machine.settings["AIRFLOW_ADMIN_PASSWORD"])
    airflow = Standalone(machine.airflow_home, server, api)
    airflow.wait_until_ready(demo.CHAIN)
    runs = airflow.run_chain(demo.CHAIN, on_change=print)
    landing, build = [api.note(api.runs(dag_id)[0][0]) or "" for dag_id in demo.CHAIN[:2]]
    api.close()

    assert [run.dag_id for run in runs] == list(demo.CHAIN)
    assert landing.startswith("aws: landed 2026-08")
    assert "\npublished " in build
    with duckdb.connect(str(machine.home.published_warehouse), read_only=True) as connection:
        months = connection.sql(
            "select count(distinct billing_period), bool_and(is_reconciled) from marts.reconciliation"
        ).fetchone()
    assert months == (3, True)
    assert list(machine.home.outbox.glob("*/ml-spend.html"))
    with Ledger(machine.environment("worker")["MLSPEND_STATE_URL"]) as ledger:
        publication = ledger.last_publication()
    assert publication is not None
    assert len(publication.partitions) == 3
    assert not (machine.home.root / "state.db").exists()
    for service in SERVICES:
        machine.wait_for(service, seconds=30)
