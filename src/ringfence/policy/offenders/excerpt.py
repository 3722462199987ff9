"""What evidence may show of a SIP message: the request line and the headers that tell who sent it, never a secret.

A digest response can be attacked offline and a nonce answered, so of credentials only the names remain (RFC 7616
section 5.4). Control characters never reach a log, a page or a terminal.
"""

import re
from typing import Final

SHOWN: Final = frozenset(
    {
        "via", "from", "to", "call-id", "cseq", "contact", "user-agent", "authorization", "proxy-authorization",
        "v", "f", "t", "i", "m",
    }
)  # fmt: skip
LONGEST_LINE: Final = 160
LONGEST_EXCERPT: Final = 1_000
MOST_LINES: Final = 14
TOLD: Final = frozenset({"username", "realm", "uri", "algorithm"})
"""Parameters of credentials that are no secret."""

_PARAMETER: Final = re.compile(r'([\w-]+)\s*=\s*("[^"]*"|[^\s,"]+)')
_UNPRINTABLE: Final = re.compile(r"[^\x20-\x7e\u00ae-\u024f]")


def excerpt(message: str) -> str:
    """The telling lines of a request, bounded, one below the other.

    >>> excerpt("REGISTER sip:a SIP/2.0\\r\\nX-Odd: 1\\r\\nFrom: <sip:101@a>\\r\\n\\r\\nbody")
    'REGISTER sip:a SIP/2.0\\nFrom: <sip:101@a>'
    """
    head = message[: 8 * LONGEST_EXCERPT].partition("\r\n\r\n")[0]
    first, *headers = head.split("\r\n")
    lines = [_plain(first), *(_shown(line) for line in headers if _name(line) in SHOWN)]
    return "\n".join(lines[:MOST_LINES])[:LONGEST_EXCERPT]


def _name(line: str) -> str:
    return line.partition(":")[0].strip().lower()


def _shown(line: str) -> str:
    name, _, value = line.partition(":")
    return _plain(f"{name.strip()}: {_without_secrets(value)}" if "authorization" in name.lower() else line)


def _without_secrets(value: str) -> str:
    scheme = value.split(maxsplit=1)[0] if value.strip() else ""
    told = [f"{name}={given}" for name, given in _PARAMETER.findall(value) if name.lower() in TOLD]
    return f"{scheme} {', '.join([*told, '(the rest is removed)'])}"


def _plain(line: str) -> str:
    return _UNPRINTABLE.sub("?", line)[:LONGEST_LINE]
