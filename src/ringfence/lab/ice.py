"""The ICE agent of a browser on one port (RFC 8445): it proves the path to the relay, and passes DTLS on to a program
of this host that knows nothing of ICE.
"""

import hmac
import os
import re
import select
import socket
import struct
import threading
import zlib
from contextlib import suppress
from typing import Final, Self

from ringfence.lab.network import Host

FRAGMENT, PASSWORD = "lab0", "laboratory-without-a-browser"
"""What the answer of a scripted browser names (`webphone.OF_A_BROWSER`)."""

HERE: Final = "127.0.0.1"
_COOKIE: Final = 0x2112A442
_REQUEST, _RESPONSE = 0x0001, 0x0101
_USERNAME, _INTEGRITY, _MAPPED, _PRIORITY, _FINGERPRINT, _CONTROLLED = 0x0006, 0x0008, 0x0020, 0x0024, 0x8028, 0x8029
_SIGNATURE_LENGTH: Final = 24
_CHECKSUM_LENGTH: Final = 8
_EVERY: Final = 0.1
"""Seconds between two checks."""


class IceDoor:
    """Between the relay and the program that speaks to `inner`. RFC 8445 section 7: the relay made the offer, so it
    controls and this side is controlled."""

    def __init__(self, host: Host, port: int, offer: bytes, relay: tuple[str, int]) -> None:
        self._outer, self._relay = host.udp(port), relay
        self._inner = host.udp(0, HERE)
        self._program: tuple[str, int] | None = None
        self._name = f"{_said(offer, 'ice-ufrag')}:{FRAGMENT}".encode()
        self._theirs = _said(offer, "ice-pwd").encode()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    @property
    def inner(self) -> tuple[str, int]:
        place: tuple[str, int] = self._inner.getsockname()[:2]
        return place

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join(3)
        self._outer.close()
        self._inner.close()

    def _serve(self) -> None:
        while not self._ended.is_set():
            with suppress(OSError):
                self._outer.sendto(self._check(), self._relay)
            for ready in select.select([self._outer, self._inner], [], [], _EVERY)[0]:
                with suppress(OSError):
                    self._carry(ready)

    def _carry(self, ready: socket.socket) -> None:
        data, source = ready.recvfrom(65_535)
        if ready is self._inner:
            self._program = source
            self._outer.sendto(data, self._relay)
        elif data[4:8] == struct.pack("!I", _COOKIE):
            if data[:2] == struct.pack("!H", _REQUEST):
                self._outer.sendto(_answer(data, source), source)
        elif self._program is not None:
            self._inner.sendto(data, self._program)

    def _check(self) -> bytes:
        attributes = _attribute(_USERNAME, self._name) + _attribute(_PRIORITY, struct.pack("!I", 2**30))
        attributes += _attribute(_CONTROLLED, os.urandom(8))
        return _signed(_REQUEST, os.urandom(12), attributes, self._theirs)


def _answer(request: bytes, source: tuple[str, int]) -> bytes:
    port = source[1] ^ (_COOKIE >> 16)
    address = int.from_bytes(socket.inet_aton(source[0])) ^ _COOKIE
    mapped = _attribute(_MAPPED, struct.pack("!BBHI", 0, 1, port, address))
    return _signed(_RESPONSE, request[8:20], mapped, PASSWORD.encode())


def _signed(kind: int, transaction: bytes, attributes: bytes, key: bytes) -> bytes:
    """A STUN message (RFC 8489 section 5): each closing attribute is made of what stands before it, with a length that
    counts it already."""

    def head(length: int) -> bytes:
        return struct.pack("!HHI", kind, length, _COOKIE) + transaction

    signed = head(len(attributes) + _SIGNATURE_LENGTH) + attributes
    attributes += _attribute(_INTEGRITY, hmac.digest(key, signed, "sha1"))
    summed = head(len(attributes) + _CHECKSUM_LENGTH) + attributes
    return summed + _attribute(_FINGERPRINT, struct.pack("!I", zlib.crc32(summed) ^ 0x5354554E))


def _attribute(kind: int, value: bytes) -> bytes:
    return struct.pack("!HH", kind, len(value)) + value + bytes(-len(value) % 4)


def _said(offer: bytes, name: str) -> str:
    found = re.search(rf"a={name}:(\S+)", offer.decode())
    if found is None:
        raise ValueError(f"the offer names no {name}")
    return found[1]
