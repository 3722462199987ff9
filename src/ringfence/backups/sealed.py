"""The file of a backup: one line that says what it is, then sealed pieces.

Each piece is AES-256-GCM under a key of this file alone. Its nonce counts the pieces and marks the last one (STREAM,
Hoang et al. 2015), so a piece that is missing, swapped or cut off at the end is noticed.
"""

import json
import struct
from io import RawIOBase
from typing import IO, Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from ringfence.backups.lock import Lock, lock_from, opened, shared_with

KIND: Final = "ringfence backup"
FORMAT: Final = 1
PIECE: Final = 1 << 20
TAG: Final = 16
LONGEST_HEAD: Final = 4096


class NoBackup(Exception):
    """The file is no backup, or one of a later Ringfence."""


class Damaged(Exception):
    """The file was altered, is incomplete, or its disk is failing."""


class SealingWriter(RawIOBase):
    """A file to write plain bytes into; `close` seals the last piece. Without it the file is no complete backup."""

    def __init__(self, target: IO[bytes], lock: Lock) -> None:
        super().__init__()
        secret, passing = shared_with(lock)
        head = {"kind": KIND, "format": FORMAT, **lock.words, "passing": passing.hex()}
        self._head = json.dumps(head).encode() + b"\n"
        self._cipher = AESGCM(_key(secret, self._head))
        self._target, self._count, self._waiting = target, 0, bytearray()
        target.write(self._head)

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._waiting += data
        while len(self._waiting) > PIECE:
            self._seal(bytes(self._waiting[:PIECE]), last=False)
            del self._waiting[:PIECE]
        return len(data)

    def close(self) -> None:
        if not self.closed:
            self._seal(bytes(self._waiting), last=True)
        super().close()

    def _seal(self, piece: bytes, *, last: bool) -> None:
        self._target.write(self._cipher.encrypt(_nonce(self._count, last=last), piece, None))
        self._count += 1


class OpeningReader(RawIOBase):
    """The plain bytes of a backup. Raises NoBackup or WrongPassphrase at once, Damaged while it is read."""

    def __init__(self, source: IO[bytes], passphrase: str) -> None:
        super().__init__()
        head = source.readline(LONGEST_HEAD)
        lock, passing = _read_head(head)
        secret = opened(lock, passphrase).exchange(X25519PublicKey.from_public_bytes(passing))
        self._cipher = AESGCM(_key(secret, head))
        self._source, self._count, self._plain, self._ended = source, 0, b"", False
        self._next = source.read(PIECE + TAG)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._plain and not self._ended:
            self._open()
        taken = self._plain[: len(buffer)]
        buffer[: len(taken)] = taken
        self._plain = self._plain[len(taken) :]
        return len(taken)

    def _open(self) -> None:
        piece, self._next = self._next, self._source.read(PIECE + TAG)
        last = not self._next
        try:
            self._plain = self._cipher.decrypt(_nonce(self._count, last=last), piece, None)
        except InvalidTag as error:
            raise Damaged("the backup was altered or is incomplete") from error
        self._count, self._ended = self._count + 1, last


def read_lock_of(source: IO[bytes]) -> Lock:
    """The lock that a backup was closed with. Raises NoBackup."""
    return _read_head(source.readline(LONGEST_HEAD))[0]


def _read_head(head: bytes) -> tuple[Lock, bytes]:
    try:
        words = json.loads(head)
        if words["kind"] != KIND:
            raise NoBackup("this file is no backup of Ringfence")
        if words["format"] != FORMAT:
            raise NoBackup(f"this backup has format {words['format']}; this Ringfence reads format {FORMAT}")
        passing = bytes.fromhex(words["passing"])
        if len(passing) != 32:
            raise ValueError("passing")
        return lock_from(words), passing
    except (ValueError, KeyError, TypeError) as error:
        raise NoBackup("this file is no backup of Ringfence") from error


def _key(secret: bytes, head: bytes) -> bytes:
    """The head is part of the key, so whoever alters it gets a key that opens nothing."""
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=head).derive(secret)


def _nonce(count: int, *, last: bool) -> bytes:
    return struct.pack(">IIII", 0, 0, count, last)[4:]
