"""Passes the copy of SIP on to the collector of an administrator (Homer), without what must not leave this machine.

Kamailio sends HEP3 here, over loopback; what is secret is overwritten byte for byte, so that no length in the packet
changes (docs/adr/0049). A packet that is no HEP3 goes nowhere.
"""

import logging
import re
import socket
import struct
import time
from collections.abc import Callable
from contextlib import closing
from ipaddress import ip_address
from pathlib import Path
from typing import Final

from ringfence.hosts import ports
from ringfence.hosts.voice_network import VoiceNetwork, read_voice_network

LARGEST: Final = 65_535
LOOK_AGAIN: Final = 1.0
HEP3: Final = b"HEP3"
_CHUNK: Final = struct.Struct("!HHH")
_HEADER: Final = len(HEP3) + 2
_PAYLOAD: Final = (0, 15)
_COMPRESSED: Final = (0, 16)
_AUTH_KEY: Final = (0, 14)
_CREDENTIALS: Final = re.compile(
    rb"(?im)^(?P<kept>[ \t]*(?:(?:proxy-)?authorization|(?:proxy-)?authentication-info)[ \t]*:)"
    rb"(?P<secret>[^\n]*(?:\n[ \t][^\n]*)*)"
)
_KEYS: Final = re.compile(rb"(?im)^(?P<kept>a=(?:crypto|ice-pwd|key-mgmt):|k=)(?P<secret>[^\n]*)")
_VISIBLE: Final = re.compile(rb"\S")

log = logging.getLogger("capture")


def masked(packet: bytes) -> bytes | None:
    """The packet with what is secret overwritten, each length as it was; None for what is no HEP3 with plain SIP."""
    if packet[:4] != HEP3 or len(packet) < _HEADER or int.from_bytes(packet[4:_HEADER], "big") != len(packet):
        return None
    parts, at = [packet[:_HEADER]], _HEADER
    while at < len(packet):
        if at + _CHUNK.size > len(packet):
            return None
        vendor, kind, length = _CHUNK.unpack_from(packet, at)
        if length < _CHUNK.size or at + length > len(packet) or (vendor, kind) in (_COMPRESSED, _AUTH_KEY):
            return None
        start, end = at + _CHUNK.size, at + length
        parts += [packet[at:start], masked_sip(packet[start:end]) if (vendor, kind) == _PAYLOAD else packet[start:end]]
        at = end
    return b"".join(parts)


def masked_sip(message: bytes) -> bytes:
    """A SIP message without credentials, keys of SRTP and ICE, pressed digits and texts: a PIN goes in the body of an
    INFO (RFC 6086), what somebody wrote in that of a MESSAGE (RFC 3428), so those are overwritten as a whole.

    >>> masked_sip(b"REGISTER sip:a SIP/2.0\\nAuthorization: Digest a\\n\\n").splitlines()[1]
    b'Authorization: xxxxxx x'
    """
    for pattern in (_CREDENTIALS, _KEYS):
        message = pattern.sub(_overwritten, message)
    if not message.lstrip().upper().startswith((b"INFO", b"MESSAGE")):
        return message
    ends = [at + len(gap) for gap in (b"\r\n\r\n", b"\n\n") if (at := message.find(gap)) >= 0]
    end = min(ends, default=len(message))
    return message[:end] + _VISIBLE.sub(b"x", message[end:])


def _overwritten(found: re.Match[bytes]) -> bytes:
    return found["kept"] + _VISIBLE.sub(b"x", found["secret"])


def follow_capture(settings: Path) -> None:
    """Passes on for ever what the settings want; looks at them again each second."""
    while True:
        wanted = read_voice_network(settings)
        if not wanted.capture_address:
            time.sleep(LOOK_AGAIN)
            continue
        try:
            pass_on(wanted, lambda wanted=wanted: read_voice_network(settings) == wanted)  # type: ignore[misc]
        except OSError as error:
            log.error("the copy of SIP goes nowhere: %s", error)
            time.sleep(LOOK_AGAIN)


def pass_on(wanted: VoiceNetwork, goes_on: Callable[[], bool]) -> None:
    """Until `goes_on` says no, which is asked each second. Raises OSError if there is no way to the collector."""
    target = ip_address(wanted.capture_address)
    family = socket.AF_INET6 if target.version == 6 else socket.AF_INET
    with (
        closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as source,
        closing(socket.socket(family, socket.SOCK_DGRAM)) as out,
    ):
        source.bind(("127.0.0.1", ports.CAPTURE))
        source.settimeout(LOOK_AGAIN)
        place, asked = (wanted.capture_address, wanted.capture_port), time.monotonic()
        while time.monotonic() < asked + LOOK_AGAIN or goes_on():
            if time.monotonic() >= asked + LOOK_AGAIN:
                asked = time.monotonic()
            _one(source, out, place)


def _one(source: socket.socket, out: socket.socket, place: tuple[str, int]) -> None:
    """A collector that is away costs nothing: what it refuses is gone."""
    try:
        packet = masked(source.recv(LARGEST))
        if packet is not None:
            out.sendto(packet, place)
    except TimeoutError:
        return
    except OSError as error:
        log.debug("%s", error)
