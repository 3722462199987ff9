"""Puts the journal on the disk from time to time, so that a power cut costs seconds of events and not half a minute."""

import os
from contextlib import suppress
from pathlib import Path

from ringfence.journal.layout import segment_path
from ringfence.journal.reader import segments

type Synced = dict[int, int]
"""Bytes of each of the newest segments that are known to be on the disk."""


def sync(folder: Path, synced: Synced) -> Synced:
    """Writes what the newest two segments gained since `synced` to the disk. It waits: call it in a thread.

    Workers never wait for this: an event counts as written when the kernel has it, which a killed process cannot undo.
    """
    now: Synced = {}
    for number in segments(folder)[-2:]:
        with suppress(OSError):
            now[number] = _synced(segment_path(folder, number), synced.get(number, 0))
    return now


def _synced(path: Path, known: int) -> int:
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        size = os.fstat(fd).st_size
        if size != known:
            os.fdatasync(fd)
        return size
    finally:
        os.close(fd)
