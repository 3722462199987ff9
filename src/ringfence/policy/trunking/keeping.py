"""What is due at a trunk: keep-alives, registrations and their renewal, and what an answer to them means.

Pure: `now` is Unix time in seconds, and the state of a registration travels as one line of text that all workers share.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from ringfence.policy.trunking.trunks import Trunk

ANSWER_TIME: Final = 12.0
"""Seconds after which an attempt without any answer is given up; the engine itself gives up after five."""

RETRY_NEXT: Final = 2.0
LONGEST_WANTED: Final = 86_400
"""Seconds. We keep no registration that has to last longer: a provider that moved would not be noticed."""
RETRY_REFUSED: Final = 60.0
"""Seconds before the next attempt: at another address soon, after a refusal later, so that no account is locked."""


class Standing(StrEnum):
    """How a registration stands."""

    NEVER = ""
    TRYING = "trying"
    REGISTERED = "registered"
    REFUSED = "refused"
    UNANSWERED = "unanswered"


@dataclass(frozen=True, slots=True)
class Registration:
    """The registration of one trunk: at which address, until when it holds, and when something is due again."""

    standing: Standing = Standing.NEVER
    address: str = ""
    until: float = 0.0
    due: float = 0.0
    asked: str = ""
    """A digest of what it was asked with, as `asking` says it."""
    least: int = 0
    """Seconds that the provider wants it to last at least (Min-Expires); 0 if it said nothing."""

    def encoded(self) -> str:
        return f"{self.standing.value}|{self.address}|{self.until:.0f}|{self.due:.0f}|{self.asked}|{self.least}"


def decode_registration(text: str) -> Registration:
    """What `encoded` wrote; a fresh one for anything else.

    >>> decode_registration(Registration(Standing.TRYING, "192.0.2.1:5060", 0, 9).encoded()).due
    9.0
    """
    parts = text.split("|")
    if len(parts) != 6:
        return Registration()
    standing, address, until, due, asked, least = parts
    return Registration(Standing(standing), address, float(until), float(due), asked, int(least))


def too_brief(address: str, least: int, now: float) -> Registration:
    """423: asked again soon, for as long as the provider wants (RFC 3261 section 10.2.8)."""
    return Registration(Standing.UNANSWERED, address, 0.0, now + RETRY_NEXT, least=least)


def seconds_asked(trunk: Trunk, least: int) -> int:
    """How long a registration is to last.

    >>> from ringfence.policy.trunking.trunks import TrunkKind
    >>> [seconds_asked(Trunk(1, "t", TrunkKind.REGISTER, expires=300), least) for least in (0, 60, 1800)]
    [300, 300, 1800]
    """
    return max(trunk.expires, least)


def asking(trunk: Trunk) -> str:
    """What a registration of this trunk says. When that changes another one is due at once, also after a refusal."""
    return repr((trunk.login, trunk.domain, trunk.from_domain, trunk.transport.value, trunk.expires))


def address_to_try(trunk: Trunk, now: Registration, down: frozenset[str]) -> str:
    """Where to register next: where it holds; otherwise the address after the one that failed, those that answer
    first; "" if the trunk has none.
    """
    addresses = [peer.hostport for peer in trunk.peers]
    if now.standing is Standing.REGISTERED and now.address in addresses and now.address not in down:
        return now.address
    if not addresses:
        return ""
    start = addresses.index(now.address) + 1 if now.address in addresses else 0
    turned = addresses[start:] + addresses[:start]
    return next((address for address in turned if address not in down), turned[0])


def trying(address: str, before: Registration, now: float) -> Registration:
    """While an attempt runs; an old registration holds until it ends."""
    return Registration(Standing.TRYING, address, before.until, now + ANSWER_TIME)


def accepted(address: str, granted: int, now: float) -> Registration:
    """Renewed when half of what was granted is over, at the earliest after 10 seconds (RFC 3261 section 10.2.4)."""
    return Registration(Standing.REGISTERED, address, now + granted, now + max(10.0, granted / 2))


def not_accepted(address: str, code: int, now: float) -> Registration:
    """408 and 5xx are the address's fault, so the next one is tried soon; everything else is a refusal."""
    if code == 408 or code >= 500:
        return Registration(Standing.UNANSWERED, address, 0.0, now + RETRY_NEXT)
    return Registration(Standing.REFUSED, address, 0.0, now + RETRY_REFUSED)
