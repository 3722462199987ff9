"""What is offered and answered as media (RFC 4566, RFC 3264): one G.711 stream and telephone events (RFC 4733)."""

import re
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final

from ringfence.voice import speech

PCMU, PCMA = 0, 8
SPOKEN: Final = frozenset({PCMU, PCMA})
EVENTS: Final = 101
_STATIC: Final = {PCMU: "PCMU", PCMA: "PCMA"}
_CODECS: Final = {"PCMA": PCMA, "PCMU": PCMU}
_RTPMAP: Final = re.compile(r"a=rtpmap:(\d{1,3}) ([\w-]+)/8000", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Offer:
    """Where the other side hears us and what it speaks. `events` is the payload type of keys, None for none."""

    host: str
    port: int
    codec: int
    payload: int
    events: int | None
    direction: str


NOWHERE: Final = Offer("", 0, PCMA, PCMA, EVENTS, "sendrecv")
"""Of a caller who leaves the offer to us: where he hears us his ACK will tell."""


def read_offer(body: bytes) -> Offer | None:
    """The first audio stream with G.711; None when there is none."""
    host, found = "", ""
    media: list[str] = []
    for line in body.decode("utf-8", "replace").splitlines():
        if line.startswith("m="):
            if media:
                break
            found = line if line.startswith("m=audio ") else ""
            media = [line] if found else []
        elif line.startswith("c=IN IP"):
            host = line.split(" ")[-1]
        elif media:
            media.append(line)
    words = media[0].split(" ") if media else []
    if len(words) < 4 or not words[1].isdigit() or not _is_address(host):
        return None
    return _chosen(host, int(words[1]), [int(word) for word in words[3:] if word.isdigit()], media)


def _chosen(host: str, port: int, payloads: list[int], lines: list[str]) -> Offer | None:
    names = dict(_STATIC)
    names |= {int(match[1]): match[2].upper() for line in lines if (match := _RTPMAP.match(line))}
    payload = next((number for number in payloads if _CODECS.get(names.get(number, "")) in SPOKEN), None)
    if payload is None or not 0 < port < 65536:
        return None
    events = next((number for number in payloads if names.get(number) == "TELEPHONE-EVENT"), None)
    directions = [line[2:] for line in lines if line[2:] in ("sendonly", "recvonly", "inactive")]
    return Offer(host, port, _CODECS[names[payload]], payload, events, directions[0] if directions else "sendrecv")


def answer(offer: Offer, host: str, port: int, session: int) -> bytes:
    """Our side: the same stream, turned round."""
    name = next(name for name, number in _CODECS.items() if number == offer.codec)
    turned = {"sendonly": "recvonly", "recvonly": "sendonly"}.get(offer.direction, offer.direction)
    payloads = [offer.payload, *([] if offer.events is None else [offer.events])]
    family = "IP6" if ":" in host else "IP4"
    lines = [
        "v=0",
        f"o=- {session} {session} IN {family} {host}",
        "s=-",
        f"c=IN {family} {host}",
        "t=0 0",
        f"m=audio {port} RTP/AVP {' '.join(map(str, payloads))}",
        f"a=rtpmap:{offer.payload} {name}/8000",
        *(
            []
            if offer.events is None
            else [f"a=rtpmap:{offer.events} telephone-event/8000", f"a=fmtp:{offer.events} 0-15"]
        ),
        "a=ptime:20",
        f"a={turned}",
        "",
    ]
    return "\r\n".join(lines).encode()


def offer(host: str, port: int) -> bytes:
    """Our side where we are to begin (RFC 3261 section 13.2.1)."""
    return speech.write(speech.Speech(host, port, speech.G711), 1)


def wanted(host: str, port: int) -> bytes:
    """The answer of who only listens, to u-law."""
    lines = ["v=0", f"o=- 1 1 IN IP4 {host}", "s=-", f"c=IN IP4 {host}", "t=0 0", f"m=audio {port} RTP/AVP {PCMU}",
             f"a=rtpmap:{PCMU} PCMU/8000", "a=recvonly", ""]  # fmt: skip
    return "\r\n".join(lines).encode()


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
