"""Carries a text message to all devices of an extension (RFC 3428). What was written is neither kept nor told."""

from typing import Final

from ringfence.policy.events import Kind
from ringfence.policy.model import Refuse, SendText
from ringfence.policy.people import texting
from ringfence.policy.trunking.next_hop import is_encrypted
from ringfence.signaling import memory
from ringfence.signaling.calling import claims, encrypted
from ringfence.signaling.ports import ksr
from ringfence.signaling.worker import Worker

RECEIVER: Final = "receiver"
NOT_FOR_PHONES: Final = ("Contact", "Record-Route")
"""A message makes no dialog (RFC 3428 section 6): nobody has to know where the other's phone is."""


def carry(verdict: SendText, worker: Worker) -> None:
    """Sends it on, or says why not."""
    objection = _objection(verdict, worker)
    if objection is not None:
        _refuse(objection, worker)
        return
    ksr.note(RECEIVER, verdict.aor)
    claims.strip()
    ksr.remove_named(NOT_FOR_PHONES)
    ksr.append_header(f"P-Asserted-Identity: <sip:{verdict.caller.aor}>")
    if not (ksr.on_branch("ksr_branch_text") and ksr.on_failure("ksr_failure_text") and ksr.relay()):
        _refuse(_why_not_sent(), worker)
        return
    worker.journal.append(
        Kind.TEXT_SENT,
        {
            "sender": verdict.caller.aor,
            "receiver": verdict.aor,
            "tenant_id": verdict.caller.tenant_id,
            "user_id": verdict.caller.user_id,
            "length": ksr.message_length(),
            "source": ksr.source(),
            "transport": ksr.transport(),
            "sip_call_id": ksr.call_id(),
        },
    )


def may_leave(worker: Worker) -> bool:
    """Whether this branch of it goes where the tenant allows, and is short enough for the way there."""
    hop, domain = ksr.text("$du") or ksr.target_uri(), ksr.noted(RECEIVER).rpartition("@")[2]
    index = worker.view.current()
    if index is None or (domain in index.tls_only and not is_encrypted(hop)):
        return False
    return not texting.is_too_long_for(hop, ksr.message_length())


def failed() -> None:
    """No device took it. Challenges and redirections of phones never reach the sender."""
    code = ksr.number("$T_reply_code")
    if 300 <= code < 400 or code in (401, 407):
        ksr.final_reply(480, "Temporarily Unavailable")


def _objection(verdict: SendText, worker: Worker) -> Refuse | None:
    content = texting.objection_to_content(ksr.text("$cT"), ksr.message_length(), ksr.transport())
    if content is not None:
        return content
    if memory.count_text(verdict.caller.aor) > texting.MOST_A_MINUTE:
        return texting.TOO_MANY
    return None if encrypted.find_contacts_of((verdict.aor,), worker) else texting.OFFLINE


def _why_not_sent() -> Refuse:
    """A long message finds no device when all of them are reached over UDP."""
    return texting.TOO_LONG if ksr.message_length() > texting.LONGEST_OVER_UDP else texting.OFFLINE


def _refuse(objection: Refuse, worker: Worker) -> None:
    worker.refused(objection.rule)
    if objection is texting.UNKNOWN_KIND:
        ksr.reply_header(f"Accept: {', '.join(texting.CARRIED)}")
    elif objection is texting.TOO_MANY:
        ksr.reply_header("Retry-After: 60")
    ksr.reply(objection.code, objection.reason)
