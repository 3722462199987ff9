"""What is mutated: one message of each kind, with the headers that the product reads."""

from typing import Final

from ringfence.lab import sip

NUMBER: Final = "N4mb3r"
"""Stands where each message needs a value of its own: its branch, its Call-ID."""

SDP: Final = (
    "v=0\r\no=- 1 1 IN IP4 {address}\r\ns=-\r\nc=IN IP4 {address}\r\nt=0 0\r\nm=audio 40000 RTP/SAVP 9 8 101\r\n"
    "a=rtpmap:9 G722/8000\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\n"
    "a=crypto:1 AES_256_CM_HMAC_SHA1_80 inline:MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDEyMzQ1Ng==\r\n"
    "a=candidate:1 1 UDP 2130706431 {address} 40000 typ host\r\na=ice-ufrag:F7gI\r\n"
    "a=ice-pwd:x9cml/YzichV2+XlhiMu8g\r\n"
    "a=sendrecv\r\na=rtcp-mux\r\nm=video 0 RTP/AVP 96\r\n"
)
_DIGEST: Final = (
    'Digest username="101", realm="acme.example", nonce="aTwzNWk8MDk1", uri="sip:acme.example", '
    'response="0123456789abcdef0123456789abcdef", algorithm=MD5, cnonce="x", qop=auth, nc=00000001'
)
_MORE: Final[dict[str, list[tuple[str, str]]]] = {
    "REGISTER": [
        ("Authorization", _DIGEST),
        ("Expires", "300"),
        ("Path", "<sip:edge.example;lr>"),
        ("Supported", "path, outbound, gruu"),
    ],
    "INVITE": [
        ("Proxy-Authorization", _DIGEST),
        ("Allow", "INVITE, ACK, BYE"),
        ("Supported", "timer, replaces, 100rel"),
        ("Session-Expires", "1800;refresher=uac"),
        ("Min-SE", "90"),
        ("P-Asserted-Identity", '"Desk" <sip:101@acme.example>'),
        ("Diversion", "<sip:102@acme.example>;reason=unconditional"),
        ("Privacy", "id"),
        ("Replaces", "abc;to-tag=1;from-tag=2"),
        ("Content-Type", "application/sdp"),
    ],
    "REFER": [
        ("Refer-To", "<sip:102@acme.example?Replaces=a%3Bto-tag%3D1%3Bfrom-tag%3D2>"),
        ("Referred-By", "<sip:101@a>"),
    ],
    "SUBSCRIBE": [("Event", "dialog"), ("Expires", "600"), ("Accept", "application/dialog-info+xml")],
    "NOTIFY": [("Event", "refer"), ("Subscription-State", "active;expires=60"), ("Content-Type", "message/sipfrag")],
    "PUBLISH": [
        ("Event", "presence"),
        ("Expires", "600"),
        ("SIP-If-Match", "x"),
        ("Content-Type", "application/pidf+xml"),
    ],
    "MESSAGE": [("Content-Type", "text/plain;charset=utf-8")],
    "INFO": [("Content-Type", "application/dtmf-relay"), ("Info-Package", "x")],
    "PRACK": [("RAck", "1 1 INVITE")],
    "UPDATE": [("Content-Type", "application/sdp"), ("Session-Expires", "90;refresher=uas")],
    "BYE": [("Reason", 'Q.850;cause=16;text="x"')],
}
METHODS: Final = (
    "REGISTER",
    "INVITE",
    "OPTIONS",
    "SUBSCRIBE",
    "REFER",
    "NOTIFY",
    "PUBLISH",
    "MESSAGE",
    "INFO",
    "PRACK",
    "UPDATE",
    "BYE",
    "CANCEL",
    "ACK",
)
_BODIES: Final = {
    "NOTIFY": "SIP/2.0 200 OK\r\n",
    "MESSAGE": "hello",
    "INFO": "Signal=1\r\nDuration=160\r\n",
    "PUBLISH": "<a/>",
}


def request(method: str, place: str, transport: str) -> bytes:
    """A request of a stranger at this place, `address:port`."""
    address = place.rpartition(":")[0]
    to = "sip:acme.example" if method in ("REGISTER", "OPTIONS") else "sip:102@acme.example;user=phone"
    body = SDP.format(address=address) if method in ("INVITE", "UPDATE") else _BODIES.get(method, "")
    headers = [
        ("Via", f"SIP/2.0/{transport} {place};branch=z9hG4bK{NUMBER};rport"),
        ("Route", "<sip:10.77.0.1;lr>"),
        ("Max-Forwards", "70"),
        ("From", '"Desk" <sip:101@acme.example>;tag=1928301774'),
        ("To", f"<{to}>" + (";tag=a6c85cf" if method in ("BYE", "INFO", "NOTIFY", "PRACK", "UPDATE") else "")),
        ("Call-ID", f"{NUMBER}@{address}"),
        ("CSeq", f"314159 {method}"),
        (
            "Contact",
            f'<sip:101@{place};transport={transport.lower()};ob>;expires=300;q=0.7;+sip.instance="<urn:uuid:0>"',
        ),
        ("User-Agent", "Desk/1.0 (x)"),
        *_MORE.get(method, []),
    ]
    return sip.compose(f"{method} {to} SIP/2.0", headers, body.encode())


def answer(place: str, transport: str) -> bytes:
    """An answer to a request that the PBX never sent."""
    headers = [
        ("Via", f"SIP/2.0/{transport} 10.77.0.1;branch=z9hG4bK{NUMBER}.0"),
        ("Via", f"SIP/2.0/{transport} {place};branch=z9hG4bK{NUMBER};rport=5060;received=10.77.0.9"),
        ("Record-Route", "<sip:10.77.0.1;lr>"),
        ("From", "<sip:101@acme.example>;tag=1"),
        ("To", "<sip:102@acme.example>;tag=2"),
        ("Call-ID", f"{NUMBER}@x"),
        ("CSeq", "1 INVITE"),
        ("Contact", f"<sip:102@{place}>"),
        ("Server", "x"),
    ]
    return sip.compose("SIP/2.0 200 OK", headers, SDP.format(address=place.rpartition(":")[0]).encode())


def strange(place: str, transport: str) -> list[bytes]:
    """One of each kind."""
    return [*(request(method, place, transport) for method in METHODS), answer(place, transport)]


def numbered(raw: bytes, number: int) -> bytes:
    """The message with a branch and a Call-ID of its own, as long as it was."""
    return raw.replace(NUMBER.encode(), b"%06x" % (number & 0xFFFFFF))
