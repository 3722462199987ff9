"""Seals secrets that must be readable again for a phone's configuration: AES-256-GCM, key outside the database."""

import os
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ringfence.portal import keys, places

VERSION: Final = b"\x01"
NONCE_BYTES: Final = 12


class SealBroken(Exception):
    """The sealed value was altered, belongs to another row, or the key file is another one."""


def seal(secret: str, bound_to: str) -> bytes:
    """Seals a secret so that it opens only for the same row (`bound_to` says which)."""
    nonce = os.urandom(NONCE_BYTES)
    return VERSION + nonce + _cipher().encrypt(nonce, secret.encode(), bound_to.encode())


def unseal(sealed: bytes, bound_to: str) -> str:
    """Raises SealBroken."""
    raw = bytes(sealed)
    if raw[:1] != VERSION:
        raise SealBroken(f"unknown seal version for {bound_to}")
    nonce, body = raw[1 : 1 + NONCE_BYTES], raw[1 + NONCE_BYTES :]
    try:
        return _cipher().decrypt(nonce, body, bound_to.encode()).decode()
    except InvalidTag as error:
        raise SealBroken(f"the sealed secret of {bound_to} does not open with this key") from error


def _cipher() -> AESGCM:
    return AESGCM(keys.key_bytes(places.SECRETS, "seal.key"))
