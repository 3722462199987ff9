"""What can be read from a URI that a message is sent to."""

from ipaddress import ip_address
from typing import Final

from ringfence.policy.relay.media import PRIVATE, WEB

SPEAKS: Final = ";speaks="
"""What the SBC wrote into the path that it signed: the transport of its client."""


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


def same_address(one: str, other: str) -> bool:
    """Whether two texts are the same address; brackets and the zeros of IPv6 say nothing.

    >>> same_address("fd77:0:0:0:0:0:0:1", "[fd77::1]"), same_address("192.0.2.1", "example")
    (True, False)
    """
    try:
        return ip_address(one.strip("[]")) == ip_address(other.strip("[]"))
    except ValueError:
        return False
