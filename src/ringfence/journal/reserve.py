"""Room on the disk that only the journal can use.

A full disk must not blind the guard: failed passwords would no longer be counted, calls no longer charged to a budget,
their records lost.
"""

import ctypes
import os
from pathlib import Path
from typing import Final

from ringfence.hosts.room import NO_ROOM
from ringfence.journal.layout import SEGMENT_BYTES, Head, reserved_path, segment_path

RESERVED_SEGMENTS: Final = 4
"""32 MiB: the events of some ten thousand calls."""

_KEEP_SIZE: Final = 1
"""FALLOC_FL_KEEP_SIZE: the blocks are ours, the file is as long as what was written (fallocate(2))."""

_libc: Final = ctypes.CDLL(None, use_errno=True)
_libc.fallocate.argtypes = (ctypes.c_int, ctypes.c_int, ctypes.c_int64, ctypes.c_int64)


def reserve(folder: Path) -> bool:
    """Gives the segment being written its blocks and prepares the next ones. False when the disk has no room for it; a
    filesystem that cannot reserve counts as room. It waits for the disk: call it in a thread.
    """
    try:
        _allocated(segment_path(folder, Head(folder).segment))
        for number in range(RESERVED_SEGMENTS):
            _prepared(reserved_path(folder, number))
    except OSError as error:
        return error.errno not in NO_ROOM
    return True


def _prepared(path: Path) -> None:
    """Whole or not at all: a writer may take it as soon as it has its name."""
    if path.exists():
        return
    new = path.with_suffix(".new")
    try:
        _allocated(new)
        new.rename(path)
    finally:
        new.unlink(missing_ok=True)


def _allocated(path: Path) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o660)
    try:
        if os.fstat(fd).st_uid == os.geteuid():
            os.fchmod(fd, 0o660)  # whatever the umask: workers write it through their group
        if _libc.fallocate(fd, _KEEP_SIZE, 0, SEGMENT_BYTES):
            raise OSError(ctypes.get_errno(), f"no room for {path}")
    finally:
        os.close(fd)
