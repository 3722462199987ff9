"""A stranger whose address others name as their own for ICE, and what reaches him."""

import select
import socket
from contextlib import ExitStack
from typing import Final, Self

from ringfence.lab import sip
from ringfence.lab.network import Host, Lab
from ringfence.lab.webphone import OF_A_BROWSER

NUMBER: Final = 48
PORTS: Final = tuple(range(40_000, 40_020))
LISTENED_FOR: Final = 0.6
"""Seconds. The relay sends to one more place every 20 milliseconds."""


class Victim:
    def __init__(self, lab: Lab) -> None:
        self._host: Host = lab.host("victim", NUMBER)
        self._open = ExitStack()
        self._sockets: list[socket.socket] = []

    def __enter__(self) -> Self:
        self._sockets = [self._open.enter_context(self._host.udp(port)) for port in PORTS]
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def described(self, profile: str = "UDP/TLS/RTP/SAVPF", setup: str = "actpass") -> bytes:
        """What a browser says, with all places those of the victim: forty candidates."""
        address = self._host.address
        named = "".join(
            f"a=candidate:{port} {part} UDP {2**24 + port} {address} {port} typ host\r\n"
            for port in PORTS
            for part in (1, 2)
        )
        plain = sip.sdp(address, PORTS[0]).replace(b"RTP/AVP", profile.encode())
        return plain + OF_A_BROWSER.replace(b"setup:active", f"setup:{setup}".encode()) + named.encode()

    def reached(self) -> int:
        """How many of the victim's ports heard anything."""
        found: set[socket.socket] = set()
        while waiting := [one for one in self._sockets if one not in found]:
            ready = select.select(waiting, [], [], LISTENED_FOR)[0]
            if not ready:
                break
            found.update(ready)
        return len(found)
