"""Which requests are served at all outside a dialog."""

from typing import Final

from ringfence.policy.index import Index
from ringfence.policy.model import Drop, Refuse, Request

SERVED: Final = frozenset({"REGISTER", "INVITE", "OPTIONS", "SUBSCRIBE", "MESSAGE"})


def notify(request: Request, index: Index) -> Drop | None:
    """A NOTIFY from outside (check-sync, message-summary, talk) never reaches a phone."""
    return Drop("method.notify") if request.method == "NOTIFY" else None


def served(request: Request, index: Index) -> Refuse | None:
    """Outside a dialog REGISTER, INVITE, OPTIONS, SUBSCRIBE and MESSAGE are served, whoever asks."""
    return None if request.method in SERVED else Refuse("method.served", 405, "Method Not Allowed")
