"""Kill a process at a named step (core/steps.py): a logging handler does it, so the code that is killed knows nothing.

`python -m tests.killing WORDS…` is `mlspend WORDS…` with that handler and a clock of its own, told by the environment.
"""

import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryFile

import psutil

from mlspend.adapters.home import PROJECT_ROOT
from mlspend.core.steps import Step

ORDER = "MLSPEND_TEST_STEPS"


@dataclass(frozen=True)
class Order:
    """Kill at the `nth` time `step` is reached (None: never), and note each step reached in the file `reached`.

    With `until` the process goes on, with whatever the step begins, until a file of this pattern is there that was not
    when the step was reached; then it is killed.
    """

    step: Step | None = None
    nth: int = 1
    until: str | None = None
    reached: str | None = None
    now: str | None = None

    def to_environment(self) -> dict[str, str]:
        return {ORDER: json.dumps(self.__dict__)}


class Killer(logging.Handler):
    """Carries out an order."""

    def __init__(self, order: Order) -> None:
        super().__init__()
        self.order = order
        self.times = 0

    def emit(self, record: logging.LogRecord) -> None:
        step = record.getMessage()
        if self.order.reached:
            with Path(self.order.reached).open("a") as notes:
                notes.write(f"{step}\n")
        if step != self.order.step:
            return
        self.times += 1
        if self.times == self.order.nth and self.order.until:
            threading.Thread(target=self._kill_later, args=[self._found()], daemon=True).start()
        elif self.times == self.order.nth:
            kill_this_process()

    def _found(self) -> set[Path]:
        return set(Path("/").glob(str(self.order.until).lstrip("/")))

    def _kill_later(self, before: set[Path]) -> None:
        while self._found() <= before:
            time.sleep(0.01)
        kill_this_process()


class ListKiller(logging.Handler):
    """Kills whichever process reaches a step that stands in the file `steps`, which it is struck from: once each."""

    def __init__(self, steps: Path) -> None:
        super().__init__()
        self.steps = steps

    def emit(self, record: logging.LogRecord) -> None:
        listed = self.steps.read_text().splitlines()
        if record.getMessage() in listed:
            listed.remove(record.getMessage())
            self.steps.write_text("\n".join(listed))
            kill_this_process()


def kill_this_process() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def listen(handler: logging.Handler) -> None:
    """Have `handler` told of each step that this process reaches."""
    logger = logging.getLogger("mlspend.steps")
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    logger.addHandler(handler)


@dataclass(frozen=True)
class Ended:
    """How a process ended: its exit status (negative: the signal), what it said, and the session of its children."""

    status: int
    said: str
    session: int

    def children(self) -> set[int]:
        """The processes of its session that still run."""
        return {pid for pid in psutil.pids() if _session_of(pid) == self.session}


def mlspend(*words: str, order: Order, environment: Mapping[str, str]) -> Ended:
    """Run one command of the CLI in a process and a session of its own, under `order`."""
    path = os.pathsep.join([str(PROJECT_ROOT), str(PROJECT_ROOT / "plugins")])
    # Into a file: children that outlive it would keep a pipe open.
    with TemporaryFile("w+") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.killing", *words],
            env={**os.environ, **environment, **order.to_environment(), "PYTHONPATH": path},
            cwd=PROJECT_ROOT,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        status = process.wait(timeout=300)
        output.seek(0)
        return Ended(status, output.read(), process.pid)


def _session_of(pid: int) -> int | None:
    try:
        return os.getsid(pid) if psutil.Process(pid).status() != psutil.STATUS_ZOMBIE else None
    except (OSError, psutil.NoSuchProcess):
        return None


if __name__ == "__main__":
    from mlspend import cli, cli_clock

    given = Order(**json.loads(os.environ[ORDER]))
    listen(Killer(given))
    if given.now:
        cli_clock.now = lambda: datetime.fromisoformat(str(given.now))
    cli.app()
