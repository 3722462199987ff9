"""Text messages between extensions (RFC 3428): who may write to whom, and which are carried. None is kept.

Judged like a call inside: the digest proves who writes, and whom a role forbids calls inside it forbids texts. A
text is no ring: do not disturb and forwards are for calls, and devices keep quiet by settings of their own.
"""

from typing import Final

from ringfence.policy.book import FindSubscriber
from ringfence.policy.index import Index
from ringfence.policy.model import Refuse, Request, SendText
from ringfence.policy.outgoing.numbers import Reach
from ringfence.policy.trunking.next_hop import transport_towards

LONGEST_OVER_UDP: Final = 1300
"""Bytes of the whole message (RFC 3428 section 8); longer ones would crowd out what the network needs."""

MOST_A_MINUTE: Final = 60
"""Messages of one extension, those included that say that somebody is typing."""

CARRIED: Final = ("text/plain", "application/im-iscomposing+xml", "message/imdn+xml")
"""Text, that somebody is typing (RFC 3994), and that a text was read (RFC 5438). No pages and no files."""

UNKNOWN_KIND: Final = Refuse("text.kind", 415, "Unsupported Media Type")
TOO_LONG: Final = Refuse("text.length", 513, "Message Too Large")
TOO_MANY: Final = Refuse("text.rate", 480, "Too Many Messages")
OFFLINE: Final = Refuse("text.offline", 480, "Temporarily Unavailable")


def write_to(request: Request, index: Index, find: FindSubscriber) -> SendText | Refuse:
    """Whoever may call inside may write to extensions of the own tenant; nothing is written to anybody outside."""
    caller = request.caller
    if caller is None:
        return Refuse("text.unknown_caller", 403, "Forbidden")
    if not index.role(caller.role).may(Reach.INTERNAL):
        return Refuse("text.internal_calls", 403, "Forbidden")
    receiver = find(f"{request.target_user}@{caller.domain}")
    if receiver is None:
        return Refuse("text.extension", 404, "Messages Reach Extensions Only")
    if not receiver.active:
        return Refuse("text.inactive", 480, "Temporarily Unavailable")
    return SendText("text.extension", receiver.aor, caller)


def objection_to_content(kind: str, length: int, transport: str) -> Refuse | None:
    """What is wrong with what is written; `kind` is the Content-Type, `length` that of the whole message in bytes.

    >>> objection_to_content("Text/Plain;charset=UTF-8", 900, "udp")
    >>> objection_to_content("text/html", 900, "tls").rule, objection_to_content("text/plain", 1301, "udp").rule
    ('text.kind', 'text.length')
    """
    if kind.partition(";")[0].strip().lower() not in CARRIED:
        return UNKNOWN_KIND
    return TOO_LONG if transport == "udp" and length > LONGEST_OVER_UDP else None


def is_too_long_for(hop: str, length: int) -> bool:
    """Whether a message of this length may not be sent to the device behind this next hop."""
    return transport_towards(hop) == "udp" and length > LONGEST_OVER_UDP
