"""Children of a build that need not import: forked from a process that has dbt, or Great Expectations, imported once.

Importing takes half of a small build's time and proves nothing the second time. What the children do is the same, in a
process of their own that ends. Tests about the processes themselves, and all that run the CLI, start the real ones.

`python -m tests.warm_children MODULE IMPORT…` imports all of these, then runs MODULE once for each line of its input.
"""

import importlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Self

import pytest

from mlspend.adapters import dbt, proof
from mlspend.adapters.home import PROJECT_ROOT

# Module to run, the function that is its `python -m`, and what it imports as it goes.
DBT = (
    "dbt.cli.main",
    "cli",
    "dbt.adapters.duckdb",
    "dbt.adapters.duckdb.relation",
    "dbt.task.build",
    "scipy.ndimage",
    "statsmodels.tsa.holtwinters",
)
GREAT_EXPECTATIONS = ("expectations.checkpoints", "main", "great_expectations.expectations")


class Nursery:
    """A process that forks a child for each call, one after the other."""

    def __init__(self, module: Sequence[str], folder: Path) -> None:
        path = os.pathsep.join([str(PROJECT_ROOT), str(PROJECT_ROOT / "plugins")])
        self._said = folder / "said"
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.warm_children", *module],
            env={**os.environ, "PYTHONPATH": path, "GX_ANALYTICS_ENABLED": "false"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, words: Sequence[str], env: Mapping[str, str], cwd: Path) -> tuple[int, str]:
        """Return exit status and what was said, of the module run with `words` in this environment and folder."""
        asked = {"words": list(words), "env": dict(env), "cwd": str(cwd), "said": str(self._said)}
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline()), self._said.read_text()

    def end(self) -> None:
        # Left to itself, it would take down for seconds what it has imported.
        self._process.kill()
        self._process.communicate()


@contextmanager
def nurseries(folder: Path) -> Iterator[tuple[Nursery, Nursery]]:
    """One for dbt, one for the expectations."""
    made = []
    for name, module in (("dbt", DBT), ("expectations", GREAT_EXPECTATIONS)):
        (folder / name).mkdir()
        made.append(Nursery(module, folder / name))
    try:
        yield made[0], made[1]
    finally:
        for nursery in made:
            nursery.end()


def use(patching: pytest.MonkeyPatch, warm_dbt: Nursery, warm_expectations: Nursery, parsed: Path) -> None:
    """Have builds of this process run their children there; what dbt parsed once, in `parsed`, serves every home."""

    def run(command: list[str], *, env: Mapping[str, str], cwd: Path, **_as_usual: Any) -> SimpleNamespace:
        kept = Path(command[command.index("--target-path") + 1]) / "partial_parse.msgpack"
        if parsed.exists() and not kept.exists():
            kept.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(parsed, kept)
        assert command[1:3] == ["-m", DBT[0]]
        status, said = warm_dbt.run(command[3:], env, cwd)
        if kept.exists() and not parsed.exists():
            shutil.copyfile(kept, parsed)
        return SimpleNamespace(returncode=status, stdout=said, stderr="")

    class WarmProver(proof.Prover):
        def __enter__(self) -> Self:
            return self

        def __exit__(self, *_exception: object) -> None:
            pass

        def ask(self, words: list[str]) -> tuple[int, str]:
            # Pages about the checks prove nothing here, and cost each build a second.
            words = words[: words.index("--docs")]
            status, said = warm_expectations.run(words, proof._child_environment(), Path.cwd())
            return status, "\n".join(said.strip().splitlines()[-8:])

    patching.setattr(dbt, "subprocess", SimpleNamespace(run=run))
    patching.setattr(proof, "Prover", WarmProver)


def _child(asked: Mapping[str, Any], main: Callable[[], None]) -> None:
    said = os.open(asked["said"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for descriptor in (1, 2):
        os.dup2(said, descriptor)
    os.environ.clear()
    os.environ.update(asked["env"])
    os.chdir(asked["cwd"])
    sys.argv[1:] = asked["words"]
    status = 0
    try:
        main()
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except Exception:  # noqa: BLE001
        sys.excepthook(*sys.exc_info())
        status = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def _serve(module: str, function: str, *imports: str) -> None:
    main = getattr(importlib.import_module(module), function)
    for name in imports:
        importlib.import_module(name)
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            _child(json.loads(line), main)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    _serve(*sys.argv[1:])
