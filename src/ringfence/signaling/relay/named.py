"""Tells the guard from where a call's media will come, before it does: early media, and whatever a later offer moves.

The addresses of the first offer stand in `call.started`; the dialog remembers what was told since.
"""

from typing import Final

from ringfence.policy.events import Kind
from ringfence.policy.relay.media import addresses
from ringfence.signaling.ports import ksr
from ringfence.signaling.worker import Worker

REMEMBERED: Final = "media_addresses"
MOST: Final = 8
"""Addresses a call holds open at once; who keeps moving loses the oldest."""


def tell(worker: Worker) -> None:
    """For a message with a session description that will be relayed; says nothing twice."""
    if not ksr.has_sdp():
        return
    known = told()
    new = [address for address in addresses(ksr.text("$rb")) if address not in known]
    if not new:
        return
    ksr.set_dialog_var(REMEMBERED, ",".join([*known, *new][-MOST:]))
    worker.journal.append(
        Kind.CALL_MEDIA_NAMED, {"call_id": ksr.dialog_var("id"), "media_addresses": [*known, *new][-MOST:]}
    )


def told() -> list[str]:
    """What was told since the call began."""
    return [one for one in ksr.dialog_var(REMEMBERED).split(",") if one]
