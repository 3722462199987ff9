"""Asks the SIP core over its control socket: binrpc, as Kamailio's module ctl speaks it (core/binrpc.h)."""

import os
import socket
from pathlib import Path
from typing import Final

MAGIC_AND_VERSION: Final = 0xA1
REQUEST, REPLY = 0, 1
INTEGER, TEXT = 0, 1
COOKIE_BYTES: Final = 4
LENGTH_BYTES: Final = 2
PATIENCE: Final = 0.5
"""Seconds; the core answers in less than one millisecond."""

type Argument = int | str


class Core:
    """One question, one connection: a restarted core needs no reconnecting."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def end_call(self, entry: int, number: int) -> bool:
        """A BYE to both sides of the dialog. False when the core knows it no longer, or does not answer."""
        return self.ask("dlg.end_dlg", entry, number)

    def ask(self, method: str, *arguments: Argument) -> bool:
        """Whether the core did it."""
        cookie = os.urandom(COOKIE_BYTES)
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as link:
                link.settimeout(PATIENCE)
                link.connect(str(self._path))
                link.sendall(encoded(method, arguments, cookie))
                answer = link.recv(65_536)
        except OSError:
            return False
        return len(answer) > 1 and answer[0] == MAGIC_AND_VERSION and answer[1] >> 4 == REPLY


def encoded(method: str, arguments: tuple[Argument, ...], cookie: bytes) -> bytes:
    """A request as bytes.

    >>> encoded("a", (5,), b"0123").hex()
    'a107000530313233216100' '1005'
    """
    body = b"".join(_value(item) for item in (method, *arguments))
    sizes = (LENGTH_BYTES - 1) << 2 | (COOKIE_BYTES - 1)
    return bytes((MAGIC_AND_VERSION, REQUEST << 4 | sizes)) + len(body).to_bytes(LENGTH_BYTES, "big") + cookie + body


def _value(item: Argument) -> bytes:
    if isinstance(item, int):
        size = (item.bit_length() + 7) // 8
        return bytes((size << 4 | INTEGER,)) + item.to_bytes(size, "big")
    data = item.encode() + b"\0"
    if len(data) < 8:
        return bytes((len(data) << 4 | TEXT,)) + data
    size = (len(data).bit_length() + 7) // 8
    return bytes((0x80 | size << 4 | TEXT,)) + len(data).to_bytes(size, "big") + data
