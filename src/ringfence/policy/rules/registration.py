"""What a registration may say (RFC 3261 section 10.3)."""

from typing import Final

from ringfence.policy.index import Index
from ringfence.policy.model import Refuse, Request

MAX_CONTACTS: Final = 5
MAX_EXPIRES: Final = 2**32 - 1
GRANTED_AT_LEAST: Final = 60
GRANTED_AT_MOST: Final = 600
GRANTED_UNASKED: Final = 300
"""Seconds a registration is granted, whatever the phone asks for; the registrar's settings are rendered from here."""

MOST_OPEN: Final = 2
"""Challenges in a row that a registered phone may leave unanswered before they count against its address."""


def account(request: Request, index: Index) -> Refuse | None:
    """A phone registers the extension whose password it proved, and no other."""
    caller = request.caller
    if caller and request.to_user.lower() == caller.extension and index.domain_of(request.to_host) == caller.domain:
        return None
    return Refuse("registration.account", 403, "Forbidden")


def star(request: Request, index: Index) -> Refuse | None:
    """`Contact: *` removes all bindings, stands alone and with Expires 0 (RFC 3261 section 10.2.2)."""
    if not request.star_contact or (request.contacts == 1 and request.expires == 0):
        return None
    return Refuse("registration.star", 400, "Bad Request")


def contacts(request: Request, index: Index) -> Refuse | None:
    """At most five devices in one registration."""
    return Refuse("registration.contacts", 400, "Too Many Contacts") if request.contacts > MAX_CONTACTS else None


def expires(request: Request, index: Index) -> Refuse | None:
    """An Expires value has at most 32 bits (RFC 3261 section 20.19); what is granted is clamped to 60..600 seconds."""
    if request.expires is None or 0 <= request.expires <= MAX_EXPIRES:
        return None
    return Refuse("registration.expires", 400, "Bad Request")
