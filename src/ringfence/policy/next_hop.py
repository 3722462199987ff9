"""What can be read from a URI that a message is sent to."""

from typing import Final

from ringfence.policy.media import PRIVATE

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
