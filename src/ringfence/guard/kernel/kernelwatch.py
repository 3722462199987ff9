"""Notices when somebody else changes our tables: a look at the kernel's own notifications, not at the ruleset.

nf_tables tells the multicast group NFNLGRP_NFTABLES every change, and closes each transaction with a message that
names the process (NFT_MSG_NEWGEN). So a flush is seen at once, and our own changes are told from those of others.
"""

import socket
from collections.abc import Iterator
from typing import Final

from ringfence.guard.kernel import blocklist, netlink, ruleset

NFNLGRP_NFTABLES: Final = 7
NEWTABLE: Final = netlink.NF_TABLES << 8
GETTABLE: Final = 1
NEWGEN: Final = netlink.NF_TABLES << 8 | 15
ATTR_TABLE: Final = 1
ATTR_TABLE_HANDLE: Final = 4
ATTR_GEN_PID: Final = 2
RECEIVE_BYTES: Final = 8 << 20
ADD_MEMBERSHIP: Final = 1
DROP_MEMBERSHIP: Final = 2
SOL_NETLINK: Final = 270
TABLES: Final = (ruleset.TABLE_NAME, blocklist.TABLE_NAME)
_NAMES: Final = frozenset(name.encode() for name in TABLES)

type Handles = dict[str, int | None]


class KernelWatch:
    """One multicast socket to listen, one to ask. Needs CAP_NET_ADMIN in the network namespace."""

    def __init__(self) -> None:
        self._news = socket.socket(
            socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC, netlink.NETFILTER
        )
        self._news.setsockopt(socket.SOL_SOCKET, netlink.SO_RCVBUFFORCE, RECEIVE_BYTES)
        self._news.bind((0, 0))
        self.listen()
        self._asking = netlink.Netlink(netlink.NETFILTER)
        self._own_pid = 0
        self._handles: Handles = {}
        self._touched = False

    def fileno(self) -> int:
        return self._news.fileno()

    def listen(self) -> None:
        self._news.setsockopt(SOL_NETLINK, ADD_MEMBERSHIP, NFNLGRP_NFTABLES)

    def ignore(self) -> None:
        """While a long list is loaded, its elements would all be told to us one by one. `gone` still looks."""
        self._news.setsockopt(SOL_NETLINK, DROP_MEMBERSHIP, NFNLGRP_NFTABLES)

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
        self._handles = self.handles()

    def meddled(self) -> bool:
        """Whether another process changed our tables since the last look."""
        meddled = False
        for kind, body in self._messages():
            if kind != NEWGEN:
                self._touched = self._touched or _names_table(body)
                continue
            meddled = meddled or (self._touched and _generation_pid(body) != self._own_pid)
            self._touched = False
        return meddled

    def gone(self) -> bool:
        """Whether one of our tables is missing or another than the one installed; for the case that a notification
        was lost.
        """
        return self.handles() != self._handles

    def handles(self) -> Handles:
        """The kernel's handle of each table, None where there is none."""
        return {name: self._handle(name) for name in TABLES}

    def _handle(self, name: str) -> int | None:
        request = netlink.netfilter_message(
            netlink.NF_TABLES, GETTABLE, netlink.ACK, netlink.INET, netlink.text(ATTR_TABLE, name)
        )
        try:
            bodies = [body for kind, body in self._asking.ask(request) if kind == NEWTABLE]
        except OSError:
            return None
        handle = dict(netlink.attributes(bodies[0][4:])).get(ATTR_TABLE_HANDLE) if bodies else None
        return int.from_bytes(handle, "big") if handle else None

    def close(self) -> None:
        self._news.close()
        self._asking.close()

    def _messages(self) -> Iterator[tuple[int, bytes]]:
        while True:
            try:
                data = self._news.recv(1 << 17)
            except BlockingIOError:
                return
            except OSError:
                continue  # ENOBUFS: more news than the buffer holds; `gone` covers what was lost
            yield from ((kind, body) for kind, body in netlink.split(data) if kind >> 8 == netlink.NF_TABLES)


def _names_table(body: bytes) -> bool:
    """In every message but NEWGEN the first attribute is the table's name."""
    return next((value for _, value in netlink.attributes(body[4:])), b"").rstrip(b"\0") in _NAMES


def _generation_pid(body: bytes) -> int:
    return int.from_bytes(dict(netlink.attributes(body[4:])).get(ATTR_GEN_PID, b"\0"), "big")
