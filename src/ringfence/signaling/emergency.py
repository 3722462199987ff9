"""Tells that somebody calls for help; the notice goes out whether or not the call gets through."""

from ringfence.policy.events import Kind
from ringfence.policy.model import CallOutside
from ringfence.signaling import ksr
from ringfence.signaling.worker import Worker


def tell(verdict: CallOutside, worker: Worker) -> None:
    payer = verdict.payer
    fields = {"caller": payer.aor, "tenant_id": payer.tenant_id, "user_id": payer.user_id, "source": ksr.source()}
    shown = {"number": verdict.number, "name": payer.display_name, "sip_call_id": ksr.call_id()}
    worker.journal.append(Kind.CALL_EMERGENCY, {**fields, **shown})
