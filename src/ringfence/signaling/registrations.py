"""Stores bindings and journals them before the phone hears 200, so that nothing acknowledged is lost."""

from typing import Any, Final

from ringfence.policy.book import Subscriber
from ringfence.policy.events import Kind
from ringfence.signaling import ksr
from ringfence.signaling.worker import Worker

MAX_BINDINGS: Final = 5


def save(aor: str, caller: Subscriber, worker: Worker) -> None:
    """Carries out a registration."""
    ksr.remember_source()
    if ksr.save_contacts():
        _journal(aor, caller, worker)
    ksr.reply_saved()


def _journal(aor: str, caller: Subscriber, worker: Worker) -> None:
    bindings = _bindings(aor)
    if not bindings:
        worker.journal.append(Kind.REGISTRATION_REMOVED, {"aor": aor, "contact": "*", "tenant_id": caller.tenant_id})
        return
    worker.journal.append(
        Kind.REGISTRATION_SAVED,
        {
            "aor": aor,
            "contacts": bindings,
            "complete": True,
            "source": ksr.source(),
            "port": ksr.source_port(),
            "transport": ksr.transport(),
            "user_agent": ksr.user_agent()[:128],
            "tenant_id": caller.tenant_id,
            "user_id": caller.user_id,
            "display_name": caller.display_name,
        },
    )


def _bindings(aor: str) -> list[dict[str, Any]]:
    """The whole set of bindings this address of record now has."""
    if not ksr.fetch_bindings(aor):
        return []
    count = min(ksr.number("$(ulc(saved=>count))"), MAX_BINDINGS)
    found = [_binding(index) for index in range(count)]
    ksr.free_bindings()
    return [binding for binding in found if binding["uri"]]


def _binding(index: int) -> dict[str, Any]:
    read = ksr.binding
    return {
        "uri": read("addr", index),
        "expires_at": int(read("expires", index) or 0),
        "q": int(read("q", index) or 0),
        "received": read("received", index),
        "socket": read("socket", index),
        "call_id": read("callid", index),
        "cseq": int(read("cseq", index) or 0),
        "user_agent": read("user_agent", index)[:128],
        "methods": int(read("methods", index) or 0),
        "ruid": read("ruid", index),
    }
