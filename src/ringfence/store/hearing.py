"""Hears that a store has changed, without asking all the time: the kernel tells of writes to its files (inotify(7))."""

import ctypes
import os
import select
from collections.abc import Iterable
from pathlib import Path
from typing import Final

_CHANGES: Final = 0x002 | 0x080 | 0x100 | 0x200
"""IN_MODIFY, IN_MOVED_TO, IN_CREATE, IN_DELETE (sys/inotify.h)."""

_MOST_AT_ONCE: Final = 1 << 16


class Changes:
    """Writes to files of some folders. Raises OSError if the kernel cannot tell or a folder cannot be read."""

    def __init__(self, folders: Iterable[Path]) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        self._fd = libc.inotify_init1(os.O_CLOEXEC | os.O_NONBLOCK)
        if self._fd < 0:
            raise OSError(ctypes.get_errno(), "inotify_init1")
        for folder in folders:
            if libc.inotify_add_watch(self._fd, bytes(folder), _CHANGES) < 0:
                number = ctypes.get_errno()
                self.close()
                raise OSError(number, os.strerror(number), str(folder))
        self._poll = select.poll()
        self._poll.register(self._fd, select.POLLIN)

    def heard_within(self, seconds: float) -> bool:
        """Waits at most so long; whether something was written. LMDB counts a commit right after it wrote it."""
        if not self._poll.poll(seconds * 1000):
            return False
        os.read(self._fd, _MOST_AT_ONCE)
        return True

    def close(self) -> None:
        os.close(self._fd)
