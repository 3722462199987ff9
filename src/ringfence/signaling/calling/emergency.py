"""Tells that somebody calls for help; the notice goes out whether or not the call gets through."""

from typing import Final

from ringfence.policy.events import Kind
from ringfence.policy.index import Index
from ringfence.policy.model import CallOutside, Request
from ringfence.policy.outgoing.outside import emergency_call
from ringfence.policy.relay.wrapped import session_description
from ringfence.signaling.ports import ksr, media_port
from ringfence.signaling.worker import Worker

IN_BODY: Final = "cid:"
"""How a header refers to a part of the body, which is gone then: whoever finds it missing may refuse the call."""


def tell(verdict: CallOutside, worker: Worker) -> None:
    payer = verdict.payer
    fields = {"caller": payer.aor, "tenant_id": payer.tenant_id, "user_id": payer.user_id, "source": ksr.source()}
    shown = {"number": verdict.number, "name": payer.display_name, "sip_call_id": ksr.call_id()}
    worker.journal.append(Kind.CALL_EMERGENCY, {**fields, **shown})


def unwrap_offer(request: Request, index: Index, worker: Worker) -> None:
    """Leaves of the body of a call for help its session description, where it is one part of several: whoever tells his
    place shall be heard. Only before the transaction keeps the message.
    """
    caller = request.caller
    if caller is None or ksr.has_sdp() or not ksr.has_body():
        return
    if emergency_call(caller, request.target_user, index, worker.plans.exchange(caller.tenant_id)) is None:
        return
    if found := session_description(ksr.text("$cT"), ksr.body()):
        if IN_BODY in ksr.text("$hdr(Geolocation)").lower():
            ksr.remove_named(("Geolocation",))
        media_port.describe(found)
