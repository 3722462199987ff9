"""Netlink as bytes: messages, attributes and one question to the kernel. The formats are those of linux/netlink.h,
nfnetlink.h and nf_tables.h.
"""

import os
import socket
import struct
from collections.abc import Iterator
from contextlib import suppress
from typing import Final

NETFILTER: Final = 12
SOCK_DIAG: Final = 4
REQUEST: Final = 0x1
ACK: Final = 0x4
DUMP: Final = 0x300
CREATE: Final = 0x400
NESTED: Final = 0x8000
ERROR: Final = 2
DONE: Final = 3
INET: Final = 1
NF_TABLES: Final = 10
BATCH_BEGIN: Final = 0x10
BATCH_END: Final = 0x11
PATIENCE: Final = 2.0
SEND_BYTES: Final = 32 << 20
RECEIVE_BYTES: Final = 1 << 18
SO_SNDBUFFORCE: Final = 32
SO_RCVBUFFORCE: Final = 33
_HEADER: Final = struct.Struct("=IHHII")
_NFGEN: Final = struct.Struct("!BBH")
_ATTRIBUTE: Final = struct.Struct("=HH")


def message(kind: int, flags: int, body: bytes) -> bytes:
    """One message; its body is complete and the kernel answers to whoever sent it."""
    return _HEADER.pack(_HEADER.size + len(body), kind, flags, 0, 0) + body


def netfilter_message(subsystem: int, kind: int, flags: int, family: int, body: bytes) -> bytes:
    return message(subsystem << 8 | kind, flags | REQUEST, _NFGEN.pack(family, 0, 0) + body)


def batch(messages: bytes) -> bytes:
    """What stands in one batch is one nf_tables transaction."""
    edge = _NFGEN.pack(0, 0, NF_TABLES)
    return message(BATCH_BEGIN, REQUEST, edge) + messages + message(BATCH_END, REQUEST | ACK, edge)


def attribute(kind: int, value: bytes) -> bytes:
    """One attribute, padded. The value is shorter than 64 KiB."""
    return _ATTRIBUTE.pack(_ATTRIBUTE.size + len(value), kind) + value + bytes(-len(value) % 4)


def nested(kind: int, value: bytes) -> bytes:
    return attribute(kind | NESTED, value)


def text(kind: int, value: str) -> bytes:
    return attribute(kind, value.encode() + b"\0")


def attributes(body: bytes) -> Iterator[tuple[int, bytes]]:
    """Kind and value of each attribute."""
    at = 0
    while at + _ATTRIBUTE.size <= len(body):
        length, kind = _ATTRIBUTE.unpack_from(body, at)
        if length < _ATTRIBUTE.size:
            return
        yield kind & 0x3FFF, body[at + _ATTRIBUTE.size : at + length]
        at += (length + 3) & ~3


def split(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Kind and body of each message in one datagram."""
    at = 0
    while at + _HEADER.size <= len(data):
        length, kind, *_ = _HEADER.unpack_from(data, at)
        if length < _HEADER.size:
            return
        yield kind, data[at + _HEADER.size : at + length]
        at += (length + 3) & ~3


class Netlink:
    """One socket, one question at a time. Errors of the kernel are raised as OSError."""

    def __init__(self, protocol: int) -> None:
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, protocol)
        self._socket.settimeout(PATIENCE)
        self._socket.bind((0, 0))

    def allow_large_sends(self) -> None:
        """A batch must fit into the send buffer as a whole. Needs CAP_NET_ADMIN."""
        self._socket.setsockopt(socket.SOL_SOCKET, SO_SNDBUFFORCE, SEND_BYTES)

    def ask(self, request: bytes) -> Iterator[tuple[int, bytes]]:
        """The answers to a dump, kind and body each, until the kernel says that this was all."""
        self._drain()
        self._socket.send(request)
        while True:
            for kind, body in split(self._socket.recv(RECEIVE_BYTES)):
                if kind == DONE:
                    return
                if kind == ERROR:
                    _check(body)
                    return
                yield kind, body

    def tell(self, request: bytes) -> None:
        """Sends what the kernel acknowledges once. Raises OSError."""
        for _ in self.ask(request):
            pass

    def _drain(self) -> None:
        """What an earlier question left, because it was given up, must not be taken for the answer to the next."""
        self._socket.settimeout(0)
        with suppress(BlockingIOError):
            while True:
                self._socket.recv(RECEIVE_BYTES)
        self._socket.settimeout(PATIENCE)

    def close(self) -> None:
        self._socket.close()


def _check(body: bytes) -> None:
    code = int.from_bytes(body[:4], "little" if struct.pack("=H", 1)[0] else "big", signed=True)
    if code:
        raise OSError(-code, os.strerror(-code))
