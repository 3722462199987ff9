"""Lets a phone that is no browser use a secure WebSocket as a page would: adds TLS and the page's Origin."""

import select
import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Final, Self

from ringfence.lab.network import PBX_ADDRESS, Host
from ringfence.lab.softphone import unchecked_tls

PORT: Final = 5065
HERE: Final = "127.0.0.1"
_BLANK: Final = b"\r\n\r\n"
_SHORTEST: Final = 6
_TWO_BYTES: Final = 126
_MARK: Final = 65
type Spoil = Callable[[bytes], bytes]
"""What is done to each message of the phone; its length must stay."""

_DETOUR: Final = """\
table inet door {{
    chain output {{
        type nat hook output priority dstnat
        ip daddr {pbx} tcp dport {port} meta mark != {mark} redirect to :{door}
    }}
}}
"""


class WebDoor:
    """What one lab host sends to the PBX as a plain WebSocket goes through this door and leaves as a secure one."""

    def __init__(self, host: Host, port: int = 4465, spoil: Spoil | None = None) -> None:
        self.host, self.port, self._spoil = host, port, spoil
        self._listening = host.tcp(port, HERE)
        rules = _DETOUR.format(pbx=PBX_ADDRESS, port=PORT, mark=_MARK, door=port)
        host.run("nft", "-f", "-", stdin=rules)
        self._listening.listen(4)
        self._open: list[socket.socket] = []
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        for one in (self._listening, *self._open):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        self._thread.join(3)

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                inner, _ = self._listening.accept()
                threading.Thread(target=self._carry, args=(inner,), daemon=True).start()

    def _carry(self, inner: socket.socket) -> None:
        self._open.append(inner)
        with suppress(OSError, ValueError):
            plain = self.host.tcp()
            plain.settimeout(5)
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, _MARK)
            plain.connect((PBX_ADDRESS, PORT))
            outer = unchecked_tls().wrap_socket(plain)
            self._open.append(outer)
            outer.sendall(_as_page(_request(inner)))
            outer.settimeout(None)
            _exchange(inner, outer, self._spoil)
        inner.close()


def _request(sock: socket.socket) -> bytes:
    found = b""
    while _BLANK not in found and len(found) < 8192:
        found += sock.recv(4096)
    return found


def _as_page(request: bytes) -> bytes:
    """The upgrade as a page of the PBX itself would ask for it."""
    head, _, rest = request.partition(_BLANK)
    lines = [line for line in head.split(b"\r\n") if not line.lower().startswith((b"host:", b"origin:"))]
    place = PBX_ADDRESS.encode()
    lines[1:1] = [b"Host: %s:%d" % (place, PORT), b"Origin: https://%s" % place]
    return b"\r\n".join(lines) + _BLANK + rest


def _exchange(inner: socket.socket, outer: ssl.SSLSocket, spoil: Spoil | None) -> None:
    sent = b""
    while True:
        ready = [outer] if outer.pending() else select.select([inner, outer], [], [])[0]
        for source in ready:
            data = source.recv(65_536)
            if not data:
                return
            if source is inner and spoil is not None:
                data, sent = _spoiled(sent + data, spoil)
            (outer if source is inner else inner).sendall(data)


def _spoiled(stream: bytes, spoil: Spoil) -> tuple[bytes, bytes]:
    """The whole frames of a client (RFC 6455 section 5.2), each changed, and what is not whole yet."""
    done = b""
    while frame := _first_frame(stream):
        head, mask, length = frame
        start = head + len(mask)
        text = spoil(_masked(stream[start : start + length], mask))
        done += stream[:start] + _masked(text, mask)
        stream = stream[start + length :]
    return done, stream


def _first_frame(stream: bytes) -> tuple[int, bytes, int] | None:
    """Where the mask of the first frame stands, the mask and the length behind it; None while it is not whole."""
    if len(stream) < _SHORTEST:
        return None
    length, head = stream[1] & 0x7F, 2
    if length == _TWO_BYTES:
        length, head = int.from_bytes(stream[2:4]), 4
    mask = stream[head : head + 4]
    return (head, mask, length) if len(stream) >= head + 4 + length else None


def _masked(text: bytes, mask: bytes) -> bytes:
    return bytes(one ^ mask[place % 4] for place, one in enumerate(text))
