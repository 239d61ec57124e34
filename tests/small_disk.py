"""A small disk of its own: a tmpfs of some megabytes that a test may fill up or turn read-only."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True)
class SmallDisk:
    """Mounted at `root`."""

    root: Path

    @property
    def ballast(self) -> Path:
        return self.root / "ballast"

    def fill(self, *, leaving: int = 0) -> None:
        """Take all space but `leaving` bytes."""
        status = os.statvfs(self.root)
        with self.ballast.open("wb") as file:
            for _ in range((status.f_bavail * status.f_frsize - leaving) // 4096):
                file.write(bytes(4096))

    def free(self) -> None:
        """Give the space back."""
        self.ballast.unlink()

    @contextmanager
    def read_only(self) -> Iterator[None]:
        """Let nothing be written for a while."""
        subprocess.run(["mount", "-o", "remount,ro", self.root], check=True)
        try:
            yield
        finally:
            subprocess.run(["mount", "-o", "remount,rw", self.root], check=True)


@contextmanager
def small_disk(root: Path, *, megabytes: int) -> Iterator[SmallDisk]:
    """Mount one at `root`; skips where that is not allowed (who is not root), except in CI."""
    root.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", root], check=False, capture_output=True, text=True
    )
    if mounted.returncode:
        reason = f"no file system can be mounted here: {mounted.stderr.strip()}"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    try:
        yield SmallDisk(root)
    finally:
        subprocess.run(["umount", root], check=True)
