"""Reads one message into plain values. Each value is fetched once."""

import os

from ringfence.hosts import ports
from ringfence.policy.book import Subscriber
from ringfence.policy.model import Credentials, Packet, Request
from ringfence.signaling.ports import ksr

TEL = "tel:"
URN = "urn:"
CONTEXT = ";phone-context="
LOOPBACK = "127.0.0.1"
VOICE = f"sip:{LOOPBACK}:{ports.VOICE_SIP};transport=udp"
SBC = f"sip:{os.environ.get('RINGFENCE_SBC', LOOPBACK)}:{ports.LINK_TO_SBC};transport=tls"
"""The other end of the link. Bracketed where it is an IPv6 address."""
STREAMS = frozenset({"tcp", "tls", "ws", "wss"})
UNFRAMED = frozenset({"tcp", "tls"})
"""Streams on which only its length says where a message ends; a WebSocket has frames (RFC 7118 section 5)."""


def packet() -> Packet:
    """What can be said of the message before anything in it is believed."""
    vias, froms, tos, call_ids, cseqs, lengths, hops, credentials, proxy_credentials = ksr.header_counts()
    return Packet(
        ksr.message_length(),
        vias,
        froms,
        tos,
        call_ids,
        cseqs,
        lengths,
        hops,
        max(credentials, proxy_credentials),
        max(len(ksr.target_uri()), len(ksr.from_uri()), len(ksr.to_uri())),
        len(ksr.call_id()),
        ksr.transport() in UNFRAMED,
    )


def request(method: str, credentials: Credentials | None, caller: Subscriber | None) -> Request:
    """The request and who is proved to have sent it; contacts are read only of a proved caller."""
    agent, *more_agents = ksr.user_agents()
    contact = ksr.text("$ct") if caller and method == "REGISTER" else ""
    return Request(
        method=method,
        target_user=target_user(),
        target_host=target_host(),
        target_uri=ksr.target_uri(),
        from_user=ksr.from_user(),
        from_host=ksr.from_host(),
        to_user=ksr.to_user(),
        to_host=ksr.to_host(),
        source=ksr.source(),
        user_agent=agent,
        contacts=ksr.contact_count() + contact.count(",") if contact else 0,
        star_contact=contact.strip() == "*",
        expires=_expires() if contact or method == "SUBSCRIBE" else None,
        event=ksr.text("$hdr(Event)") if method == "SUBSCRIBE" else "",
        credentials=credentials,
        caller=caller,
        transport=ksr.transport(),
        more_agents=tuple(more_agents),
    )


def target_user() -> str:
    """Who or what is asked for; of a tel URI (RFC 3966) the number with its parameters, and a URN (RFC 5031) whole.

    Kamailio takes the context of a number away from the user where `user=phone` says that it is one, which is how a tel
    URI is written as a SIP URI (RFC 3261 section 19.1.6); without it another number is meant.
    """
    uri = ksr.target_uri()
    if uri.startswith(TEL):
        return uri[len(TEL) :]
    if _is_urn(uri):
        return uri
    user, written = ksr.target_user(), uri.partition(":")[2].partition("@")[0]
    return written if ";" not in user and CONTEXT in written.lower() else user


def target_host() -> str:
    """The domain that is asked; a tel URI and a URN name none, so they mean the sender's own."""
    uri = ksr.target_uri()
    return ksr.from_host() if uri.startswith(TEL) or _is_urn(uri) else ksr.target_host()


def _is_urn(uri: str) -> bool:
    return uri[:4].lower() == URN


def digest_uri() -> str:
    return ksr.text("$adu")


def party() -> str:
    """The address this message really came from, as a URI one can send to: of a client of the SBC, through the SBC."""
    if ksr.over_link():
        return f"{SBC}{ksr.CLIENT_PARAMETER}{ksr.client()}"
    return f"sip:{_bracketed(ksr.source())}:{ksr.source_port()};transport={uri_transport(ksr.transport())}"


def from_voice() -> bool:
    """Whether the voice process itself sent this: on loopback, and from the port that it holds."""
    return ksr.source() == LOOPBACK and ksr.source_port() == ports.VOICE_SIP and ksr.transport() == "udp"


def uri_transport(protocol: str) -> str:
    """The word for a protocol in a URI: a secure WebSocket is `ws` there (RFC 7118 section 5.2); Kamailio knows no
    other, and would send to anything else over UDP."""
    return "ws" if protocol == "wss" else protocol


def here() -> str:
    """The address of ours that this message reached, as a URI one can send to."""
    return f"sip:{_bracketed(ksr.text('$Ri'))}:{ksr.number('$Rp')};transport={ksr.transport()}"


def asked_here() -> str:
    """The same for the request that the reply at hand answers."""
    address, port, transport = (ksr.text(f"$T_req(${name})") for name in ("Ri", "Rp", "proto"))
    return f"sip:{_bracketed(address)}:{port};transport={uri_transport(transport)}"


def party_address(uri: str) -> str:
    """The bare address of a party URI.

    >>> party_address("sip:[2001:db8::1]:5060;transport=udp")
    '2001:db8::1'
    >>> party_address("sip:127.0.0.1:5069;transport=tls;client=192.0.2.7:1024/udp")
    '192.0.2.7'
    """
    host = uri.partition(ksr.CLIENT_PARAMETER)[2] or uri.partition(":")[2]
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0]


def _bracketed(address: str) -> str:
    return f"[{address}]" if ":" in address and not address.startswith("[") else address


def _expires() -> int | None:
    value = ksr.text("$hdr(Expires)").strip()
    if not value:
        return None
    return int(value) if value.isdecimal() and value.isascii() else -1
