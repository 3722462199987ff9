"""SIP hygiene, asked before anything in the message is believed (RFC 3261, RFC 4475)."""

from typing import Final

from ringfence.policy.model import Packet, Refuse

MAX_SIZE: Final = 12_288
"""Bytes, of an answer too. The reader of a stream takes 16,384 and then ends it (`tcp_rd_buf_size`), and between core
and SBC that is the one of all phones; what is added on the way shall still fit.
"""

MAX_URI: Final = 512
MAX_CALL_ID: Final = 256
MAX_VIAS: Final = 8
SANITY_CHECKS: Final = 22503
"""What Kamailio checks of each message (modules/sanity/README): version, scheme, required headers, CSeq, lengths,
Expires, Proxy-Require. Not the digest check (2048): it answers an unknown scheme with 500, where RFC 4475 section
3.3.7 wants a challenge.
"""

SANITY_URIS: Final = 15
"""Request-URI, From, To and Contact."""

UNREADABLE: Final = Refuse("packet.encoding", 415, "Unsupported Media Type")
INSANE: Final = Refuse("packet.sanity", 400, "Bad Request")
"""What is found before a rule is asked: a body that is no text, and what Kamailio's checks object to."""

UNFRAMED: Final = "packet.framing"
"""Where a message ends is unknown: what follows it on the connection is nobody's message (attack case 9)."""


def size(packet: Packet) -> Refuse | None:
    """A message over 12 KiB is refused: no phone needs it, and with what is added it goes over no stream any more."""
    return Refuse("packet.size", 513, "Message Too Large") if packet.size > MAX_SIZE else None


def singular(packet: Packet) -> Refuse | None:
    """From, To, Call-ID and CSeq stand once, Content-Length and Max-Forwards at most once (RFC 3261 section 7.3.1)."""
    once = packet.froms == packet.tos == packet.call_ids == packet.cseqs == 1
    if once and packet.content_lengths <= 1 and packet.max_forwards <= 1:
        return None
    return Refuse("packet.singular", 400, "Bad Request")


def framing(packet: Packet) -> Refuse | None:
    """A message on a stream says its length, or its end would be a guess (RFC 3261 section 18.3)."""
    return (
        Refuse("packet.framing", 400, "Content-Length Missing")
        if packet.stream and packet.content_lengths != 1
        else None
    )


def credentials(packet: Packet) -> Refuse | None:
    """More than one credential header is an attempt to have one checked and another believed."""
    return Refuse("packet.credentials", 400, "Bad Request") if packet.credentials > 1 else None


def uri_length(packet: Packet) -> Refuse | None:
    """A URI over 512 bytes is refused (RFC 3261 section 21.4.12)."""
    return Refuse("packet.uri_length", 414, "Request-URI Too Long") if packet.longest_uri > MAX_URI else None


def call_id_length(packet: Packet) -> Refuse | None:
    """A Call-ID over 256 bytes is refused; it is a key in memory."""
    return Refuse("packet.call_id_length", 513, "Message Too Large") if packet.call_id_length > MAX_CALL_ID else None


def hops(packet: Packet) -> Refuse | None:
    """A request that came through more than eight hops runs in a circle (RFC 3261 section 16.3)."""
    return Refuse("packet.hops", 482, "Loop Detected") if packet.vias > MAX_VIAS else None
