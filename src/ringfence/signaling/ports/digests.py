"""The port to Kamailio's digests: asks for one, has it checked against an HA1, works one out."""

import os
from collections.abc import Callable
from typing import Any, Final

import KSR

from ringfence.policy.offenders.challenged import MD5, SHA_256, Challenge, credentials
from ringfence.policy.trunking.trunks import Login
from ringfence.signaling.ports.ksr import _yes, text

CNONCE_BYTES: Final = 8
WITH_QOP: Final = 1
STALE: Final = 16


def challenge(realm: str, proxy: bool, *, sha_256: bool = False, stale: bool = False) -> bool:
    """A 407 or 401 with a nonce bound to the source address and usable once; `stale` says that the last was used up."""
    ask = KSR.auth.proxy_challenge if proxy else KSR.auth.www_challenge
    flags = WITH_QOP | STALE if stale else WITH_QOP
    return _yes(_with_sha_256(ask, realm, flags) if sha_256 else ask(realm, flags))


def check_digest(realm: str, ha1: str, *, sha_256: bool = False) -> int:
    """Kamailio's judgement of the credentials against a hex HA1: 1, or a negative code."""
    check = KSR.auth.pv_auth_check
    code: Any = _with_sha_256(check, realm, ha1, 1, 0) if sha_256 else check(realm, ha1, 1, 0)
    return code if code.__class__ is int else -1


def _with_sha_256(act: Callable[..., Any], *words: str | int) -> Any:
    """The algorithm is the process's, and the script's own challenges are MD5's. Kamailio keeps a pointer to the name,
    so both names have to live as long as this module.
    """
    KSR.auth.auth_algorithm(SHA_256)
    try:
        return act(*words)
    finally:
        KSR.auth.auth_algorithm(MD5)


def credential_header(method: str) -> str:
    """The whole header with the credentials."""
    return text("$hdr(Authorization)" if method == "REGISTER" else "$hdr(Proxy-Authorization)")


def md5(words: str) -> str:
    """The MD5 of a text in hex, by Kamailio: workers load no hashlib."""
    KSR.pv.sets("$var(words)", words)
    return text("$(var(words){s.md5})")


def sha256(words: str) -> str:
    """The SHA-256 of a text in hex."""
    KSR.pv.sets("$var(words)", words)
    return text("$(var(words){s.sha256})")


def answer(code: int, challenge: Challenge, login: Login, request: tuple[str, str]) -> str:
    """The header that answers a provider's challenge of this code; `request` is the method and the URI."""
    digest = sha256 if challenge.algorithm == SHA_256 else md5
    name = "Authorization" if code == 401 else "Proxy-Authorization"
    return f"{name}: {credentials(challenge, login, request, os.urandom(CNONCE_BYTES).hex(), digest)}"
