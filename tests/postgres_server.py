"""A PostgreSQL of Debian on a free loopback port, for as long as a test needs it."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

_BINARIES = ["/usr/lib/postgresql", "/usr/pgsql", "/opt/homebrew/opt/postgresql"]


@contextmanager
def running_postgres() -> Iterator[str]:
    """Give the SQLAlchemy URL of an empty database; skips where there is no server, except in CI."""
    binaries = _find_binaries()
    user = _unprivileged_user()
    # A short path of its own: the server's user must reach it, and socket names end at 107 bytes.
    folder = Path(tempfile.mkdtemp(prefix="mlspend-pg-", dir="/tmp"))
    if user:
        shutil.chown(folder, user)
    port = _free_port()

    def call(program: str, *arguments: str) -> None:
        subprocess.run(
            [binaries / program, *arguments],
            check=True,
            capture_output=True,
            text=True,
            cwd=folder,
            user=user,
            timeout=60,
        )

    try:
        call("initdb", "-D", f"{folder}/data", "-U", "mlspend", "-A", "trust", "-N", "-E", "UTF8", "--locale=C")
        options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c fsync=off"
        call("pg_ctl", "-D", f"{folder}/data", "-l", f"{folder}/log", "-o", options, "-w", "start")
        try:
            yield f"postgresql://mlspend@127.0.0.1:{port}/postgres"
        finally:
            call("pg_ctl", "-D", f"{folder}/data", "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _find_binaries() -> Path:
    on_path = shutil.which("initdb")
    found = [Path(on_path).parent] if on_path else []
    found += [path.parent for root in _BINARIES for path in sorted(Path(root).glob("*/bin/initdb"), reverse=True)]
    if not found:
        reason = "no PostgreSQL server at hand (Debian: apt-get install postgresql)"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return found[0]


def _unprivileged_user() -> str | None:
    # PostgreSQL refuses to run as root.
    return "postgres" if os.geteuid() == 0 else None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
