"""Bounded log files for processes that write to them directly.

A child writes to the file itself, not through the supervisor, so it goes on when the supervisor is killed. The file is
opened for appending, so it can be copied and cut while the child keeps writing; a few lines may be lost in that moment.
"""

import os
import shutil
from pathlib import Path
from typing import Final

LARGEST: Final = 8 << 20
"""Bytes of one log file; one older file of the same size is kept beside it."""


def open_log(path: Path) -> int:
    """A descriptor to give a child as its standard output and error."""
    return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640)


def bound_log(path: Path, largest: int = LARGEST) -> bool:
    """Cut the file if it has grown too large; True if it was cut."""
    if not path.exists() or path.stat().st_size <= largest:
        return False
    older = path.with_name(f"{path.name}.1")
    with path.open("rb") as source, older.open("wb") as target:
        source.seek(-largest, os.SEEK_END)
        shutil.copyfileobj(source, target)
    older.chmod(0o640)
    os.truncate(path, 0)
    return True
