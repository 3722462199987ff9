"""Follows the journal: every whole line exactly once, across rotation, restarts and lines torn by a killed writer."""

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import orjson

from ringfence.journal.layout import KEPT_SEGMENTS, Head, segment_path

CHUNK_BYTES: Final = 64 << 10
"""Read at once: small enough that the memory is reused, not mapped anew for each look."""
GRACE_SECONDS: Final = 3.0
"""How long the previous segment is still looked at: a writer may have chosen it just before the turn."""

SETTLE_SECONDS: Final = 0.2
"""A segment is read at least this long before the next turn, so that a late writer is never two turns behind."""

LINE_START: Final = b'{"t":'
MOST_STARTS: Final = 8
"""Of a torn line the last beginnings are tried: one that is nothing but beginnings would be read once for each of them.
"""

type Event = dict[str, Any]
type Entry = tuple[bytes, Event]


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Everything before `offset` in `segment`, and before `late_offset` in the segment before it, has been read."""

    segment: int = 0
    offset: int = 0
    late_offset: int = 0


@dataclass(slots=True)
class Batch:
    """What one look found: lines in order, for `decode`, how much was no line at all, and whether more is waiting."""

    lines: list[bytes] = field(default_factory=list)
    spoiled: int = 0
    more: bool = False

    def entries(self) -> list[Entry]:
        """The whole events; the rest is counted as spoiled."""
        decoded = [decode(line) for line in self.lines]
        self.spoiled += decoded.count(None)
        return [entry for entry in decoded if entry is not None]


class JournalReader:
    """The one reader. It is never in a writer's way: it only tells the head how far it came, and deletes old
    segments.
    """

    def __init__(self, folder: Path, start: Checkpoint = Checkpoint()) -> None:
        self._folder = folder
        self._head = Head(folder)
        self.checkpoint = start
        self._turned_at = 0.0
        self._files: dict[int, int] = {}
        self._released: tuple[int, int | None] | None = None
        self._heal()

    @property
    def dropped(self) -> int:
        """Lines writers had to drop so far: disk full, or this reader too far behind."""
        return self._head.dropped

    def read(self, now: float) -> Batch:
        """The next whole lines, 64 KiB at most; `now` is monotonic time in seconds."""
        batch = Batch()
        at = self.checkpoint
        late = self._take(at.segment - 1, at.late_offset, batch) if self._watches_previous(now) else at.late_offset
        offset = self._take(at.segment, at.offset, batch)
        self.checkpoint = Checkpoint(at.segment, offset, late)
        if offset == at.offset and self._head.segment > at.segment and now - self._turned_at >= SETTLE_SECONDS:
            self._turn(now)
            batch.more = True
        batch.more = batch.more or offset - at.offset > CHUNK_BYTES // 2
        return batch

    def release(self, keep_from: int | None = None) -> None:
        """Tells writers what is consumed, and deletes consumed segments except the last ones and those from
        `keep_from` on.

        Call this only when what was read is safe elsewhere.
        """
        segment = self.checkpoint.segment
        if self._released == (segment, keep_from):
            return
        self._released = (segment, keep_from)
        self._head.consumed = segment
        oldest_kept = segment - KEPT_SEGMENTS
        if keep_from is not None:
            oldest_kept = min(oldest_kept, keep_from)
        for number in segments(self._folder):
            if number < oldest_kept:
                with suppress(OSError):
                    segment_path(self._folder, number).unlink(missing_ok=True)

    def promise_look(self) -> None:
        """Tells writers that this reads again within LOOK_WITHIN: they need not ring for what can wait so long."""
        self._head.promise_look(time.monotonic_ns())

    def close(self) -> None:
        for fd in self._files.values():
            os.close(fd)
        self._files.clear()

    def _heal(self) -> None:
        """After a lost head file, writers must go on behind the newest segment, not in an old one."""
        newest = max(segments(self._folder), default=0)
        self._head.segment = max(newest, self._head.segment, self.checkpoint.segment)
        self._head.consumed = self.checkpoint.segment

    def _watches_previous(self, now: float) -> bool:
        previous = self.checkpoint.segment - 1
        if previous < 0:
            return False
        if self._turned_at == 0.0:
            self._turned_at = now
        if now - self._turned_at <= GRACE_SECONDS:
            return True
        fd = self._files.pop(previous, None)
        if fd is not None:
            os.close(fd)
        return False

    def _turn(self, now: float) -> None:
        at = self.checkpoint
        older = self._files.pop(at.segment - 1, None)
        if older is not None:
            os.close(older)
        self.checkpoint = Checkpoint(at.segment + 1, 0, at.offset)
        self._turned_at = now

    def _take(self, number: int, offset: int, batch: Batch) -> int:
        fd = self._open(number)
        if fd is None:
            return offset
        try:
            chunk = os.pread(fd, CHUNK_BYTES, offset)
        except OSError:
            return offset
        return offset + _cut(chunk, batch)

    def _open(self, number: int) -> int | None:
        fd = self._files.get(number)
        if fd is not None:
            return fd
        try:
            fd = os.open(segment_path(self._folder, number), os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return None
        self._files[number] = fd
        return fd


def segments(folder: Path) -> list[int]:
    """The numbers of the segments on disk, oldest first; empty when the folder is missing."""
    try:
        names = [path.name for path in folder.glob("events-*.jsonl")]
    except OSError:
        return []
    return sorted(int(number) for name in names if (number := name[7:-6]).isdigit())


def _unheard() -> None:
    """Whoever only wants what is whole."""


def replay(
    folder: Path,
    start: Checkpoint = Checkpoint(),
    until: Checkpoint | None = None,
    spoiled: Callable[[], None] = _unheard,
) -> Iterator[Entry]:
    """All whole events on disk between two checkpoints, or to the last line written; needs no head and changes
    nothing. `spoiled` hears of each line that is no event.
    """
    for number in segments(folder):
        if number < start.segment - 1 or (until is not None and number > until.segment):
            continue
        offset, end = _read_of(start, number, 0), _read_of(until, number, sys.maxsize)
        for line in _lines(segment_path(folder, number), offset, end):
            entry = decode(line.rstrip(b"\n"))
            if entry is not None:
                yield entry
            elif line.strip() and (line.endswith(b"\n") or len(line) == CHUNK_BYTES):
                spoiled()


def replay_from(folder: Path, first: int, spoiled: Callable[[], None] = _unheard) -> Iterator[Entry]:
    """All whole events on disk from this segment on."""
    return replay(folder, Checkpoint(first + 1), spoiled=spoiled)


def _read_of(checkpoint: Checkpoint | None, number: int, otherwise: int) -> int:
    """How much of a segment a checkpoint says was read."""
    if checkpoint is None:
        return otherwise
    return {checkpoint.segment - 1: checkpoint.late_offset, checkpoint.segment: checkpoint.offset}.get(
        number, otherwise
    )


def _lines(path: Path, offset: int, end: int) -> Iterator[bytes]:
    """Garbage without an end comes in pieces as long as the longest look of a running guard."""
    try:
        with path.open("rb") as stream:
            stream.seek(offset)
            while line := stream.readline(CHUNK_BYTES):
                offset += len(line)
                if offset > end:
                    return
                yield line
    except OSError:
        return


def decode(line: bytes) -> Entry | None:
    """One line as (line, event); what is left of a torn line before a whole one is cut off. None if nothing is whole.

    >>> decode(b'{"t":1,"kind":"call.st{"t":2,"kind":"call.ended"}')
    (b'{"t":2,"kind":"call.ended"}', {'t': 2, 'kind': 'call.ended'})
    """
    event = _parse(line)
    if event is not None:
        return line, event
    for start in _last_starts(line):
        event = _parse(line[start:])
        if event is not None:
            return line[start:], event
    return None


def _last_starts(line: bytes) -> list[int]:
    """Where an event may begin inside a line, the first place first."""
    starts: list[int] = []
    start = line.rfind(LINE_START)
    while start > 0 and len(starts) < MOST_STARTS:
        starts.append(start)
        start = line.rfind(LINE_START, 0, start)
    return starts[::-1]


def _parse(line: bytes) -> Event | None:
    try:
        event = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    if isinstance(event, dict) and isinstance(event.get("kind"), str) and isinstance(event.get("t"), int | float):
        return event
    return None


def _cut(chunk: bytes, batch: Batch) -> int:
    """Takes the whole lines of a chunk and returns how many bytes they take."""
    end = chunk.rfind(b"\n") + 1
    if end == 0:
        if len(chunk) < CHUNK_BYTES:
            return 0
        batch.spoiled += 1  # a line this long is garbage: no event comes near this size
        return len(chunk)
    batch.lines += filter(None, chunk[: end - 1].split(b"\n"))
    return end
