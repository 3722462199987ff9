"""Appends events. Used inside Kamailio workers: one write(2) per event, no wait, no error ever reaches a call."""

import os
import socket
import time
from pathlib import Path
from typing import Any, Final

import orjson

from ringfence.journal.layout import MAX_PENDING_SEGMENTS, SEGMENT_BYTES, Head, segment_path
from ringfence.policy.events import PATIENT, URGENT, Kind

LINES_BETWEEN_LOOKS: Final = 64
"""How many lines one writer adds before it looks again whether the segment is full."""


class JournalWriter:
    """One writer of one process; several processes append to the same segment (O_APPEND keeps lines whole)."""

    def __init__(self, folder: Path, doorbell: Path | None = None) -> None:
        self._folder = folder
        self._head = Head(folder)
        self._segment = -1
        self._fd = -1
        self._torn = False
        self._until_look = 0
        self._doorbell = str(doorbell) if doorbell else ""
        self._bell = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)

    def append(self, kind: Kind, fields: dict[str, Any], now: float | None = None, *, at_once: bool = False) -> bool:
        """Writes one event; `now` is Unix time in seconds. False when it had to be dropped (counted in the head).

        `at_once` is for one of a patient kind that must not wait.
        """
        stamp = time.time() if now is None else now
        line = orjson.dumps({"t": stamp, "kind": kind.value, **fields}, option=orjson.OPT_APPEND_NEWLINE)
        if not self._write(line):
            self._head.count_drop()
            return False
        if kind in URGENT and (at_once or kind not in PATIENT or not self._head.is_look_promised(time.monotonic_ns())):
            self.ring()
        return True

    def append_line(self, line: str) -> None:
        """Writes one event that is already a line of JSON and not urgent."""
        if not self._write(line.encode()):
            self._head.count_drop()

    def ring(self) -> None:
        """Wakes the guard; it looks by itself every 200 ms, so a lost ring costs time only."""
        self.tell(b"!")

    def tell(self, datagram: bytes) -> bool:
        """Says something to the guard that need not survive it. Whether it was taken."""
        if not self._doorbell:
            return False
        try:
            self._bell.sendto(datagram, self._doorbell)
        except OSError:
            return False
        return True

    def close(self) -> None:
        self._bell.close()
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _write(self, line: bytes) -> bool:
        try:
            if not self._ready():
                return False
            data = b"\n" + line if self._torn else line
            written = os.write(self._fd, data)
            self._torn = written != len(data)
            self._turn_segment()
            return not self._torn
        except OSError:
            self._torn = True
            return False

    def _ready(self) -> bool:
        current = self._head.segment
        if current - self._head.consumed > MAX_PENDING_SEGMENTS:
            return False
        if current != self._segment:
            self._open(current)
        return True

    def _open(self, number: int) -> None:
        if self._fd >= 0:
            os.close(self._fd)
        self._fd = -1
        self._fd = os.open(
            segment_path(self._folder, number), os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o660
        )
        self._segment = number

    def _turn_segment(self) -> None:
        self._until_look -= 1
        if self._until_look > 0:
            return
        self._until_look = LINES_BETWEEN_LOOKS
        if os.lseek(self._fd, 0, os.SEEK_CUR) >= SEGMENT_BYTES:
            self._head.turn_from(self._segment)
