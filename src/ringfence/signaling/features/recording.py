"""Tells the voice process which calls run, which of them are recorded, and who presses the record key.

The decision is the policy's; the voice process carries it out, and whatever goes wrong there harms no call.
"""

from typing import Any, Final

from ringfence.policy.calls.recording import direction_of, why_recorded
from ringfence.policy.model import Refuse
from ringfence.signaling import facts, told
from ringfence.signaling.ports import ksr
from ringfence.signaling.worker import Worker

KEY_HEADER: Final = "Record"
"""What the record key of many phones sends in an INFO: on or off."""


def answered(worker: Worker) -> None:
    """A call between two parties began. What the voice process itself answers is no such call."""
    if not ksr.dialog_var("codec") or facts.party_address(ksr.dialog_var("callee")) == facts.LOOPBACK:
        return
    worker.voice.tell("call", **_told(worker))


def ended(worker: Worker) -> None:
    worker.voice.tell("call-ended", relay=ksr.text("$dlg(callid)"))


def _told(worker: Worker) -> dict[str, Any]:
    names = [ksr.dialog_var(name) for name in ("from", "to", "payer")]
    caller, callee, payer = (worker.view.subscriber(name) for name in names)
    direction = direction_of(ksr.dialog_var("direction"))
    rules = worker.tenant(names[2].partition("@")[2]).recording
    wishes = [one.calling.recording for one in (caller, callee, payer) if one]
    return {
        "call": ksr.dialog_var("id"),
        "relay": ksr.text("$dlg(callid)"),
        "tags": told.tags(),
        "caller": names[0],
        "callee": names[1],
        "extensions": [caller is not None, callee is not None],
        "tenant_id": int(ksr.dialog_var("tenant") or 0),
        "direction": direction.value,
        "why": why_recorded(direction, rules, wishes) or "",
        "announced": rules.announced,
        "on_demand": rules.on_demand,
    }


def is_key(method: str) -> bool:
    """Whether this request in a call is the record key of a phone; the other side never sees it."""
    return method == "INFO" and bool(ksr.text(f"$hdr({KEY_HEADER})"))


def press(worker: Worker) -> Refuse | None:
    """Starts or stops the recording of the call; the objection when there is nobody to do it."""
    wanted = ksr.text(f"$hdr({KEY_HEADER})").strip().lower() == "on"
    if worker.voice.tell("record-key", relay=ksr.call_id(), tag=ksr.text("$ft"), on=wanted):
        ksr.reply(200, "OK")
        return None
    return Refuse("recording.away", 503, "Service Unavailable")
