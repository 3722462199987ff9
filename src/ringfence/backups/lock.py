"""The lock of a backup: made by anybody from the lock alone, opened by whoever knows the passphrase.

The system keeps the public half, so nightly backups need no secret on the machine. The private half is an X25519 key
derived from the passphrase with scrypt (RFC 7914); nobody stores it.
"""

import json
import os
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

SHORTEST: Final = 12
"""Characters of a passphrase: whoever steals a backup can try passphrases without anybody noticing."""

_N, _R, _P = 1 << 16, 8, 1
"""64 MiB and about 0.2 s for each try."""


class WrongPassphrase(Exception):
    """The passphrase does not open this backup."""


class WeakPassphrase(Exception):
    """Too short to keep anybody out."""


@dataclass(frozen=True, slots=True)
class Lock:
    """What a machine may know: enough to close, too little to open."""

    salt: bytes
    public: bytes

    @property
    def words(self) -> dict[str, str]:
        return {"salt": self.salt.hex(), "public": self.public.hex()}


def lock_from(words: dict[str, Any]) -> Lock:
    """Raises ValueError."""
    try:
        lock = Lock(bytes.fromhex(words["salt"]), bytes.fromhex(words["public"]))
    except (KeyError, TypeError) as error:
        raise ValueError("this is no lock of a backup") from error
    if len(lock.salt) != 16 or len(lock.public) != 32:
        raise ValueError("this is no lock of a backup")
    return lock


def new_lock(passphrase: str) -> Lock:
    """Raises WeakPassphrase."""
    if len(passphrase) < SHORTEST:
        raise WeakPassphrase(f"a passphrase for backups has at least {SHORTEST} characters")
    if any("\ud800" <= character <= "\udfff" for character in passphrase):
        raise WeakPassphrase("a passphrase is made of whole characters; half a surrogate pair cannot be typed again")
    salt = os.urandom(16)
    return Lock(salt, _public(_derived(passphrase, salt)))


def opened(lock: Lock, passphrase: str) -> X25519PrivateKey:
    """The private half. Raises WrongPassphrase."""
    key = _derived(passphrase, lock.salt)
    if _public(key) != lock.public:
        raise WrongPassphrase("the passphrase does not open this backup")
    return key


def shared_with(lock: Lock) -> tuple[bytes, bytes]:
    """A secret that only the private half can find again, and the public half of the passing key that leads to it."""
    passing = X25519PrivateKey.generate()
    return passing.exchange(X25519PublicKey.from_public_bytes(lock.public)), _public(passing)


def read_lock(path: Path) -> Lock | None:
    """The lock the administrator set; None if there is none yet. Raises ValueError for a file that is no lock."""
    try:
        return lock_from(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None


def write_lock(path: Path, lock: Lock) -> None:
    path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
    staged = path.with_suffix(".staged")
    staged.write_text(json.dumps(lock.words), encoding="utf-8")
    staged.replace(path)


def _derived(passphrase: str, salt: bytes) -> X25519PrivateKey:
    """In one form of Unicode (NFC), so that another keyboard's umlaut opens it too."""
    words = unicodedata.normalize("NFC", passphrase).encode("utf-8", "surrogatepass")
    return X25519PrivateKey.from_private_bytes(Scrypt(salt=salt, length=32, n=_N, r=_R, p=_P).derive(words))


def _public(key: X25519PrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
