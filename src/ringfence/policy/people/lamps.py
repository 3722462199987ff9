"""Who may watch whom: busy lamps and presence inside one tenant, and everybody the own mailbox (RFC 6665, RFC 4235,
RFC 3856, RFC 3842; attack case 40).
"""

from typing import Final

from ringfence.policy.book import FindSubscriber, Subscriber
from ringfence.policy.calls.services import CODES, Service
from ringfence.policy.index import Index
from ringfence.policy.model import Refuse, Request, Watch
from ringfence.policy.outgoing.numbers import Reach

DIALOG: Final = "dialog"
PRESENCE: Final = "presence"
MESSAGES: Final = "message-summary"
EVENTS: Final = (DIALOG, PRESENCE, MESSAGES)
LEAST_SECONDS: Final = 60
MOST_SECONDS: Final = 3600
"""So long at most a lamp may be wrong after its phone went away."""


def watch(request: Request, index: Index, find: FindSubscriber) -> Watch | Refuse:
    """Whoever may call inside may watch extensions of the own tenant; the messages of a mailbox are for its owner."""
    caller, event = request.caller, request.event.partition(";")[0].strip().lower()
    if caller is None:
        return Refuse("watch.unknown_caller", 403, "Forbidden")
    if event not in EVENTS:
        return Refuse("watch.event", 489, "Bad Event")
    if event == MESSAGES:
        return _own_mailbox(request, caller)
    if not index.role(caller.role).may(Reach.INTERNAL):
        return Refuse("watch.internal_calls", 403, "Forbidden")
    watched = find(f"{request.target_user}@{caller.domain}")
    if watched is None:
        return Refuse("watch.nobody", 404, "Not Found")
    return Watch("watch.extension", watched.aor, event, granted(request.expires))


def _own_mailbox(request: Request, caller: Subscriber) -> Watch | Refuse:
    """Phones ask for their own number, for none, or for what their message key dials."""
    asked = request.target_user
    if asked and asked != caller.aor.partition("@")[0] and CODES.get(asked) is not Service.MAILBOX:
        return Refuse("watch.mailbox", 403, "Forbidden")
    return Watch("watch.messages", caller.aor, MESSAGES, granted(request.expires))


def granted(asked: int | None) -> int:
    """Seconds a watch lasts; 0 ends it. What is no number counts as not asked.

    >>> granted(None), granted(0), granted(5), granted(10**9)
    (3600, 0, 60, 3600)
    """
    if asked is None or asked < 0:
        return MOST_SECONDS
    return 0 if asked == 0 else min(max(asked, LEAST_SECONDS), MOST_SECONDS)
