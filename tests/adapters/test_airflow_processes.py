"""Every process of a private Airflow is found and ended, also those that no longer look like its own."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil

from mlspend.adapters import airflow_processes

PARENT = """
import signal, subprocess, sys, time
# as a task starts dbt: with an environment of its own
child = subprocess.Popen([sys.executable, "-c", sys.argv[1]], env={})
print(child.pid, flush=True)
time.sleep(600)
"""
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); time.sleep(600)"


def test_children_without_its_environment_and_deaf_ones_are_ended_too(tmp_path: Path) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, STUBBORN],
        env={**os.environ, airflow_processes.MARK: str(tmp_path)},
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    parent.stdout.readline()
    assert {process.pid for process in airflow_processes.find_processes(tmp_path)} == {parent.pid, child}
    airflow_processes.end_processes(tmp_path)
    parent.wait(timeout=10)
    assert not psutil.pid_exists(child) or psutil.Process(child).status() == psutil.STATUS_ZOMBIE


def test_processes_of_another_airflow_are_left_alone(tmp_path: Path) -> None:
    other = subprocess.Popen(
        [sys.executable, "-c", "import time; time.sleep(600)"],
        env={**os.environ, airflow_processes.MARK: str(tmp_path / "other")},
    )
    try:
        time.sleep(0.2)
        airflow_processes.end_processes(tmp_path / "mine")
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


def test_free_ports_differ_and_can_be_listened_on() -> None:
    ports = airflow_processes.find_free_ports(3)
    assert len(set(ports)) == 3
    for port in ports:
        with socket.create_server(("127.0.0.1", port)):
            pass
