"""A PostgreSQL of Debian on a free loopback port, for as long as a test needs it."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

_BINARIES = ["/usr/lib/postgresql", "/usr/pgsql", "/opt/homebrew/opt/postgresql"]


@dataclass(frozen=True)
class PostgresServer:
    """A server that can be stopped and started again; `url` is SQLAlchemy's of an empty database."""

    url: str
    folder: Path
    binaries: Path
    user: str | None
    options: str

    def start(self) -> None:
        self._call("pg_ctl", "-D", f"{self.folder}/data", "-l", f"{self.folder}/log", "-o", self.options, "-w", "start")

    def stop(self) -> None:
        """End it at once, as a crash does; nothing happens where it does not run."""
        if (self.folder / "data" / "postmaster.pid").exists():
            self._call("pg_ctl", "-D", f"{self.folder}/data", "-m", "immediate", "-w", "stop")

    def create(self) -> None:
        arguments = ["-U", "mlspend", "-A", "trust", "-N", "-E", "UTF8", "--locale=C"]
        self._call("initdb", "-D", f"{self.folder}/data", *arguments)

    def _call(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [self.binaries / program, *arguments],
            check=True,
            capture_output=True,
            text=True,
            cwd=self.folder,
            user=self.user,
            timeout=60,
        )


@contextmanager
def running_postgres() -> Iterator[str]:
    """Give the SQLAlchemy URL of an empty database; skips where there is no server, except in CI."""
    with postgres_server() as server:
        yield server.url


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """Give a running server; skips where there is none, except in CI."""
    binaries = _find_binaries()
    user = _unprivileged_user()
    # A short path of its own: the server's user must reach it, and socket names end at 107 bytes.
    folder = Path(tempfile.mkdtemp(prefix="mlspend-pg-", dir="/tmp"))
    if user:
        shutil.chown(folder, user)
    port = _free_port()
    url = f"postgresql://mlspend@127.0.0.1:{port}/postgres"
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c fsync=off"
    server = PostgresServer(url, folder, binaries, user, options)
    try:
        server.create()
        server.start()
        try:
            yield server
        finally:
            server.stop()
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
