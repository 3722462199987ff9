"""Credentials of browser phones: made for one signed-in session, good for hours, and only over a WebSocket.

A phone keeps the extension's secret; a browser is never told it. It proves itself under a name of its own,
`101~3f9c0a77d2e1`, with a secret of its own (docs/adr/0028).
"""

from dataclasses import dataclass, replace
from typing import Final

from ringfence.policy.book import Subscriber

BEFORE_MARK: Final = "~"
"""Stands between the extension and the session's mark: no number holds it."""

KIND: Final = "browser"
TRANSPORTS: Final = frozenset({"ws", "wss"})
_FIELDS: Final = 4


@dataclass(frozen=True, slots=True)
class BrowserCredential:
    """What a browser may register and call as. `ha1` is hex (RFC 7616), `expires_at` Unix time in seconds."""

    aor: str
    user_id: int
    expires_at: float
    ha1: str


def is_browser(name: str) -> bool:
    """Whether a digest's user name is one of a browser.

    >>> is_browser("101~3f9c0a77d2e1"), is_browser("101")
    (True, False)
    """
    return BEFORE_MARK in name


def credential_key(name: str, realm: str) -> str:
    """Where the policy store keeps the credential of this name."""
    return f"{KIND}/{name}@{realm}"


def encode_credential(credential: BrowserCredential) -> bytes:
    """Raises ValueError for a field that would break the record."""
    values = (credential.aor, str(credential.user_id), repr(credential.expires_at), credential.ha1)
    if any("\n" in value for value in values):
        raise ValueError("a field of a browser's credential holds a line break")
    return "\n".join(values).encode()


def decode_credential(raw: bytes) -> BrowserCredential:
    """Raises ValueError on a malformed record.

    >>> decode_credential(encode_credential(BrowserCredential("101@a.example", 7, 60.0, "ab"))).user_id
    7
    """
    parts = raw.decode().split("\n")
    if len(parts) != _FIELDS:
        raise ValueError("this is no credential of a browser")
    aor, user_id, expires_at, ha1 = parts
    return BrowserCredential(aor, int(user_id), float(expires_at), ha1)


def proving(
    credential: BrowserCredential, owner: Subscriber | None, transport: str, now: float, unknown_ha1: str
) -> Subscriber | None:
    """The extension with the digest that this browser has to prove; None where the name is as good as unknown: over any
    other transport than a WebSocket, or when the extension has another owner by now.

    An expired credential is a previous secret: it proves nothing, and who still holds it is no attacker.
    """
    if transport not in TRANSPORTS or owner is None or owner.user_id != credential.user_id:
        return None
    if now < credential.expires_at:
        return replace(owner, ha1_md5=credential.ha1, previous_ha1_md5="")
    return replace(owner, ha1_md5=unknown_ha1, previous_ha1_md5=credential.ha1)
