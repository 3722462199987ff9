"""Streams of RTP packets (RFC 3550), made before they are sent, plain or as SRTP with AEAD_AES_256_GCM (RFC 7714)."""

import base64
import os
import struct
from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

SUITE: Final = "AEAD_AES_256_GCM"
PAYLOAD: Final = b"\xd5" * 160
_HEAD: Final = struct.Struct("!BBHII")
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


def plain(ssrc: int, count: int) -> list[bytes]:
    """Packets of 20 ms of silence, in order."""
    return [_head(ssrc, number) + PAYLOAD for number in range(count)]


def encrypted(ssrc: int, count: int, keys: Keys) -> list[bytes]:
    """The same packets as SRTP; fewer than 65,536 of them, so that no roll-over happens."""
    key, salt = _derived(keys, 0, _KEY), int.from_bytes(_derived(keys, 2, _SALT))
    cipher, found = AESGCM(key), []
    for number in range(count):
        head = _head(ssrc, number)
        nonce = (salt ^ (ssrc << 48 | number)).to_bytes(_SALT)
        found.append(head + cipher.encrypt(nonce, PAYLOAD, head))
    return found


def _head(ssrc: int, number: int) -> bytes:
    return _HEAD.pack(0x80, 8, number, 160 * number, ssrc)


def _derived(keys: Keys, label: int, length: int) -> bytes:
    """A session key or salt (RFC 3711 section 4.3)."""
    salt = int.from_bytes(keys.raw[_KEY:].ljust(14, b"\0"))
    counter = ((salt ^ label << 48) << 16).to_bytes(16)
    stream = Cipher(algorithms.AES(keys.raw[:_KEY]), modes.CTR(counter)).encryptor()
    return stream.update(bytes(length))
