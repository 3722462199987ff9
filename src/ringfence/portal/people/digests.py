"""SIP secrets: generated, checked, and turned into the digests that workers compare (RFC 7616, 3.4.2)."""

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from ringfence.policy.people.passwords import REFERENCE, PasswordPolicy, check_password
from ringfence.policy.settings import Problem
from ringfence.portal.signin.passwords import is_common

ALPHABET: Final = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz23456789"
"""56 characters; 0, O, 1, l, I and o are left out or unmistakable, because somebody will read it from a screen."""

LENGTH: Final = 24
"""24 characters of 56 are 139 bits."""

SHORTEST_GIVEN: Final = 16


@dataclass(frozen=True, slots=True)
class Digests:
    """HA1 in hex: H(user:realm:secret)."""

    md5: str
    sha256: str


def digests(number: str, realm: str, secret: str) -> Digests:
    raw = f"{number}:{realm}:{secret}".encode()
    return Digests(hashlib.md5(raw, usedforsecurity=False).hexdigest(), hashlib.sha256(raw).hexdigest())


def new_secret(account: Iterable[str] = (), policy: PasswordPolicy = REFERENCE, shortest: int = LENGTH) -> str:
    """A random SIP secret, or with another length a first portal password, that keeps the tenant's password policy."""
    known, length = tuple(account), max(shortest, policy.shortest)
    while True:
        secret = "".join(secrets.choice(ALPHABET) for _ in range(length))
        if not check_password(secret, known, policy=policy):
            return secret


def secret_problems(secret: str, account: Iterable[str], policy: PasswordPolicy = REFERENCE) -> tuple[Problem, ...]:
    """Why a secret typed by a person is refused. Weak SIP secrets are what toll fraud lives on."""
    found: list[Problem] = []
    if len(secret) < SHORTEST_GIVEN:
        found.append(
            Problem(
                "sip_secret",
                "sip_secret.length",
                f"A SIP secret needs at least {SHORTEST_GIVEN} characters; leave it out to have one generated.",
            )
        )
    if not (secret.isascii() and secret.isprintable()) or " " in secret:
        found.append(
            Problem(
                "sip_secret",
                "sip_secret.characters",
                "A SIP secret may hold printable ASCII characters without blanks; phones fail on others.",
            )
        )
    return (*found, *check_password(secret, account, policy=policy, is_common=is_common, field="sip_secret"))
