"""Recovery codes: ten numbers, each of which stands in for the second factor once.

Of them only hashes are kept, made like a password's under one random salt for the ten (ASVS 6.5.2). So a try costs one
hash, and a copy of the database and its keys shows no code.
"""

import secrets
from typing import Any, Final

from django.contrib.auth.hashers import get_hasher
from django.utils.crypto import constant_time_compare

COUNT: Final = 10
DIGITS: Final = 10
"""33 bits each (ASVS 6.5.4 asks for 20)."""

SALT: Final = "salt"
HASHES: Final = "hashes"


def made() -> tuple[list[str], dict[str, Any]]:
    """Ten new codes, and what is kept of them."""
    salt = get_hasher().salt()
    codes = [f"{secrets.randbelow(10**DIGITS):0{DIGITS}}" for _ in range(COUNT)]
    return codes, {SALT: salt, HASHES: [_hash(code, salt) for code in codes]}


def is_kept(kept: dict[str, Any]) -> bool:
    """Whether these are hashes; codes of an older version lie there as a sealed seed."""
    return HASHES in kept


def without(kept: dict[str, Any], typed: str) -> dict[str, Any] | None:
    """What is kept once this code is spent; None when it is none of them."""
    if len(typed) != DIGITS:
        return None
    wanted = _hash(typed, kept[SALT])
    rest = [one for one in kept[HASHES] if not constant_time_compare(one, wanted)]
    return {**kept, HASHES: rest} if len(rest) < len(kept[HASHES]) else None


def left(kept: dict[str, Any]) -> int:
    return len(kept[HASHES])


def _hash(code: str, salt: str) -> str:
    return str(get_hasher().encode(code, salt))
