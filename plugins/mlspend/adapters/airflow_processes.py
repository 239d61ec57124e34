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

MARK = "MLSPEND_PRIVATE_AIRFLOW"
"""The environment variable that tells which private Airflow a process belongs to: the folder of its AIRFLOW_HOME.

Not AIRFLOW_HOME itself: a person may have that in a shell of theirs."""

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


def find_processes(airflow_home: Path) -> set[psutil.Process]:
    """Return every process of the Airflow with this home.

    Its own inherit the MARK; what their tasks start with an environment of its own is of their session, or descends
    from them.
    """
    marked = {process for process in psutil.process_iter() if _mark_of(process) == str(airflow_home)}
    sessions = {_session_of(process) for process in marked} - {os.getsid(0), None}
    related = {process for process in psutil.process_iter() if _session_of(process) in sessions}
    for process in marked:
        with suppress(psutil.NoSuchProcess):
            related.update(process.children(recursive=True))
    return {process for process in marked | related if process.pid != os.getpid()}


def end_processes(airflow_home: Path) -> None:
    """End every process of the Airflow with this home: asked first, after a few seconds by force."""
    alive: set[psutil.Process] = set()
    # Twice by force: while the first list was made, one of them may have started another.
    for end, patience in (
        (psutil.Process.terminate, _SECONDS_TO_TIDY_UP),
        (psutil.Process.kill, _SECONDS_TO_DIE),
        (psutil.Process.kill, _SECONDS_TO_DIE),
    ):
        alive |= find_processes(airflow_home)
        for process in alive:
            with suppress(psutil.NoSuchProcess):
                end(process)
        _, still_there = psutil.wait_procs(list(alive), timeout=patience)
        alive = set(still_there)


def _mark_of(process: psutil.Process) -> str | None:
    try:
        mark: str | None = process.environ().get(MARK)
    except (psutil.Error, OSError):  # it ended meanwhile, or is somebody else's
        return None
    return mark


def _session_of(process: psutil.Process) -> int | None:
    try:
        return os.getsid(process.pid)
    except OSError:
        return None


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
