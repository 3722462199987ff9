"""Notices when somebody else changes our table: a look at the kernel's own notifications, not at the ruleset.

nf_tables tells the multicast group NFNLGRP_NFTABLES every change, and closes each transaction with a message that
names the process (NFT_MSG_NEWGEN). So a flush is seen at once, and our own changes are told from those of others.
"""

import socket
import struct
from collections.abc import Iterator
from typing import Final

from ringfence.guard.ruleset import TABLE_NAME

NETLINK_NETFILTER: Final = 12
NFNLGRP_NFTABLES: Final = 7
SUBSYSTEM: Final = 10
NEWTABLE: Final = 0
GETTABLE: Final = 1
NEWGEN: Final = 15
ATTR_TABLE: Final = 1
ATTR_TABLE_HANDLE: Final = 4
ATTR_GEN_PID: Final = 2
NLM_F_REQUEST: Final = 1
NFPROTO_INET: Final = 1
RECEIVE_BYTES: Final = 8 << 20
SO_RCVBUFFORCE: Final = 33
_HEADER: Final = struct.Struct("=IHHII")
_ATTR: Final = struct.Struct("=HH")


class KernelWatch:
    """One multicast socket to listen, one to ask. Needs CAP_NET_ADMIN in the network namespace."""

    def __init__(self) -> None:
        self._news = socket.socket(
            socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC, NETLINK_NETFILTER
        )
        self._news.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BYTES)
        self._news.bind((0, 1 << (NFNLGRP_NFTABLES - 1)))
        self._ask = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, NETLINK_NETFILTER)
        self._ask.settimeout(0.5)
        self._own_pid = 0
        self._handle: int | None = None
        self._touched = False

    def fileno(self) -> int:
        return self._news.fileno()

    def learn(self) -> None:
        """Call right after installing the table: whoever announced it is us, also across process-id namespaces."""
        created, pid = False, 0
        for kind, body in self._messages():
            if kind == NEWTABLE and _names_table(body):
                created = True
            elif kind == NEWGEN and created:
                pid = _generation_pid(body)
                created = False
        self._own_pid = pid or self._own_pid
        self._touched = False
        self._handle = self.table_handle()

    def meddled(self) -> bool:
        """Whether another process changed our table since the last look."""
        meddled = False
        for kind, body in self._messages():
            if kind != NEWGEN:
                self._touched = self._touched or _names_table(body)
                continue
            meddled = meddled or (self._touched and _generation_pid(body) != self._own_pid)
            self._touched = False
        return meddled

    def gone(self) -> bool:
        """Whether our table is missing or is another than the one installed; for the case that a notification was
        lost.
        """
        return self.table_handle() != self._handle

    def table_handle(self) -> int | None:
        """The kernel's number of our table, None if there is none."""
        name = TABLE_NAME.encode() + b"\0"
        padded = name + bytes(-len(name) % 4)
        body = struct.pack(">BBH", NFPROTO_INET, 0, 0) + _ATTR.pack(4 + len(name), ATTR_TABLE) + padded
        message = _HEADER.pack(_HEADER.size + len(body), SUBSYSTEM << 8 | GETTABLE, NLM_F_REQUEST, 1, 0) + body
        try:
            self._ask.send(message)
            answer = self._ask.recv(8192)
        except OSError:
            return None
        for kind, found in _split(answer):
            if kind == NEWTABLE:
                handle = dict(_attributes(found)).get(ATTR_TABLE_HANDLE)
                return int.from_bytes(handle, "big") if handle else None
        return None

    def close(self) -> None:
        self._news.close()
        self._ask.close()

    def _messages(self) -> Iterator[tuple[int, bytes]]:
        while True:
            try:
                data = self._news.recv(1 << 17)
            except BlockingIOError:
                return
            except OSError:
                continue  # ENOBUFS: more news than the buffer holds; `gone` covers what was lost
            yield from _split(data)


def _split(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The nf_tables messages in one datagram as (message, body after the nfnetlink header)."""
    at = 0
    while at + _HEADER.size <= len(data):
        length, kind, *_ = _HEADER.unpack_from(data, at)
        if length < _HEADER.size:
            return
        if kind >> 8 == SUBSYSTEM:
            yield kind & 0xFF, data[at + _HEADER.size + 4 : at + length]
        at += (length + 3) & ~3


def _attributes(body: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + _ATTR.size <= len(body):
        length, kind = _ATTR.unpack_from(body, at)
        if length < _ATTR.size:
            return
        yield kind & 0x3FFF, body[at + _ATTR.size : at + length]
        at += (length + 3) & ~3


def _names_table(body: bytes) -> bool:
    """In every message but NEWGEN the first attribute is the table's name."""
    return (
        next((value for kind, value in _attributes(body) if kind == ATTR_TABLE), b"").rstrip(b"\0")
        == TABLE_NAME.encode()
    )


def _generation_pid(body: bytes) -> int:
    return int.from_bytes(dict(_attributes(body)).get(ATTR_GEN_PID, b"\0"), "big")
