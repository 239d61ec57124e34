"""Free ports for a private Airflow, and the end of every process that belongs to it."""

import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import FrameType

import psutil

# Its database is thrown away with it: there is little to tidy up.
_SECONDS_TO_TIDY_UP = 2
_SECONDS_TO_DIE = 10


def find_free_ports(count: int) -> list[int]:
    """Return so many different loopback ports that nothing listens on."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def find_processes(airflow_home: Path) -> list[psutil.Process]:
    """Return every process of the Airflow with this home, also those that left its process group.

    Each inherits AIRFLOW_HOME, and no two Airflows share one.
    """
    found = []
    for process in psutil.process_iter():
        try:
            if process.pid != os.getpid() and process.environ().get("AIRFLOW_HOME") == str(airflow_home):
                found.append(process)
        except (psutil.Error, OSError):  # it ended meanwhile, or is somebody else's
            continue
    return found


def end_processes(airflow_home: Path) -> None:
    """End every process of the Airflow with this home: asked first, after a few seconds by force."""
    # Twice by force: while the first list was made, one of them may have started another.
    for end, patience in (
        (psutil.Process.terminate, _SECONDS_TO_TIDY_UP),
        (psutil.Process.kill, _SECONDS_TO_DIE),
        (psutil.Process.kill, _SECONDS_TO_DIE),
    ):
        alive = find_processes(airflow_home)
        for process in alive:
            with suppress(psutil.NoSuchProcess):
                end(process)
        psutil.wait_procs(alive, timeout=patience)


@contextmanager
def signals_as_exceptions() -> Iterator[None]:
    """Let SIGTERM and SIGHUP unwind the program as Ctrl-C does, so that what it started is ended."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def leave(number: int, _frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    before = {number: signal.signal(number, leave) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def signals_ignored() -> Iterator[None]:
    """Keep Ctrl-C and its kin from interrupting the end itself."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {
        number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
