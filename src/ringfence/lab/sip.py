"""SIP as bytes: build any request, well-formed or not, and read answers loosely (RFC 3261).

Written apart from the product's own code, so that a mistake there is not repeated here.
"""

import hashlib
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

CRLF: Final = "\r\n"
_COMPACT: Final = {
    "v": "via",
    "f": "from",
    "t": "to",
    "i": "call-id",
    "m": "contact",
    "l": "content-length",
    "c": "content-type",
}
_PARAMETER: Final = re.compile(r'(\w+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,]+))')

type Headers = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Message:
    """A request or response as it came from the wire."""

    start_line: str
    headers: tuple[tuple[str, str], ...]
    body: bytes = b""
    raw: bytes = field(default=b"", repr=False)

    @property
    def is_response(self) -> bool:
        return self.start_line.startswith("SIP/")

    @property
    def status(self) -> int:
        """The status code; 0 for a request."""
        return int(self.start_line.split()[1]) if self.is_response else 0

    @property
    def method(self) -> str:
        """The method of a request, or of the request that a response answers."""
        return self.header("cseq").split()[-1] if self.is_response else self.start_line.split()[0]

    @property
    def uri(self) -> str:
        return self.start_line.split()[1]

    @property
    def branch(self) -> str:
        return _parameter_of(self.header("via").split(",")[0], "branch")

    @property
    def header_names(self) -> tuple[str, ...]:
        return tuple(name for name, _ in self.headers)

    def header(self, name: str) -> str:
        """The first value of this header, or an empty string."""
        values = self.all(name)
        return values[0] if values else ""

    def all(self, name: str) -> tuple[str, ...]:
        return tuple(value for key, value in self.headers if key == name.lower())

    def tag(self, name: str) -> str:
        return _parameter_of(self.header(name), "tag")


def parse(raw: bytes) -> Message:
    """The message in these bytes; header names in lower case and long form."""
    head, _, body = raw.partition(b"\r\n\r\n")
    lines = re.sub(r"\r\n[ \t]+", " ", head.decode("utf-8", "replace")).split(CRLF)
    headers = []
    for line in lines[1:]:
        name, _, value = line.partition(":")
        key = name.strip().lower()
        headers.append((_COMPACT.get(key, key), value.strip()))
    return Message(lines[0], tuple(headers), body, raw)


def split_stream(buffer: bytes) -> tuple[list[bytes], bytes]:
    """The whole messages at the start of a TCP stream, and the rest."""
    messages: list[bytes] = []
    while True:
        buffer = buffer.lstrip(b"\r\n")
        end = buffer.find(b"\r\n\r\n")
        if end < 0:
            return messages, buffer
        length = int(parse(buffer[: end + 4]).header("content-length") or 0)
        total = end + 4 + length
        if len(buffer) < total:
            return messages, buffer
        messages.append(buffer[:total])
        buffer = buffer[total:]


def compose(start_line: str, headers: Sequence[tuple[str, str]], body: bytes = b"") -> bytes:
    """The bytes of a message. Content-Length is added unless the headers hold one."""
    lines = [start_line, *(f"{name}: {value}" for name, value in headers)]
    if not any(name.lower() in ("content-length", "l") for name, _ in headers):
        lines.append(f"Content-Length: {len(body)}")
    return (CRLF.join(lines) + CRLF + CRLF).encode("utf-8", "surrogateescape") + body


def with_header(headers: Headers, name: str, value: str | None) -> Headers:
    """The headers with this one replaced in place, or removed when the value is None."""
    if value is None:
        return [item for item in headers if item[0].lower() != name.lower()]
    if not any(key.lower() == name.lower() for key, _ in headers):
        return [*headers, (name, value)]
    return [(key, value if key.lower() == name.lower() else old) for key, old in headers]


def new_branch() -> str:
    return f"z9hG4bK{secrets.token_hex(8)}"


def new_token() -> str:
    return secrets.token_hex(8)


@dataclass(frozen=True, slots=True)
class Challenge:
    """What a 401 or 407 asks for."""

    realm: str
    nonce: str
    algorithm: str = "MD5"
    qop: str = ""
    opaque: str = ""
    proxy: bool = False

    @property
    def answer_header(self) -> str:
        return "Proxy-Authorization" if self.proxy else "Authorization"


