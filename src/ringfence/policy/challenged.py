"""Which of a provider's challenges is answered, and how (RFC 3261 section 22, RFC 8760).

A provider may ask for several algorithms, the strongest first. The stored HA1 is MD5's, and good for one realm.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Self

from ringfence.policy.trunks import Login

MD5: Final = "MD5"
LONGEST_TOLD: Final = 64
_PARAMETER: Final = re.compile(r'(\w+)\s*=\s*(?:"([^"]*)"|([^\s,"]+))')


def parameters(header: str) -> dict[str, str]:
    """Those of a digest header, a challenge or credentials, by name in small letters.

    >>> parameters('Digest Realm="a b", algorithm=MD5')
    {'realm': 'a b', 'algorithm': 'MD5'}
    """
    return {name.lower(): quoted or bare for name, quoted, bare in _PARAMETER.findall(header)}


@dataclass(frozen=True, slots=True)
class Challenge:
    """One WWW-Authenticate or Proxy-Authenticate header."""

    realm: str
    nonce: str
    algorithm: str = MD5
    opaque: str = ""
    has_qop: bool = False
    is_stale: bool = False

    @classmethod
    def of(cls, header: str) -> Self | None:
        """What the header asks for; None if it is no digest challenge with a realm and a nonce."""
        told = parameters(header)
        if not header.lower().startswith("digest ") or not told.get("realm") or not told.get("nonce"):
            return None
        return cls(
            told["realm"],
            told["nonce"],
            told.get("algorithm", MD5).upper(),
            told.get("opaque", ""),
            "auth" in (one.strip() for one in told.get("qop", "").split(",")),
            told.get("stale", "").lower() == "true",
        )


def answerable(headers: Iterable[str], login: Login) -> Challenge | None:
    """The first challenge for the realm of this password that asks for MD5.

    >>> login = Login("customer", "isp.example", "0" * 32)
    >>> asked = 'Digest realm="isp.example", nonce="n", algorithm='
    >>> answerable([f"{asked}SHA-256", f"{asked}MD5"], login).algorithm
    'MD5'
    >>> answerable([f"{asked}SHA-256"], login), answerable(['Digest realm="evil", nonce="n"'], login)
    (None, None)
    """
    return next((one for one in _read(headers) if (one.realm, one.algorithm) == (login.realm, MD5)), None)


def objection(headers: Iterable[str], login: Login) -> str:
    """Why none of these is answered, for the administrator, who may have to enter another realm.

    >>> objection(['Digest realm="asterisk", nonce="n"'], Login("customer", "isp.example", "0" * 32))
    'a challenge for another realm: asterisk'
    """
    asked = _read(headers)
    if any(one.realm == login.realm for one in asked):
        return "a challenge for another algorithm than MD5"
    named = "".join(filter(str.isprintable, asked[0].realm))[:LONGEST_TOLD] if asked else ""
    return f"a challenge for another realm: {named}" if named else "a challenge that is none"


def _read(headers: Iterable[str]) -> list[Challenge]:
    return [one for one in map(Challenge.of, headers) if one is not None]
