"""Requests inside a dialog: only its two parties may send them."""

from typing import Final

from ringfence.policy.model import Refuse

ALLOWED: Final = frozenset({"ACK", "BYE", "INVITE", "UPDATE", "PRACK", "INFO", "OPTIONS", "REFER", "NOTIFY", "MESSAGE"})

REFER: Final = "refer"
"""The event a party tells the other of: how its transfer goes (RFC 3515). With others it would command the phone:
`talk` answers and `hold` holds, `check-sync` has it start anew."""


def judge(method: str, known: bool, source: str, parties: tuple[str, ...], event: str = "") -> Refuse | None:
    """The objection to a request with a To tag.

    `known` says that the dialog is ours, `parties` are the addresses its two sides really speak from, `event` is what
    a NOTIFY is about.

    >>> judge("BYE", True, "192.0.2.9", ("192.0.2.1", "192.0.2.2")).rule
    'dialog.party'
    """
    if not known:
        return Refuse("dialog.known", 481, "Call/Transaction Does Not Exist")
    if source not in parties:
        return Refuse("dialog.party", 403, "Forbidden")
    if method == "NOTIFY" and event != REFER:
        return Refuse("dialog.event", 489, "Bad Event")
    return None if method in ALLOWED else Refuse("dialog.method", 405, "Method Not Allowed")
