"""Rules for the upgrade of a connection to a WebSocket (RFC 6455, RFC 7118)."""

import re
from typing import Final, NamedTuple

from ringfence.policy.model import Refuse

SUBPROTOCOL = "sip"

_PLACE: Final = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^\[\]:/@?#\s]+)(?::[0-9]{1,5})?", re.ASCII)


class Upgrade(NamedTuple):
    """An HTTP request that asks for a WebSocket, on a port that speaks nothing but TLS."""

    method: str
    upgrade: str
    host: str
    origin: str
    protocols: str


def handshake(facts: Upgrade) -> Refuse | None:
    """Nothing but an upgrade is served here."""
    if facts.method == "GET" and facts.upgrade.lower() == "websocket":
        return None
    return Refuse("websocket.handshake", 404, "Not Found")


def origin(facts: Upgrade) -> Refuse | None:
    """A page of another site cannot open a WebSocket in the name of whoever looks at it: the page must be one of ours,
    served by the very host that is asked (RFC 6455 section 10.2)."""
    scheme, _, place = facts.origin.partition("://")
    if scheme == "https" and place and host_of(place) == host_of(facts.host):
        return None
    return Refuse("websocket.origin", 403, "Forbidden")


def subprotocol(facts: Upgrade) -> Refuse | None:
    """The client has to speak SIP (RFC 7118 section 4.1)."""
    if SUBPROTOCOL in (word.strip().lower() for word in facts.protocols.split(",")):
        return None
    return Refuse("websocket.subprotocol", 400, "Bad Request")


def host_of(place: str) -> str:
    """The host of `host:port`, in lower case; "" for what is none: what stands behind the host is a port or nothing.

    >>> host_of("PBX.example:8887"), host_of("[2001:db8::1]:5065"), host_of("evil.example/x")
    ('pbx.example', '[2001:db8::1]', '')
    """
    found = _PLACE.fullmatch(place)
    return found[1].lower() if found else ""
