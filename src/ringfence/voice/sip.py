"""SIP messages as the voice process reads and writes them (RFC 3261). Only the SIP core talks to it, over UDP."""

import re
import secrets
from dataclasses import dataclass
from typing import Final

LONGEST: Final = 65_535
_COMPACT: Final = {
    "v": "via",
    "f": "from",
    "t": "to",
    "i": "call-id",
    "m": "contact",
    "l": "content-length",
    "c": "content-type",
}
_COPIED: Final = ("via", "record-route", "from", "call-id", "cseq")
_TAG: Final = re.compile(r";\s*tag=([^;\s>]+)", re.IGNORECASE)
_URI: Final = re.compile(r'\s*(?:(?:"(?:[^"\\]|\\.)*"|[^"<;]*)\s*<([^>]*)>|([^;\s]+))')
"""With a display name, quoted or of bare words, or without one (RFC 3261 section 25.1, name-addr and addr-spec)."""

type Headers = list[tuple[str, str]]


class Unreadable(ValueError):
    """The datagram is no SIP message."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message; header names in lower case and in full."""

    start: str
    headers: tuple[tuple[str, str], ...]
    body: bytes = b""

    @property
    def method(self) -> str:
        """Of a request its own, of a response that of its request."""
        return self.header("cseq").rpartition(" ")[2] if self.is_response else self.start.partition(" ")[0]

    @property
    def is_response(self) -> bool:
        return self.start.startswith("SIP/2.0 ")

    @property
    def status(self) -> int:
        return int(self.start.split(" ", 2)[1]) if self.is_response else 0

    @property
    def target(self) -> str:
        """The Request-URI."""
        return self.start.split(" ")[1]

    @property
    def branch(self) -> str:
        return self.header("via").partition("branch=")[2].partition(";")[0].strip()

    def header(self, name: str) -> str:
        return next((value for known, value in self.headers if known == name), "")

    def all(self, name: str) -> tuple[str, ...]:
        return tuple(value for known, value in self.headers if known == name)

    def tag(self, name: str) -> str:
        """The tag of From or To; "" while there is none."""
        return tag_in(self.header(name))


def parse(raw: bytes) -> Message:
    """Raises Unreadable."""
    head, _, body = raw.partition(b"\r\n\r\n")
    try:
        start, *lines = head.decode().split("\r\n")
    except UnicodeDecodeError as error:
        raise Unreadable("no UTF-8") from error
    if start.count(" ") < 2 or (start.startswith("SIP/2.0 ") and not start[8:11].isdigit()):
        raise Unreadable("no start line")
    headers: Headers = []
    for line in lines:
        if line[:1] in (" ", "\t") and headers:
            headers[-1] = (headers[-1][0], f"{headers[-1][1]} {line.strip()}")
            continue
        name, colon, value = line.partition(":")
        if not colon:
            raise Unreadable("no header")
        known = name.strip().lower()
        headers.append((_COMPACT.get(known, known), value.strip()))
    message = Message(start, tuple(headers), body)
    if not all(message.header(name) for name in ("via", "from", "to", "call-id", "cseq")):
        raise Unreadable("a header is missing that every message has")
    return message


def compose(start: str, headers: Headers, body: bytes = b"") -> bytes:
    """A whole message. Raises ValueError if a value would end its line."""
    lines = [start, *(f"{name}: {value}" for name, value in headers), f"Content-Length: {len(body)}"]
    if any("\r" in line or "\n" in line for line in lines):
        raise ValueError("a header value holds a line break")
    return "\r\n".join([*lines, "", ""]).encode() + body


def response(request: Message, code: int, reason: str, to_tag: str, more: Headers, body: bytes = b"") -> bytes:
    """A response with what it must copy from its request (RFC 3261 section 8.2.6.2)."""
    copied: Headers = [(name.title(), value) for name, value in request.headers if name in _COPIED]
    to = request.header("to")
    if to_tag and not request.tag("to"):
        to = f"{to};tag={to_tag}"
    return compose(f"SIP/2.0 {code} {reason}", [*copied, ("To", to), *more], body)


def uri_in(value: str) -> str:
    """The URI of a Contact, From or To value.

    >>> uri_in('"Ann" <sip:101@a.example>;tag=1'), uri_in("sip:101@a.example;tag=1")
    ('sip:101@a.example', 'sip:101@a.example')
    """
    found = _URI.match(value)
    return (found[1] or found[2] or "") if found else ""


def tag_in(value: str) -> str:
    """The tag of a From or To value; "" for none.

    >>> tag_in('"a;tag=b" <sip:101@a.example;tag=c>;tag=1')
    '1'
    """
    found = _TAG.search(value.rpartition(">")[2] or value)
    return found[1] if found else ""


def new_token() -> str:
    return secrets.token_hex(8)


def new_branch() -> str:
    return f"z9hG4bK{new_token()}"
