"""Which files below a folder are opened meanwhile, by whatever process: Linux tells through inotify."""

import ctypes
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_OPENED = 0x20
_HEADER = struct.Struct("iIII")
_libc = ctypes.CDLL(None, use_errno=True)


@contextmanager
def watch_opened_files(folder: Path) -> Iterator[set[Path]]:
    """Give a set that, at the end, holds every file below `folder` that stood there before and was opened since."""
    watcher = _libc.inotify_init1(os.O_NONBLOCK)
    before = {path for path in folder.rglob("*") if path.is_file()}
    folders = {}
    for path in (folder, *(each for each in folder.rglob("*") if each.is_dir())):
        folders[_libc.inotify_add_watch(watcher, str(path).encode(), _OPENED)] = path
    if watcher < 0 or -1 in folders:
        raise OSError(ctypes.get_errno(), "inotify refused to watch", str(folder))
    opened: set[Path] = set()
    try:
        yield opened
        for number, name in _events(watcher):
            path = folders[number] / name
            if path in before:
                opened.add(path)
    finally:
        os.close(watcher)


def _events(watcher: int) -> Iterator[tuple[int, str]]:
    while True:
        try:
            content = os.read(watcher, 1 << 20)
        except BlockingIOError:
            return
        position = 0
        while position < len(content):
            number, mask, _, length = _HEADER.unpack_from(content, position)
            if mask & 0x4000:
                raise RuntimeError("more files were opened than inotify could tell of")
            position += _HEADER.size
            yield number, content[position : position + length].rstrip(b"\0").decode()
            position += length
