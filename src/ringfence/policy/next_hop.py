"""What can be read from a URI that a message is sent to."""

import re
from ipaddress import ip_address
from typing import Final

from ringfence.policy.media import PRIVATE, WEB

SPEAKS: Final = ";speaks="
"""What the SBC wrote into the path that it signed: the transport of its client."""

_HOP: Final = re.compile(
    r"<?sip:(?:[^@;?<>,\s]*@)?(?:\[([0-9a-f:.]+)\]|([0-9.]+))(?::([0-9]{1,5}))?((?:;[^@,<>\s]*)?)(?:>[^<]*)?(?:,.*)?",
    re.ASCII | re.IGNORECASE,
)
_LED_ELSEWHERE: Final = (";alias=", ";maddr=")
"""Parameters by which the engine sends to another place than the URI's host."""

_PORTS: Final = {"tls": 5061}
_OTHERWISE: Final = 5060


def transport_towards(hop: str) -> str:
    """The transport that a next hop is reached over; UDP when it names none.

    >>> transport_towards("sip:192.0.2.1:5061;transport=TLS"), transport_towards("sip:192.0.2.1")
    ('tls', 'udp')
    >>> transport_towards("sip:flow@127.0.0.1:5069;transport=tls;speaks=udp;flow=x")
    'udp'
    """
    word = SPEAKS if SPEAKS in hop else ";transport="
    return hop.lower().partition(word)[2].partition(";")[0].strip("<>") or "udp"


def is_encrypted(hop: str) -> bool:
    """Whether what is sent there is encrypted up to the device."""
    return transport_towards(hop) in PRIVATE


def browsers_connection(hop: str) -> str:
    """The other end of the WebSocket that alone leads to this device, as `address:port`; "" if none of ours does.

    >>> browsers_connection("sip:192.0.2.1:40000;transport=ws"), browsers_connection("sip:192.0.2.1")
    ('192.0.2.1:40000', '')
    >>> browsers_connection("sip:flow@127.0.0.1:5069;transport=tls;speaks=wss;flow=x")
    ''
    """
    if SPEAKS in hop or transport_towards(hop) not in WEB:
        return ""
    return hop.partition(";")[0].partition(":")[2].rpartition("@")[2]


def goes_to(hop: str, party: str) -> bool:
    """Whether what is sent to `hop`, a URI or a route set, reaches the place that the URI `party` names.

    A URI of unusual form does not: what reads it otherwise than this must not decide where something is sent.

    >>> goes_to("<sip:7@192.0.2.1>;expires=60", "sip:192.0.2.1:5060;transport=udp")
    True
    >>> goes_to("sip:192.0.2.9;alias=192.0.2.1~5060~1", "sip:192.0.2.9:5060;transport=udp")
    False
    """
    return (place := _place(hop)) is not None and place == _place(party)


def same_address(one: str, other: str) -> bool:
    """Whether two texts are the same address; brackets and the zeros of IPv6 say nothing.

    >>> same_address("fd77:0:0:0:0:0:0:1", "[fd77::1]"), same_address("192.0.2.1", "example")
    (True, False)
    """
    try:
        return ip_address(one.strip("[]")) == ip_address(other.strip("[]"))
    except ValueError:
        return False


def _place(hop: str) -> tuple[str, int, str] | None:
    """Address, port and transport; a secure WebSocket and a plain one are the same word in a URI (RFC 7118)."""
    found = _HOP.fullmatch(hop)
    if found is None or any(word in hop.lower() for word in _LED_ELSEWHERE):
        return None
    transport = transport_towards(found[4])
    port = int(found[3] or _PORTS.get(transport, _OTHERWISE))
    try:
        return str(ip_address(found[1] or found[2])), port, "ws" if transport == "wss" else transport
    except ValueError:
        return None
