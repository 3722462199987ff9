"""Audio sealed at rest: whoever writes it holds a public key and cannot read it again.

A file is a header with an ephemeral X25519 key, then chunks of AES-256-GCM. Each chunk is bound to the file's name, its
place and whether it is the last, so chunks can be neither exchanged nor left out unnoticed. A file whose writer was
killed has no last chunk: it opens, and says so.
"""

import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

MAGIC: Final = b"RFAUDIO1"
KEY_BYTES: Final = 32
CHUNK: Final = 8000
"""One second of one channel: so much is lost at most when the writer is killed."""

_LENGTH: Final = struct.Struct(">IB")
_TAG_BYTES: Final = 16
_HEAD_BYTES: Final = len(MAGIC) + KEY_BYTES


class SealBroken(Exception):
    """The file is no sealed audio, was altered, has another name, or belongs to another key."""


def public_key(private: bytes) -> bytes:
    """The key to write with, from the key to read with."""
    return X25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()


class SealedWriter:
    """Writes one file that must not exist yet; nothing of the audio is ever on the disk in the clear."""

    def __init__(self, path: Path, recipient: bytes) -> None:
        ephemeral = X25519PrivateKey.generate()
        own = ephemeral.public_key().public_bytes_raw()
        shared = ephemeral.exchange(X25519PublicKey.from_public_bytes(recipient))
        self._cipher = _cipher(shared, own, recipient)
        self._name = path.name.encode()
        self._count = 0
        self._pending = bytearray()
        self.size = 0
        """Bytes of audio, those not written yet included."""
        self._file: BinaryIO = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o660), "wb", buffering=0)
        self._write(MAGIC + own)

    def write(self, audio: bytes) -> None:
        """Raises OSError when the disk is full."""
        self._pending += audio
        self.size += len(audio)
        while len(self._pending) > CHUNK:
            self._put(bytes(self._pending[:CHUNK]), last=False)
            del self._pending[:CHUNK]

    def close(self) -> None:
        """Writes the last chunk; after that the file is whole."""
        self._put(bytes(self._pending), last=True)
        self._file.close()

    def abandon(self) -> None:
        """Leaves the file as it is, without an end."""
        self._file.close()

    def _put(self, part: bytes, *, last: bool) -> None:
        sealed = self._cipher.encrypt(_nonce(self._count), part, _bound_to(self._name, last))
        self._write(_LENGTH.pack(len(sealed), last) + sealed)
        self._count += 1

    def _write(self, data: bytes) -> None:
        """All of it, or OSError: a disk that is nearly full takes a part and says how much."""
        left = memoryview(data)
        while left:
            left = left[self._file.write(left) :]


class SealedReader:
    """Reads one sealed file. `whole` is known after the last chunk. Raises SealBroken or OSError."""

    def __init__(self, path: Path, private: bytes) -> None:
        key = X25519PrivateKey.from_private_bytes(private)
        self._name = path.name.encode()
        self._path = path
        self.whole = False
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
        if len(head) != _HEAD_BYTES or not head.startswith(MAGIC):
            raise SealBroken(f"{path.name} is no sealed audio")
        sender = head[len(MAGIC) :]
        shared = key.exchange(X25519PublicKey.from_public_bytes(sender))
        self._cipher = _cipher(shared, sender, key.public_key().public_bytes_raw())

    def chunks(self, passed: int = 0) -> Iterator[bytes]:
        """The audio, piece by piece. A chunk that the killed writer left half is not returned.

        The first `passed` chunks are skipped without opening them; each but the last holds CHUNK bytes.
        """
        with self._path.open("rb") as file:
            file.seek(_HEAD_BYTES)
            count = 0
            while len(head := file.read(_LENGTH.size)) == _LENGTH.size:
                length, last = _LENGTH.unpack(head)
                if length > CHUNK + _TAG_BYTES or last > 1:
                    raise SealBroken(f"{self._name.decode()}: chunk {count} was altered")
                sealed = file.read(length)
                if len(sealed) < length:
                    return
                if count >= passed:
                    yield self._opened(count, sealed, bool(last))
                count += 1
                if last:
                    self.whole = True
                    return

    def _opened(self, count: int, sealed: bytes, last: bool) -> bytes:
        try:
            return self._cipher.decrypt(_nonce(count), sealed, _bound_to(self._name, last))
        except InvalidTag as error:
            raise SealBroken(f"{self._name.decode()}: chunk {count} does not open with this key") from error


def read_sealed(path: Path, private: bytes) -> bytes:
    """The whole audio of a file. Raises SealBroken or OSError."""
    return b"".join(SealedReader(path, private).chunks())


def _cipher(shared: bytes, sender: bytes, recipient: bytes) -> AESGCM:
    return AESGCM(HKDF(SHA256(), KEY_BYTES, salt=sender + recipient, info=b"ringfence audio").derive(shared))


def _nonce(count: int) -> bytes:
    return count.to_bytes(12, "big")


def _bound_to(name: bytes, last: bool) -> bytes:
    return name + (b"\x01" if last else b"\x00")