def challenges_in(response: Message) -> list[Challenge]:
    """All Digest challenges of a 401 or 407, in the order of the server's preference (RFC 8760)."""
    found = []
    for name, proxy in (("www-authenticate", False), ("proxy-authenticate", True)):
        for value in response.all(name):
            parts = {key.lower(): quoted or plain for key, quoted, plain in _PARAMETER.findall(value)}
            found.append(
                Challenge(
                    parts["realm"],
                    parts["nonce"],
                    parts.get("algorithm", "MD5"),
                    parts.get("qop", ""),
                    parts.get("opaque", ""),
                    proxy,
                )
            )
    return found


@dataclass(frozen=True, slots=True)
class Account:
    """A SIP account as a phone knows it."""

    user: str
    domain: str
    secret: str

    @property
    def aor(self) -> str:
        return f"sip:{self.user}@{self.domain}"


def authorization(
    account: Account, challenge: Challenge, method: str, uri: str, nonce_count: int = 1, qop: bool = True
) -> str:
    """The credentials that answer a challenge (RFC 7616). With `qop` off: the old form of RFC 2069."""
    ha1 = _digest(challenge.algorithm, f"{account.user}:{challenge.realm}:{account.secret}")
    ha2 = _digest(challenge.algorithm, f"{method}:{uri}")
    fields = [
        f'Digest username="{account.user}"',
        f'realm="{challenge.realm}"',
        f'nonce="{challenge.nonce}"',
        f'uri="{uri}"',
        f"algorithm={challenge.algorithm}",
    ]
    if challenge.opaque:
        fields.append(f'opaque="{challenge.opaque}"')
    if not (qop and challenge.qop):
        response = _digest(challenge.algorithm, f"{ha1}:{challenge.nonce}:{ha2}")
        return ", ".join([*fields, f'response="{response}"'])
    cnonce, count = secrets.token_hex(8), f"{nonce_count:08x}"
    response = _digest(challenge.algorithm, f"{ha1}:{challenge.nonce}:{count}:{cnonce}:auth:{ha2}")
    return ", ".join([*fields, "qop=auth", f"nc={count}", f'cnonce="{cnonce}"', f'response="{response}"'])


def sdp(address: str, port: int) -> bytes:
    """An offer or answer of one G.711 stream."""
    family = "IP6" if ":" in address else "IP4"
    lines = [
        "v=0",
        f"o=- 1 1 IN {family} {address}",
        "s=-",
        f"c=IN {family} {address}",
        "t=0 0",
        f"m=audio {port} RTP/AVP 8 0 101",
        "a=rtpmap:8 PCMA/8000",
        "a=rtpmap:0 PCMU/8000",
        "a=rtpmap:101 telephone-event/8000",
        "a=sendrecv",
    ]
    return (CRLF.join(lines) + CRLF).encode()


def media_address(body: bytes) -> tuple[str, int]:
    """Where an SDP body wants its first stream sent."""
    text = body.decode("utf-8", "replace")
    address = re.search(r"^c=IN IP[46] (\S+)", text, re.MULTILINE)
    port = re.search(r"^m=audio (\d+)", text, re.MULTILINE)
    if address is None or port is None:
        raise ValueError("the SDP body names no audio stream")
    return address[1], int(port[1])


def tag_of(value: str) -> str:
    """The tag of a From or To value."""
    return _parameter_of(value, "tag")


def uri_in(value: str) -> str:
    """The URI of a name-addr or addr-spec header value."""
    inner = re.search(r"<([^>]*)>", value)
    return inner[1] if inner else value.split(";")[0].strip()


def _digest(algorithm: str, text: str) -> str:
    if algorithm.upper() == "SHA-256":
        return hashlib.sha256(text.encode()).hexdigest()
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def _parameter_of(value: str, name: str) -> str:
    found = re.search(rf";\s*{name}\s*=\s*([^;,\s>]+)", value, re.IGNORECASE)
    return found[1] if found else ""
