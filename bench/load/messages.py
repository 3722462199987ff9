"""Single SIP messages, good and hostile, and what a digest answers (RFC 7616)."""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.load.phones import DOMAIN, Account, account

_TORTURE: Final = Path(__file__).parents[2] / "tests/system/torture/messages"
_NONCE: Final = re.compile(rb'nonce="([^"]+)"')


@dataclass(frozen=True, slots=True)
class Sender:
    """Where a message comes from and who it claims to be."""

    address: str
    port: int
    account: Account


def register(sender: Sender, serial: str, agent: bytes = b"Bench/1.0", authorization: str = "") -> bytes:
    """A REGISTER; `serial` tells its answer from the others."""
    user = sender.account.user
    lines = (
        f"REGISTER sip:{DOMAIN} SIP/2.0",
        f"Via: SIP/2.0/UDP {sender.address}:{sender.port};rport;branch=z9hG4bK{serial}",
        "Max-Forwards: 70",
        f"From: <sip:{user}@{DOMAIN}>;tag={serial}",
        f"To: <sip:{user}@{DOMAIN}>",
        f"Call-ID: {serial}@{sender.address}",
        "CSeq: 1 REGISTER",
        f"Contact: <sip:{user}@{sender.address}:{sender.port}>",
        *((authorization,) if authorization else ()),
        "Expires: 600",
    )
    return "\r\n".join(lines).encode() + b"\r\nUser-Agent: " + agent + b"\r\nContent-Length: 0\r\n\r\n"


def wrong_answer(sender: Sender, nonce: str) -> str:
    """An Authorization header as a phone with a wrong secret sends it."""
    user = sender.account.user
    secret = _md5(f"{user}:{DOMAIN}:wrong")
    response = _md5(f"{secret}:{nonce}:00000001:0a4f113b:auth:" + _md5(f"REGISTER:sip:{DOMAIN}"))
    return (
        f'Authorization: Digest username="{user}", realm="{DOMAIN}", nonce="{nonce}", uri="sip:{DOMAIN}", '
        f'qop=auth, nc=00000001, cnonce="0a4f113b", response="{response}", algorithm=MD5'
    )


def nonce_of(answer: bytes) -> str:
    """The nonce of a challenge. Raises ValueError when there is none."""
    found = _NONCE.search(answer)
    if not found:
        raise ValueError(f"no nonce in {answer[:80]!r}")
    return found[1].decode()


def hostile_kinds() -> dict[str, tuple[bytes, ...]]:
    """What strangers send: broken text, garbage, scanners, expensive calls, RFC 4475's and 5118's messages."""
    stranger = Sender("198.19.0.4", 5060, account(3))
    torture = tuple(path.read_bytes() for path in sorted(_TORTURE.glob("*/*.dat")))
    if not torture:
        raise FileNotFoundError(f"no torture messages in {_TORTURE}")
    return {
        "broken UTF-8": (register(stranger, "utf8", b"Bench/\xff\xfe\xc3"),),
        "garbage": (b"\x00\x01garbage\xff" * 40,),
        "scanner": (register(stranger, "scan", b"friendly-scanner"),),
        "stranger's call": (invite(stranger, "call"),),
        "two From headers": (register(stranger, "twice").replace(b"To:", b"From: <sip:x@y>;tag=1\r\nTo:"),),
        "torture messages": torture,
    }


def invite(sender: Sender, serial: str) -> bytes:
    """A stranger's call to a number abroad."""
    text = register(sender, serial).replace(
        b"REGISTER sip:" + DOMAIN.encode(), b"INVITE sip:0019005550100@" + DOMAIN.encode()
    )
    return text.replace(b"1 REGISTER", b"1 INVITE")


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
