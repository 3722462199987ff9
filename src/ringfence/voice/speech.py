"""What the two sides of a tied call may speak with each other: any codec, for the media relay only passes it on.

An audio stream of a session description becomes values, and values become an offer or answer (RFC 3264, RFC 8866).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from ipaddress import ip_address
from typing import Final

MOST: Final = 24
"""Payload types of one stream that are read."""

_STATIC: Final = {0: "PCMU/8000", 3: "GSM/8000", 4: "G723/8000", 8: "PCMA/8000", 9: "G722/8000", 18: "G729/8000"}
"""RFC 3551 section 6."""
_MAPPED: Final = re.compile(r"a=rtpmap:(\d{1,3}) ([\w.-]{1,40}/\d{1,6}(?:/\d)?)", re.ASCII)
_PARAMETERS: Final = re.compile(r"a=fmtp:(\d{1,3}) ([\x20-\x7e]{1,200})", re.ASCII)
_LEFT_OUT: Final = ("CN/", "RED/", "RTX/", "ULPFEC/")
"""What only goes along with speech, and refers to other payload types."""
_KEYS: Final = "TELEPHONE-EVENT/"
_TURNED: Final = {"sendrecv": "sendrecv", "sendonly": "recvonly", "recvonly": "sendonly", "inactive": "inactive"}


@dataclass(frozen=True, slots=True)
class Codec:
    """One payload type: `name` is encoding, clock and channels as in `a=rtpmap`, `parameters` those of `a=fmtp`."""

    payload: int
    name: str
    parameters: str = ""

    @property
    def is_speech(self) -> bool:
        return not self._name.startswith(_KEYS)

    @property
    def _name(self) -> str:
        return self.name.upper().removesuffix("/1")

    def is_same(self, other: "Codec") -> bool:
        """Whether both are one codec, whatever their numbers."""
        return self._name == other._name


type Codecs = tuple[Codec, ...]

PCMU, PCMA, EVENTS = Codec(0, "PCMU/8000"), Codec(8, "PCMA/8000"), Codec(101, "telephone-event/8000", "0-15")
G711: Final[Codecs] = (PCMA, PCMU, EVENTS)
"""What everybody speaks."""


@dataclass(frozen=True, slots=True)
class Speech:
    """One audio stream: where the other side hears us, and what it speaks, the preferred first."""

    host: str
    port: int
    codecs: Codecs
    direction: str = "sendrecv"

    def answering(self, codecs: Codecs, port: int) -> "Speech":
        """The same stream from the other side, with these codecs at our own port."""
        return Speech(self.host, port, codecs, _TURNED[self.direction])


def g711(first: str) -> Codecs:
    """G.711 with this kind of it first.

    >>> [one.payload for one in g711("PCMU")]
    [0, 8, 101]
    """
    return (PCMU, PCMA, EVENTS) if first == "PCMU" else G711


def read(body: bytes) -> Speech | None:
    """The first audio stream that carries speech; None if there is none, or if it was refused."""
    whole, *sections = f"\n{body.decode('utf-8', 'replace')}".replace("\r", "\n").split("\nm=")
    lines = next((one.split("\n") for one in sections if one.startswith("audio ")), [])
    words = lines[0].split() if lines else []
    host = next((_host(line) for line in (*lines, *whole.split("\n")) if line.startswith("c=IN IP")), "")
    if len(words) < 4 or not words[1].isdigit() or not 0 < int(words[1]) < 65536 or not host:
        return None
    codecs = _codecs(words[3 : 3 + MOST], lines)
    directions = (
        line[2:].strip() for line in (*lines, *whole.split("\n")) if line[:2] == "a=" and line[2:].strip() in _TURNED
    )
    return Speech(host, int(words[1]), codecs, next(directions, "sendrecv")) if is_spoken(codecs) else None


def is_spoken(codecs: Codecs) -> bool:
    """Whether there is more among them than keys."""
    return any(one.is_speech for one in codecs)


def common(offered: Codecs, known: Codecs) -> Codecs:
    """Those of the offered codecs that are known too, with their numbers and in their order; none without speech.

    >>> [one.payload for one in common((Codec(96, "opus/48000/2"), PCMA, PCMU), (PCMA, Codec(111, "OPUS/48000/2")))]
    [96, 8]
    """
    found = tuple(one for one in offered if any(one.is_same(other) for other in known))
    return found if is_spoken(found) else ()


def are_same(some: Codecs, others: Codecs) -> bool:
    """Whether both name the same speech, in whatever order."""
    return {one.payload for one in some if one.is_speech} == {one.payload for one in others if one.is_speech}


def write(speech: Speech, version: int) -> bytes:
    """A session description of this one stream, as the voice process offers or answers it."""
    family = "IP6" if ":" in speech.host else "IP4"
    lines = [
        "v=0",
        f"o=- 1 {version} IN {family} {speech.host}",
        "s=-",
        f"c=IN {family} {speech.host}",
        "t=0 0",
        f"m=audio {speech.port} RTP/AVP {' '.join(str(one.payload) for one in speech.codecs)}",
        *_attributes(speech.codecs),
        f"a={speech.direction}",
        "",
    ]
    return "\r\n".join(lines).encode()


def at(speech: Speech, host: str) -> Speech:
    """The same at another address."""
    return replace(speech, host=host)


def _attributes(codecs: Codecs) -> Iterable[str]:
    for one in codecs:
        yield f"a=rtpmap:{one.payload} {one.name}"
        if one.parameters:
            yield f"a=fmtp:{one.payload} {one.parameters}"


def _codecs(payloads: list[str], lines: list[str]) -> Codecs:
    names = _STATIC | {int(match[1]): match[2] for line in lines if (match := _MAPPED.fullmatch(line.strip()))}
    parameters = {int(match[1]): match[2] for line in lines if (match := _PARAMETERS.fullmatch(line.strip()))}
    numbers = dict.fromkeys(int(word) for word in payloads if word.isascii() and word.isdigit() and int(word) < 128)
    return tuple(
        Codec(number, names[number], parameters.get(number, ""))
        for number in numbers
        if number in names and not names[number].upper().startswith(_LEFT_OUT)
    )


def _host(line: str) -> str:
    """The address of a `c=` line; "" for a name, and for the old way to hold a call."""
    text = line.split(" ")[-1].strip()
    try:
        return text if ip_address(text) else ""
    except ValueError:
        return ""
