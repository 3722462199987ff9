"""WebSocket frames as they should not be (RFC 6455 section 5), and the doors they are brought to."""

import os
import select
import ssl
import struct
import time
from contextlib import suppress
from enum import IntEnum
from threading import Thread
from typing import Final

from ringfence.lab.network import PBX_ADDRESS, Host
from ringfence.lab.softphone import unchecked_tls

WSS, WSI = 5065, 8885
_HEAD_END: Final = b"\r\n\r\n"


class Op(IntEnum):
    """What a frame is."""

    CONTINUATION = 0
    TEXT = 1
    BINARY = 2
    RESERVED = 3
    CLOSE = 8
    PING = 9
    RESERVED_CONTROL = 11


def frame(
    op: Op, payload: bytes = b"", *, last: bool = True, reserved: int = 0, masked: bool = True, declared: int = -1
) -> bytes:
    """One frame; `declared` is a length that it says instead of its own."""
    length = declared if declared >= 0 else len(payload)
    first, mask = last << 7 | reserved << 4 | op, masked << 7
    if length < 126:
        head = struct.pack("!BB", first, mask | length)
    elif length < 1 << 16:
        head = struct.pack("!BBH", first, mask | 126, length)
    else:
        head = struct.pack("!BBQ", first, mask | 127, length)
    if not masked:
        return head + payload
    key = os.urandom(4)
    return head + key + bytes(one ^ key[place % 4] for place, one in enumerate(payload))


def opened(host: Host, port: int, token: str = "") -> ssl.SSLSocket:
    """A WebSocket at this door, as a page of the PBX or a listener with a token opens it."""
    plain = host.tcp()
    plain.settimeout(6)
    plain.connect((PBX_ADDRESS, port))
    link = unchecked_tls().wrap_socket(plain)
    own = f"Authorization: Bearer {token}" if port == WSI else "Sec-WebSocket-Protocol: sip"
    origin = f"Origin: https://{PBX_ADDRESS}"
    link.sendall(
        f"GET / HTTP/1.1\r\nHost: {PBX_ADDRESS}:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n{origin}\r\n"
        f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{own}\r\n\r\n".encode()
    )
    head = b""
    while not head.endswith(_HEAD_END):
        head += link.recv(1)
    assert head.startswith(b"HTTP/1.1 101 "), head
    return link


def poured(link: ssl.SSLSocket, raw: bytes, times: int = 1) -> None:
    """Sends as much of it as goes: the connection may be ended meanwhile, or take no more.

    In a thread of its own: OpenSSL keeps a failed send in the thread's queue of errors, and the next read there of
    another connection would be told of it.
    """

    def pour() -> None:
        with suppress(OSError):
            for _ in range(times):
                link.sendall(raw)

    work = Thread(target=pour)
    work.start()
    work.join()


def closed_within(link: ssl.SSLSocket, seconds: float) -> bool:
    """Whether the other side ends it; what it says before is read and forgotten."""
    link.setblocking(False)
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            if not link.recv(65_536):
                return True
        except ssl.SSLWantReadError:
            select.select([link], [], [], 0.1)
        except OSError:
            return True
    return False


def said(link: ssl.SSLSocket, word: bytes, seconds: float = 4.0) -> bool:
    """Whether this comes in time."""
    link.settimeout(seconds)
    found = b""
    try:
        while word not in found:
            data = link.recv(65_536)
            found += data
            if not data:
                return False
    except OSError:
        return False
    return True
