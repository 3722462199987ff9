"""Phones that take nothing but SRTP refuse an offer which leaves that to them; they are asked once more, with it alone.

Reference: "SRTP and DTLS-SRTP for Audio and Video". What an extension is set to holds: where nothing is offered nothing
is asked again, and what is required was asked for from the start (docs/adr/0026).
"""

from typing import Final

from ringfence.policy.relay.encryption import Encryption
from ringfence.signaling.calling import calls, encrypted
from ringfence.signaling.ports import branch_port, ksr
from ringfence.signaling.relay import media, terms
from ringfence.signaling.worker import Worker

REFUSED: Final = 488
"""Not Acceptable Here (RFC 3261 section 21.4.26), which such phones answer with."""


def ring_again(worker: Worker) -> None:
    """Rings the one device that refused once more, while the others go on ringing. Only in the route for the failure of
    a branch, which a branch that is added there has none of.
    """
    device = branch_port.device_that_answered()
    if branch_port.branch_code() != REFUSED or not device or not ksr.has_sdp() or ksr.cancelled():
        return
    owner = branch_port.device_answers_for(terms.called())
    subscriber = worker.view.subscriber(owner) if owner else None
    if subscriber is None or terms.of_subscriber(subscriber, worker).encryption is not Encryption.OFFERED:
        return
    ksr.note(media.INSISTS, device)
    if encrypted.find_contacts_of((owner,), worker):
        calls.send_to_branches()
    ksr.note(media.INSISTS, "")


def passes_over() -> bool:
    """Whether this branch goes to another device of the extension than that which is asked again."""
    return ksr.noted(media.INSISTS) not in ("", branch_port.device_of_branch())
