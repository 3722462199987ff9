"""Which of a provider's challenges is answered, and how (RFC 3261 section 22, RFC 8760).

A provider may ask for several algorithms, the one that it likes best first. The stored HA1s are good for one realm.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, Self

from ringfence.policy.trunking.trunks import Login

MD5: Final = "MD5"
SHA_256: Final = "SHA-256"
LONGEST_TOLD: Final = 64
type Hash = Callable[[str], str]
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
    """The first challenge for the realm of this password that asks for an algorithm we have (RFC 8760 section 2.4).

    >>> login = Login("customer", "isp.example", "0" * 32, "0" * 64)
    >>> asked = 'Digest realm="isp.example", nonce="n", algorithm='
    >>> answerable([f"{asked}SHA-512-256", f"{asked}SHA-256", f"{asked}MD5"], login).algorithm
    'SHA-256'
    >>> answerable([f"{asked}SHA-512-256"], login), answerable(['Digest realm="evil", nonce="n"'], login)
    (None, None)
    """
    known = {MD5: login.ha1, SHA_256: login.ha1_sha_256}
    return next((one for one in _read(headers) if one.realm == login.realm and known.get(one.algorithm)), None)


def credentials(challenge: Challenge, login: Login, request: tuple[str, str], cnonce: str, digest: Hash) -> str:
    """What answers it for a request of this method and URI (RFC 7616 section 3.4); `digest` is the algorithm's."""
    method, uri = request
    ha1 = login.ha1_sha_256 if challenge.algorithm == SHA_256 else login.ha1
    middle = ["00000001", cnonce, "auth"] if challenge.has_qop else []
    response = digest(":".join([ha1, challenge.nonce, *middle, digest(f"{method}:{uri}")]))
    parts = [f'username="{login.digest_name}"', f'realm="{login.realm}"', f'nonce="{challenge.nonce}"', f'uri="{uri}"']
    parts += [f'response="{response}"', f"algorithm={challenge.algorithm}"]
    parts += [f'cnonce="{cnonce}"', "qop=auth", "nc=00000001"] if challenge.has_qop else []
    parts += [f'opaque="{challenge.opaque}"'] if challenge.opaque else []
    return f"Digest {', '.join(parts)}"


def objection(headers: Iterable[str], login: Login) -> str:
    """Why none of these is answered, for the administrator, who may have to enter another realm.

    >>> objection(['Digest realm="asterisk", nonce="n"'], Login("customer", "isp.example", "0" * 32))
    'a challenge for another realm: asterisk'
    """
    asked = _read(headers)
    if any(one.realm == login.realm for one in asked):
        return "a challenge for another algorithm than SHA-256 and MD5"
    named = "".join(filter(str.isprintable, asked[0].realm))[:LONGEST_TOLD] if asked else ""
    return f"a challenge for another realm: {named}" if named else "a challenge that is none"


def _read(headers: Iterable[str]) -> list[Challenge]:
    return [one for one in map(Challenge.of, headers) if one is not None]
