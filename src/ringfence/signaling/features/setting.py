"""Asks for a change of an extension's own settings that somebody dialled a feature code for."""

from ringfence.policy.events import Kind
from ringfence.policy.model import SetCalling
from ringfence.signaling.ports import ksr
from ringfence.signaling.worker import Worker


def ask_setting(verdict: SetCalling, worker: Worker) -> None:
    """Tells the portal, which checks, audits and publishes it like a change on the page, within a second."""
    caller, values = verdict.caller, dict(verdict.values)
    worker.journal.append(
        Kind.CALLING_ASKED,
        {
            "aor": caller.aor,
            "user_id": caller.user_id,
            "tenant_id": caller.tenant_id,
            "values": values,
            "source": ksr.source(),
        },
    )
    ksr.reply(480, "On" if any(values.values()) else "Off")
