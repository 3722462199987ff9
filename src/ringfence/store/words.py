"""Words in a small file: one process writes them, all others see them in their own memory at the cost of one read."""

import mmap
import os
from pathlib import Path
from typing import Any, Final, Literal

WORD_BYTES: Final = 8

type Form = Literal["Q", "d"]
"""Whole numbers, or seconds and their like."""


def made(path: Path, count: int, form: Form = "Q") -> Any:
    """The writer's view of `count` words, as they stand; a file that is not there begins with zeros. Raises OSError."""
    path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
    try:
        os.ftruncate(fd, count * WORD_BYTES)
        return memoryview(mmap.mmap(fd, count * WORD_BYTES)).cast(form)
    finally:
        os.close(fd)


def seen(path: Path, count: int, form: Form = "Q") -> Any:
    """A reader's view. Raises OSError, or ValueError on a file that is too short."""
    with path.open("rb") as stream:
        return memoryview(mmap.mmap(stream.fileno(), count * WORD_BYTES, prot=mmap.PROT_READ)).cast(form)
