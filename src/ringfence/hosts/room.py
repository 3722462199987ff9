"""Room on a disk, and when it is too little."""

import errno
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT})
"""How the kernel says that there is none."""

_LEAST_FREE: Final = 1 << 30
_LEAST_FILES: Final = 2_000
_LEAST_SHARE: Final = 20
"""A twentieth of a small disk is enough."""


@dataclass(frozen=True, slots=True)
class Room:
    """Bytes that are free for everybody, and of the whole disk; and the files that can still be made. A file system
    that counts none makes as many as it has room for.

    >>> Room(900 << 20, 100 << 30).is_low, Room(60 << 20, 1 << 30).is_low
    (True, False)
    >>> Room(60 << 20, 1 << 30, files=0, all_files=65_536).is_low
    True
    """

    free: int
    whole: int
    files: int = 0
    all_files: int = 0

    @property
    def is_low(self) -> bool:
        return self.free < min(_LEAST_FREE, self.whole // _LEAST_SHARE) or self.has_few_files

    @property
    def has_few_files(self) -> bool:
        return self.files < min(_LEAST_FILES, self.all_files // _LEAST_SHARE)


def room_at(folder: Path) -> Room:
    """Of the disk that holds this folder. Raises OSError."""
    state = os.statvfs(folder)
    return Room(state.f_bavail * state.f_frsize, state.f_blocks * state.f_frsize, state.f_favail, state.f_files)
