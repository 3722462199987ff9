"""What the two sides agreed on for their sound: with the answer, before it (RFC 3262), or later in the call.

Only a call that has sound is watched for its silence, and recorded.
"""

from typing import Final

from ringfence.policy.events import Kind
from ringfence.policy.relay import negotiated
from ringfence.signaling import told
from ringfence.signaling.calling import sides
from ringfence.signaling.features import recording
from ringfence.signaling.ports import ksr
from ringfence.signaling.relay import media
from ringfence.signaling.worker import Worker

CODEC: Final = "codec"


def by_callee(code: int) -> None:
    """From a reply to the first INVITE. Who said it before, in a reliable 183, need not say it again in the 200."""
    if not 100 < code < 300:
        return
    tag, says = ksr.text("$tt"), ksr.has_sdp()
    if code >= 200:
        ksr.set_dialog_var(told.CALLED_TAG, tag)
    elif says and not ksr.dialog_var(media.LATE):
        ksr.set_dialog_var(media.EARLY, tag)
    if says or (code >= 200 and ksr.dialog_var(media.EARLY) != tag):
        _note("called_rtp")


def within(worker: Worker) -> None:
    """From a reply within a call: one that was answered without any sound, and gets it now."""
    code = ksr.number("$rs")
    if ksr.dialog_var(CODEC) or not 200 <= code < 300 or not ksr.has_sdp() or not ksr.dialog_var("answered"):
        return
    _note("called_rtp" if sides.asking_side() == "caller" else "caller_rtp")
    worker.journal.append(Kind.CALL_CONFIRMED, told.confirmed())
    recording.answered(worker)


def _note(whose: str) -> None:
    answer = ksr.text("$rb") if ksr.has_sdp() else ""
    ksr.set_dialog_var(CODEC, negotiated.spoken(ksr.text("$T_req($rb)"), answer))
    ksr.set_dialog_var(whose, negotiated.encryption(answer))
