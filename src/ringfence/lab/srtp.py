"""Encrypted streams as a phone sends them: SRTP with AEAD_AES_256_GCM (RFC 3711, RFC 7714)."""

import base64
import os
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

SUITE: Final = "AEAD_AES_256_GCM"
PCMA: Final = 8
SAMPLES: Final = 160
"""20 ms at 8 kHz."""

HEAD: Final = struct.Struct("!BBHII")
_KEY, _SALT = 32, 12


@dataclass(frozen=True, slots=True)
class Keys:
    """A master key with its salt."""

    raw: bytes

    @property
    def inline(self) -> str:
        """As a session description writes it (RFC 4568)."""
        return f"{SUITE} inline:{base64.b64encode(self.raw).decode()}"


def new_keys() -> Keys:
    return Keys(os.urandom(_KEY + _SALT))


def keys_in(body: bytes) -> Keys:
    """The keys of the first line of a session description that has some for this suite. Raises ValueError."""
    _, found, rest = body.decode().partition(f"{SUITE} inline:")
    raw = base64.b64decode(rest.split()[0].partition("|")[0] if found else "")
    if len(raw) != _KEY + _SALT:
        raise ValueError("the session description has no keys for AEAD_AES_256_GCM")
    return Keys(raw)


def packets(ssrc: int, payloads: Iterable[bytes]) -> list[bytes]:
    """RTP packets of G.711 (RFC 3550), 20 ms each, in order; fewer than 65,536, so that no roll-over happens."""
    return [HEAD.pack(0x80, PCMA, number, SAMPLES * number, ssrc) + payload for number, payload in enumerate(payloads)]


def encrypted(plain: Iterable[bytes], keys: Keys) -> list[bytes]:
    """The same packets as SRTP."""
    stream = _Stream(keys)
    return [stream.sealed(packet) for packet in plain]


def opened(packet: bytes, keys: Keys) -> bytes:
    """What is in an SRTP packet; nothing when these keys did not make it."""
    return _Stream(keys).opened(packet)


class _Stream:
    def __init__(self, keys: Keys) -> None:
        self._cipher = AESGCM(_derived(keys, 0, _KEY))
        self._salt = int.from_bytes(_derived(keys, 2, _SALT))

    def sealed(self, packet: bytes) -> bytes:
        head = packet[: HEAD.size]
        return head + self._cipher.encrypt(self._nonce(head), packet[HEAD.size :], head)

    def opened(self, packet: bytes) -> bytes:
        head = packet[: HEAD.size]
        try:
            return self._cipher.decrypt(self._nonce(head), packet[HEAD.size :], head)
        except InvalidTag:
            return b""

    def _nonce(self, head: bytes) -> bytes:
        """Of the first 65,536 packets (RFC 7714 section 8.1)."""
        _, _, number, _, ssrc = HEAD.unpack(head)
        return bytes((self._salt ^ (ssrc << 48 | number)).to_bytes(_SALT))


def _derived(keys: Keys, label: int, length: int) -> bytes:
    """A session key or salt (RFC 3711 section 4.3)."""
    salt = int.from_bytes(keys.raw[_KEY:].ljust(14, b"\0"))
    counter = ((salt ^ label << 48) << 16).to_bytes(16)
    stream = Cipher(algorithms.AES(keys.raw[:_KEY]), modes.CTR(counter)).encryptor()
    return stream.update(bytes(length))
