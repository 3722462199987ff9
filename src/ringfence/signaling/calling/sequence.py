"""Numbers a party's requests to a phone that has seen others in its name: after a transfer that failed, the phone knows
higher numbers than the party, and takes no lower one (RFC 3261 section 12.2.2).
"""

from ringfence.policy.calls.handover import RAISED, SIDE
from ringfence.signaling.ports import ksr


def raise_towards(receiver: str) -> None:
    """For a request that goes to this side of the dialog."""
    if (more := _more()) and receiver == ksr.dialog_var(SIDE):
        _write(ksr.sequence_number() + more)


def restore() -> None:
    """For the reply to such a request: the party knows its own number alone."""
    more = _more()
    if more and ksr.text("$ft") == ksr.text("$dlg(to_tag)" if ksr.dialog_var(SIDE) == "caller" else "$dlg(from_tag)"):
        _write(ksr.sequence_number() - more)


def _more() -> int:
    raised = ksr.dialog_var(RAISED)
    return int(raised) if raised else 0


def _write(number: int) -> None:
    method = ksr.text("$rm")
    ksr.remove_named(("CSeq",))
    ksr.append_header(f"CSeq: {number} {method}")
