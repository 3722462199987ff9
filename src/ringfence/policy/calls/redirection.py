"""Where a phone's 302 or REFER sends a call: only number and host are read from it; the number is then judged."""

import re
from typing import Final, NamedTuple

from ringfence.policy.calls.dialled import read_dialled

_TARGET: Final = re.compile(
    r"<?\s*(?:sips?:([^@<>?\s]{1,64})@(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+)|tel:([^<>?\s]{1,64}))"
)

_CONTACT: Final = re.compile(r'(?:"(?:[^"\\]|\\.)*"|<[^>]*>|[^",<])+')
_WEIGHT: Final = re.compile(r";\s*q\s*=\s*([01](?:\.\d{0,3})?)(?!\d)", re.IGNORECASE)

MOST_TARGETS: Final = 10
"""So many targets of redirections are tried for one call, whoever names them."""

LONGEST: Final = 2_000
"""Characters of the Contacts that are read."""


class Target(NamedTuple):
    """Where a call may go next because a phone said so: the number, who is judged for it, and who forwarded before."""

    number: str
    by: str
    path: tuple[str, ...] = ()


def redirections_in(contacts: str) -> tuple[tuple[str, str], ...]:
    """Number and host of each Contact of a 302 that names any, the one with the highest q first (RFC 3261 section
    8.1.3.4).

    >>> redirections_in('<sip:1@a.example>;q=0.2, "x, y" <sip:2@a.example>;q=0.9,<tel:+4930>;q=0.5,*')
    (('2', 'a.example'), ('+4930', ''), ('1', 'a.example'))
    """
    listed = _CONTACT.findall(contacts[:LONGEST])
    found = ((redirection_in(contact), _weight(contact)) for contact in listed)
    ordered = sorted((one for one in found if one[0][0]), key=lambda one: -one[1])
    return tuple(dict.fromkeys(target for target, _ in ordered))


def _weight(contact: str) -> float:
    """Without one, as if it were the highest."""
    found = _WEIGHT.search(contact.rpartition(">")[2])
    return float(found[1]) if found else 1.0


def encode_targets(targets: tuple[Target, ...]) -> str:
    return ";".join(" ".join((number, by, ",".join(path))) for number, by, path in targets)


def decode_targets(text: str) -> tuple[Target, ...]:
    """Raises ValueError on anything that `encode_targets` did not write.

    >>> decode_targets(encode_targets((Target("1", "2@a", ("3@a",)), Target("+49", "2@a"))))
    (Target(number='1', by='2@a', path=('3@a',)), Target(number='+49', by='2@a', path=()))
    """
    parts = [part.split(" ") for part in text.split(";") if part]
    return tuple(Target(number, by, tuple(filter(None, path.split(",")))) for number, by, path in parts)


def redirection_in(contact: str) -> tuple[str, str]:
    """The number a Contact names and the host, "" and "" if there is none; a `tel:` has no host.

    >>> redirection_in("<sip:102@a.example;user=phone>"), redirection_in("tel:+4930"), redirection_in("*")
    (('102', 'a.example'), ('+4930', ''), ('', ''))
    >>> redirection_in("<tel:2071;phone-context=+44>"), redirection_in("tel:+4930;q=0.5")
    (('+442071', ''), ('+4930', ''))
    """
    found = _TARGET.search(contact)
    if found is None:
        return "", ""
    user, host, number = found.groups()
    return _whole(str(user or number)), str(host or "")


def _whole(written: str) -> str:
    """A number with the context it stands behind (RFC 3966 section 5.1.5), or else without parameters."""
    read = read_dialled(written)
    return f"+{read.context}{read.digits}" if read.context else written.partition(";")[0]
