"""A transfer: who may ask whom to call what, and the token that proves it later (RFC 3515, RFC 3891, RFC 5589)."""

import re
from dataclasses import dataclass
from typing import Final, NamedTuple
from urllib.parse import unquote

from ringfence.policy.calls.redirection import redirection_in
from ringfence.policy.model import Refuse

BEFORE_TOKEN: Final = "_"  # noqa: S105
"""Stands between number and token in the user part: no number holds it, and every phone keeps the user part."""

TOKEN_BYTES: Final = 16

NO_TARGET: Final = Refuse("transfer.target", 403, "Forbidden")

_REPLACES: Final = re.compile(r"[?&]Replaces=([^&>\s]{1,400})", re.IGNORECASE)
_TAGS: Final = re.compile(r"([^;\s]{1,128});(?:to-tag=([^;\s]{1,128});from-tag=([^;\s]{1,128}))", re.IGNORECASE)
_SWAPPED: Final = re.compile(r"([^;\s]{1,128});(?:from-tag=([^;\s]{1,128});to-tag=([^;\s]{1,128}))", re.IGNORECASE)
_METHOD: Final = re.compile(r";method=(\w+)", re.IGNORECASE)


class Replaced(NamedTuple):
    """The dialog that an attended transfer ends in favour of the new one, as the side that will be called knows it."""

    call_id: str
    to_tag: str
    from_tag: str

    @property
    def header(self) -> str:
        return f"{self.call_id};to-tag={self.to_tag};from-tag={self.from_tag}"


class Wish(NamedTuple):
    """What a Refer-To asks for. With `replaced` it may name a device instead of a number, which is "" then."""

    number: str
    host: str
    replaced: Replaced | None = None


@dataclass(frozen=True, slots=True)
class Grant:
    """A transfer that was judged and may be carried out once: by `transferee`, to `number`, at the cost of `payer`."""

    payer: str
    transferee: str
    number: str
    replaces: str = ""


def wish_in(refer_to: str) -> Wish | Refuse:
    """What a Refer-To header asks for; only a call can be asked for.

    >>> wish_in("<sip:103@a.example?Replaces=x%40y%3Bto-tag%3D1%3Bfrom-tag%3D2>").replaced.to_tag
    '1'
    """
    number, host = redirection_in(refer_to)
    method = _METHOD.search(refer_to)
    if method and method[1].upper() != "INVITE":
        return NO_TARGET
    if BEFORE_TOKEN in number:
        number = ""
    if (found := _REPLACES.search(refer_to)) is None:
        return Wish(number, host) if number else NO_TARGET
    replaced = _replaced(unquote(found[1]))
    return Wish(number, host, replaced) if replaced else Refuse("transfer.replaces", 403, "Forbidden")


def towards(wish: Wish, transferrer: str, parties: tuple[str, ...]) -> Wish:
    """The same wish, to the extension that the replaced call is with, if it is one of the transferrer's domain.

    Phones name whom they talk to by what they dialled, which may be a group or a forwarded number, or by the Contact of
    that device (RFC 5589 section 7.1). `parties`: the addresses of record of the replaced call; none if it is unknown.

    >>> towards(Wish("x7", "192.0.2.9", Replaced("i", "1", "2")), "101@a.test", ("103@a.test", "101@a.test"))[:2]
    ('103', 'a.test')
    """
    others = [party for party in parties if party != transferrer]
    if wish.replaced is None or len(others) != 1 or len(parties) != 2:
        return wish
    number, _, domain = others[0].partition("@")
    return wish._replace(number=number, host=domain) if domain == transferrer.partition("@")[2] else wish


def _replaced(text: str) -> Replaced | None:
    if not text.isprintable():
        return None
    if found := _TAGS.match(text):
        return Replaced(*found.groups())
    if found := _SWAPPED.match(text):
        return Replaced(found[1], found[3], found[2])
    return None


def encode_grant(grant: Grant) -> str:
    return "|".join((grant.payer, grant.transferee, grant.number, grant.replaces))


def decode_grant(text: str) -> Grant | None:
    """The grant of its text; None for anything else."""
    parts = text.split("|", 3)
    return Grant(*parts) if len(parts) == 4 else None


def redeemed(grant: Grant | None, caller: str, dialled: str) -> Grant | None:
    """The grant if it is this caller's and for this number; a token in other hands is worth nothing."""
    if grant is None or grant.transferee != caller or dialled.partition(BEFORE_TOKEN)[0] != grant.number:
        return None
    return grant
