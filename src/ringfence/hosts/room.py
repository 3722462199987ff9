"""Room on a disk, and when it is too little."""

import errno
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT})
"""How the kernel says that there is none."""

_FULL: Final = "there is no room on the disk; make room (`df -h` and `df -i` say where)"
_READ_ONLY: Final = "the disk is read-only; mend it (`dmesg` says why) and mount it for writing"
_BY_NUMBER: Final = dict.fromkeys(NO_ROOM, _FULL) | {errno.EROFS: _READ_ONLY}
_OF_SQLITE: Final = {"disk is full": _FULL, "readonly database": _READ_ONLY}

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


def disk_refuses(error: Exception, folder: Path | None = None) -> str:
    """What to do about a disk that takes nothing, in the words of an operator; "" for any other failure. A database
    says of a read-only disk no more than that it cannot be opened: `folder` holds it.

    >>> disk_refuses(OSError(errno.ENOSPC, "No space left on device", "/srv/x"))
    'there is no room on the disk; make room (`df -h` and `df -i` say where): /srv/x'
    """
    if isinstance(error, OSError):
        why = _BY_NUMBER.get(error.errno or 0, "")
        return f"{why}: {error.filename}" if why and error.filename else why
    if folder is not None and is_read_only(folder):
        return f"{_READ_ONLY}: {folder}"
    return next((why for words, why in _OF_SQLITE.items() if words in str(error)), "")


def is_read_only(folder: Path) -> bool:
    try:
        return bool(os.statvfs(folder).f_flag & os.ST_RDONLY)
    except OSError:
        return False
