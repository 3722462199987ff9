"""What of a session description passes: the streams that the media relay carries, and what is said of those.

Everything else would tell the other side an address of the first, or have both talk past the relay: streams over TCP
(RFC 4145, RFC 4975), addresses and profiles offered as alternatives (RFC 5939, RFC 6947, RFC 7006), sources (RFC 4570),
keys in the clear (RFC 8866 section 5.12), and what a phone tells of its make and its owner.
"""

import re
from collections.abc import Iterable, Iterator
from re import Pattern
from typing import Final

ATTRIBUTES: Final = (
    *("rtpmap", "fmtp", "ptime", "minptime", "maxptime", "silenceSupp", "rtcp-fb", "rtcp-mux", "rtcp-mux-only"),
    *("rtcp-rsize", "rtcp-xr", "sendrecv", "sendonly", "recvonly", "inactive", "crypto", "fingerprint", "setup"),
    *("connection", "tls-id", "zrtp-hash", "ice-ufrag", "ice-pwd", "ice-options", "ice-lite", "ice-mismatch"),
    *("ice-pacing", "candidate", "end-of-candidates", "remote-candidates", "group", "mid", "bundle-only", "msid"),
    *("msid-semantic", "ssrc", "ssrc-group", "extmap", "extmap-allow-mixed", "rid", "simulcast", "imageattr"),
    *("framerate", "framesize", "quality", "orient", "content", "lang", "sdplang", "curr", "des", "conf"),
)
"""Attributes that pass; those with addresses (ICE) the relay writes itself. Whoever does not know one ignores it
(RFC 8866 section 5.13)."""
OF_STREAM: Final = ("rtcp", r"T38(?!VendorInfo)\w+")
"""Attributes of a stream alone: at the head of a description the relay would leave them as they are."""

_NO_PROOF: Final = "fingerprint:(?i:md[25]|sha-1|sha-224) "
"""Beside a better one of the same certificate the relay might take it (RFC 8122 section 5)."""
_LINE: Final = rf"[vostcb]=|a=(?!{_NO_PROOF})(?:{'|'.join(ATTRIBUTES)})(?=[:\r\n]|$)"
_OF_STREAM: Final = rf"{_LINE}|a=(?:{'|'.join(OF_STREAM)})(?=[:\r\n]|$)"
_STREAM: Final = r"(?i:m=(?:(?:audio|video|text) +\d+(?:/1)? +(?:UDP/TLS/)?RTP/S?AVPF?|image +\d+ +udptl) )"
_REST: Final = r"[^\r\n]*+(?:\r?\n|$)"
_USUAL: Final = re.compile(f"(?:(?:{_LINE}){_REST})*+(?:{_STREAM}{_REST}(?:(?:{_OF_STREAM}){_REST})*+)*+")
"""A whole description of which everything passes: nearly every one."""
_AT_HEAD: Final = re.compile(_LINE)
_BELOW: Final = re.compile(_OF_STREAM)
_CARRIED: Final = re.compile(_STREAM)
_PLAIN: Final = re.compile(r"(?i:m=(?:\w+ +\d+(?:/\d+)? +RTP/AVPF?|image +\d+ +udptl) )")
_KEYLESS: Final = re.compile("(?!a=crypto)")
_OWNER: Final = re.compile(r"^o=[^ \r\n]+", re.MULTILINE)
_TITLE: Final = re.compile(r"^s=[^\r\n]*", re.MULTILINE)
_SOURCE: Final = re.compile(r"^a=ssrc:[^\r\n]*\r?\n", re.MULTILINE)
_NOWHERE: Final = "c=IN IP4 0.0.0.0"
"""The relay would write the sender's own address below a stream that has none of its own."""


def carried_only(body: str) -> str:
    r"""The description without what may not pass. A stream that is not carried stays, refused: each has its place.

    RFC 3264 sections 5.1 and 6: the answer has as many streams as the offer, and a port of 0 refuses one.

    >>> carried_only("v=0\r\nm=audio 4000 RTP/AVP 8\r\na=tool:x\r\nm=message 5 TCP/MSRP *\r\nc=IN IP4 192.0.2.1\r\n")
    'v=0\r\nm=audio 4000 RTP/AVP 8\r\nm=message 0 TCP/MSRP *\r\nc=IN IP4 0.0.0.0\r\n'
    """
    if _USUAL.fullmatch(body):
        return body
    return _joined(_passing(_lines(body), _CARRIED, _AT_HEAD, _BELOW))


def plain_only(body: str) -> str:
    """The description with its plain streams alone, and no keys; as it is where it has no plain stream."""
    lines = _lines(body)
    if not any(_PLAIN.match(line) for line in lines):
        return body
    return _joined(_passing(lines, _PLAIN, _KEYLESS, _KEYLESS))


def keyless_where_plain(body: str) -> str:
    """The description without keys below its plain streams (RFC 8643): nobody is to take one of them."""
    plain, kept = False, []
    for line in _lines(body):
        plain = _PLAIN.match(line) is not None if line.startswith("m=") else plain
        kept += [] if plain and line.startswith("a=crypto") else [line]
    return _joined(kept)


def nameless(body: str) -> str:
    r"""The description without what phones tell of themselves and their account, for whoever is outside (RFC 5576).

    >>> nameless("v=0\r\no=101 1 1 IN IP4 192.0.2.1\r\ns=Desk\r\nm=audio 4 RTP/AVP 8\r\na=ssrc:7 cname:a@b\r\n")
    'v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nm=audio 4 RTP/AVP 8\r\n'
    """
    return _OWNER.sub("o=-", _TITLE.sub("s=-", _SOURCE.sub("", body)))


def _lines(body: str) -> list[str]:
    return [line for line in re.split("[\r\n]+", body) if line]


def _joined(lines: Iterable[str]) -> str:
    return "".join(f"{line}\r\n" for line in lines)


def _passing(lines: list[str], streams: Pattern[str], at_head: Pattern[str], below: Pattern[str]) -> Iterator[str]:
    known, passes = at_head, True
    for line in lines:
        if line.startswith("m="):
            known, passes = below, streams.match(line) is not None
            yield from [line] if passes else _refused(line)
        elif passes and known.match(line):
            yield line


def _refused(stream: str) -> list[str]:
    words = stream.split()
    return [" ".join((words[0], "0", *words[2:])), _NOWHERE] if len(words) > 3 else []
