"""Which of the places that an ICE agent names (RFC 8839) the relay is told of: it sends checks to each of them, up to
eight, before anybody there has answered (RFC 8445 section 19.5.1).

So whoever has an account could have a stranger flooded, with nine times what he sent. A browser that is somewhere else
is found all the same: the relay learns its place from the checks that come from there (RFC 8445 section 7.3.1.3).
"""

import re
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

MOST_AT_SOURCE: Final = 8
MOST_ELSEWHERE: Final = 4
"""In a whole description. A browser behind an address translator names none but such."""
OF_A_STREAM: Final = 2
"""Of those: one for sound, one for its reports."""

_BEGINS: Final = "a=candidate"
_USUAL: Final = re.compile(r"a=candidate:[!-~]+ \d{1,3} (?i:UDP) \d{1,10} ([0-9A-Fa-f:.]+) \d{1,5} typ [!-~ ]+")
"""As written, or the relay may read another address in it. It sends nothing to those over TCP, or with a name."""


def bounded(body: str, source: str) -> str:
    r"""The description with the candidates at the address that signals, and few others. Without `source`: with none.

    >>> bounded("m=audio 9 RTP/AVP 0\r\na=candidate:1 1 UDP 9 192.0.2.1 4000 typ host\r\n", "")
    'm=audio 9 RTP/AVP 0\r\n'
    """
    if _BEGINS not in body:
        return body
    lines = [line for line in re.split("[\r\n]+", body) if line]
    return "".join(f"{line}\r\n" for line in _kept(lines, ip_address(source.strip("[]")) if source else None))


def _kept(lines: list[str], source: IPv4Address | IPv6Address | None) -> Iterator[str]:
    at_source = elsewhere = of_stream = 0
    for line in lines:
        if not line.startswith(_BEGINS):
            of_stream = 0 if line.startswith("m=") else of_stream
            yield line
            continue
        place = _place(line) if source else None
        if place is None:
            continue
        if place == source:
            at_source += 1
            yield from [line] if at_source <= MOST_AT_SOURCE else []
        elif of_stream < OF_A_STREAM and elsewhere < MOST_ELSEWHERE:
            of_stream, elsewhere = of_stream + 1, elsewhere + 1
            yield line


def _place(line: str) -> IPv4Address | IPv6Address | None:
    found = _USUAL.fullmatch(line)
    try:
        return ip_address(found[1]) if found else None
    except ValueError:
        return None
