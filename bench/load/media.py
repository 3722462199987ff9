"""Streams of 20 ms of silence as RTP packets, made before they are sent, plain or encrypted."""

from typing import Final

from ringfence.lab import srtp
from ringfence.lab.srtp import Keys

PAYLOAD: Final = b"\xd5" * srtp.SAMPLES


def plain(ssrc: int, count: int) -> list[bytes]:
    """In order."""
    return srtp.packets(ssrc, [PAYLOAD] * count)


def encrypted(ssrc: int, count: int, keys: Keys) -> list[bytes]:
    """The same packets as SRTP; fewer than 65,536 of them."""
    return srtp.encrypted(plain(ssrc, count), keys)
