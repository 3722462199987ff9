"""What a SIP port answers to OPTIONS, and whether REGISTER tells known extensions from unknown ones.

Five requests for a port, of which none carries credentials: fewer than any protection counts.
"""

import re
import secrets
import socket
from dataclasses import dataclass
from typing import Final

from ringfence.probe.view import Sip

SECONDS: Final = 1.5
LONGEST: Final = 65_535
USUAL: Final = ("100", "101", "1000")
"""Extensions that an attacker tries first."""

_CHANGING: Final = re.compile(r'nonce="[^"]*"|opaque="[^"]*"|branch=[^;\s]+|tag=[^;\s]+|rport=\d+|received=[^;\s]+')
_COMPARED: Final = ("www-authenticate", "proxy-authenticate", "server", "user-agent", "retry-after", "warning")


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: dict[str, str]


def look(host: str, port: int, domain: str, accounts: tuple[str, ...] = USUAL) -> Sip | None:
    """Over UDP; None for a port that answers nothing."""
    first = _ask(host, port, "OPTIONS", domain, "probe")
    if first is None:
        return None
    agent = first.headers.get("server") or first.headers.get("user-agent", "")
    stranger = f"x{secrets.token_hex(6)}"
    unknown = _ask(host, port, "REGISTER", domain, stranger)
    apart = ""
    for account in accounts:
        apart = apart or told_apart(account, _ask(host, port, "REGISTER", domain, account), unknown)
    return Sip("udp", port, first.status, agent, apart)


def told_apart(account: str, answer: Answer | None, unknown: Answer | None) -> str:
    """In which way the answer to an account differs from that to nobody; "" when they are alike.

    >>> told_apart("100", Answer(401, {}), Answer(404, {}))
    '100 is answered with 401, nobody with 404'
    """
    if answer is None or unknown is None:
        return "" if answer is unknown else f"{account} is answered, nobody is not" if answer else ""
    if answer.status != unknown.status:
        return f"{account} is answered with {answer.status}, nobody with {unknown.status}"
    for name in _COMPARED:
        if _steady(answer.headers.get(name, "")) != _steady(unknown.headers.get(name, "")):
            return f"the header {name} of the answer to {account} is another one"
    return ""


def _steady(text: str) -> str:
    return _CHANGING.sub("", text)


def _ask(host: str, port: int, method: str, domain: str, user: str) -> Answer | None:
    family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
    with socket.socket(family, kind) as link:
        link.settimeout(SECONDS)
        try:
            link.connect(address)
            link.send(_request(link.getsockname(), method, domain, user))
            return parsed(link.recv(LONGEST).decode("utf-8", "replace"))
        except OSError:
            return None


def _request(own: tuple[str, int], method: str, domain: str, user: str) -> bytes:
    target = f"sip:{domain}" if method == "REGISTER" else f"sip:{user}@{domain}"
    place = f"[{own[0]}]:{own[1]}" if ":" in own[0] else f"{own[0]}:{own[1]}"
    lines = (
        f"{method} {target} SIP/2.0",
        f"Via: SIP/2.0/UDP {place};rport;branch=z9hG4bK{secrets.token_hex(8)}",
        "Max-Forwards: 70",
        f"From: <sip:{user}@{domain}>;tag={secrets.token_hex(4)}",
        f"To: <sip:{user}@{domain}>",
        f"Call-ID: {secrets.token_hex(8)}",
        f"CSeq: 1 {method}",
        f"Contact: <sip:{user}@{place}>",
        "User-Agent: Ringfence probe",
        "Content-Length: 0",
    )
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def parsed(text: str) -> Answer | None:
    """
    >>> parsed("SIP/2.0 401 Unauthorized\\r\\nServer: PBX\\r\\n\\r\\n")
    Answer(status=401, headers={'server': 'PBX'})
    """
    lines = text.split("\r\n\r\n")[0].split("\r\n")
    words = lines[0].split(" ", 2)
    if len(words) < 2 or words[0] != "SIP/2.0" or not words[1].isdecimal():
        return None
    pairs = (line.partition(":") for line in lines[1:] if ":" in line)
    return Answer(int(words[1]), {name.strip().lower(): value.strip() for name, _, value in pairs})
