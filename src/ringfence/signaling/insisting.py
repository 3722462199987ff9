"""Phones that take nothing but SRTP refuse an offer which leaves that to them; they are asked once more, with it alone.

Reference: "SRTP and DTLS-SRTP for Audio and Video". What an extension is set to holds: where nothing is offered nothing
is asked again, and what is required was asked for from the start (docs/adr/0026).
"""

from typing import Final

from ringfence.policy.encryption import Encryption
from ringfence.signaling import calls, encrypted, ksr, media, memory, terms
from ringfence.signaling.worker import Worker

REFUSED: Final = 488
"""Not Acceptable Here (RFC 3261 section 21.4.26), which such phones answer with."""


def rings_again(code: int, worker: Worker) -> bool:
    """Whether the devices that rang in vain ring again. Only in the failure route, and once for each step of a call."""
    if ksr.noted(media.INSISTS):
        ksr.note(media.INSISTS, "")
        return False
    if code != REFUSED or not ksr.has_sdp():
        return False
    aors = _called_with_an_offer(worker)
    if not aors or not encrypted.find_contacts_of(aors, worker):
        return False
    ksr.set_dialog_var("callee", "")
    ksr.note(media.INSISTS, "1")
    if calls.send_to_branches():
        return True
    ksr.note(media.INSISTS, "")
    return False


def _called_with_an_offer(worker: Worker) -> list[str]:
    """Those of the extensions that rang whose terms leave SRTP to the phone."""
    rung = (ksr.dialog_var("rung") or ksr.dialog_var("to")).split(",")
    found = [worker.view.subscriber(aor) for aor in (*rung, memory.picker()) if aor]
    return [
        one.aor
        for one in found
        if one is not None and terms.of_subscriber(one, worker).encryption is Encryption.OFFERED
    ]
