"""Asks the SIP core over its control socket: binrpc, as Kamailio's module ctl speaks it (core/binrpc.h)."""

import os
import socket
import time
from pathlib import Path
from typing import Final

MAGIC_AND_VERSION: Final = 0xA1
REQUEST, REPLY = 0, 1
INTEGER, TEXT = 0, 1
COOKIE_BYTES: Final = 4
LENGTH_BYTES: Final = 2
WORD_BYTES: Final = 4
"""Of a negative number, which Kamailio reads into an int of its own."""

PATIENCE: Final = 2.0
"""Seconds; the core answers in less than one millisecond, on a machine that has time."""

BETWEEN_TRIES: Final = 0.1
LONGEST_PIECE: Final = 65_536
LONGEST_ANSWER: Final = 1 << 20

type Argument = int | str


class Unreachable(OSError):
    """The core is not there: it was asked nothing."""


class Core:
    """One question, one connection: a restarted core needs no reconnecting."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def end_call(self, entry: int, number: int) -> bool:
        """A BYE to both sides of the dialog. False when the core knows it no longer, or does not answer."""
        return self.ask("dlg.end_dlg", entry, number)

    def end_patiently(self, patience: float, entry: int, number: int) -> bool:
        """The same of a busy core. False when it knows the dialog no longer; raises what `ask_patiently` does."""
        return self.ask_patiently(patience, "dlg.end_dlg", entry, number)

    def ask(self, method: str, *arguments: Argument) -> bool:
        """Whether the core did it."""
        try:
            return _is_done(self._answer(method, arguments))
        except OSError:
            return False

    def ask_patiently(self, patience: float, method: str, *arguments: Argument) -> bool:
        """The same of a busy or restarting core, in so many seconds. Raises Unreachable, or OSError if it was asked and
        has not answered: it may do it all the same, so that is not asked again.
        """
        deadline = time.monotonic() + patience
        while True:
            try:
                return _is_done(self._answer(method, arguments, patience))
            except Unreachable:
                if time.monotonic() > deadline:
                    raise
            time.sleep(BETWEEN_TRIES)

    def statistics(self) -> dict[str, int]:
        """Kamailio's counters, as in `core.rcv_requests`. Empty when the core does not answer."""
        try:
            answer = self._answer("stats.get_statistics", ("all",))
        except OSError:
            return {}
        if len(answer) < 2 or answer[1] >> 4 != REPLY:
            return {}
        body = answer[2 + (answer[1] >> 2 & 0b11) + 1 + COOKIE_BYTES :]
        lines = (str(value).partition(" = ") for value in decoded(body))
        return {name.replace(":", ".", 1): int(value) for name, _, value in lines if value.isdigit()}

    def _answer(self, method: str, arguments: tuple[Argument, ...], patience: float = PATIENCE) -> bytes:
        """All of it, within so many seconds; the head says how long it is, within bounds: root asks too, and who has
        taken over the core answers. Raises Unreachable and OSError.
        """
        deadline, cookie = time.monotonic() + patience, os.urandom(COOKIE_BYTES)
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as link:
            link.settimeout(patience)
            try:
                link.connect(str(self._path))
            except OSError as error:
                raise Unreachable(str(error)) from error
            link.sendall(encoded(method, arguments, cookie))
            answer = link.recv(LONGEST_PIECE)
            while answer and len(answer) < min(_length(answer), LONGEST_ANSWER):
                if (left := deadline - time.monotonic()) <= 0:
                    raise TimeoutError("the core does not come to an end")
                link.settimeout(left)
                if not (more := link.recv(LONGEST_PIECE)):
                    break
                answer += more
        return answer


def _is_done(answer: bytes) -> bool:
    return len(answer) > 1 and answer[0] == MAGIC_AND_VERSION and answer[1] >> 4 == REPLY


def _length(answer: bytes) -> int:
    """The whole length of an answer that has begun."""
    if len(answer) < 6:
        return 6
    size = (answer[1] >> 2 & 0b11) + 1
    return 2 + size + COOKIE_BYTES + int.from_bytes(answer[2 : 2 + size], "big")


def encoded(method: str, arguments: tuple[Argument, ...], cookie: bytes) -> bytes:
    """A request as bytes.

    >>> encoded("a", (5,), b"0123").hex()
    'a1070005303132332161001005'
    """
    body = b"".join(_value(item) for item in (method, *arguments))
    sizes = (LENGTH_BYTES - 1) << 2 | (COOKIE_BYTES - 1)
    return bytes((MAGIC_AND_VERSION, REQUEST << 4 | sizes)) + len(body).to_bytes(LENGTH_BYTES, "big") + cookie + body


def _value(item: Argument) -> bytes:
    if isinstance(item, int):
        size = (item.bit_length() + 7) // 8 if item >= 0 else WORD_BYTES
        return bytes((size << 4 | INTEGER,)) + item.to_bytes(size, "big", signed=item < 0)
    data = item.encode() + b"\0"
    if len(data) < 8:
        return bytes((len(data) << 4 | TEXT,)) + data
    size = (len(data).bit_length() + 7) // 8
    return bytes((0x80 | size << 4 | TEXT,)) + len(data).to_bytes(size, "big") + data


def decoded(body: bytes) -> list[Argument]:
    """The plain values of an answer, one after the other; what only groups them is left out.

    >>> decoded(encoded("tm.stats", (5,), b"0123")[8:])
    ['tm.stats', 5]
    """
    found: list[Argument] = []
    place = 0
    while place < len(body):
        head = body[place]
        place += 1
        size, kind = head >> 4 & 0b111, head & 0b1111
        if kind not in (INTEGER, TEXT):
            continue
        if head & 0x80:
            length = int.from_bytes(body[place : place + size], "big")
            place, size = place + size, length
        value = body[place : place + size]
        place += size
        found.append(
            int.from_bytes(value, "big") if kind == INTEGER else value.rstrip(b"\0").decode("ascii", "replace")
        )
    return found
