"""Stores bindings and journals them before the phone hears 200, so that nothing acknowledged is lost."""

from typing import Any, Final

from ringfence.policy.book import Subscriber
from ringfence.policy.events import Kind
from ringfence.policy.people.browsers import is_browser
from ringfence.policy.rules.registration import GRANTED_AT_MOST
from ringfence.signaling import facts
from ringfence.signaling.ports import ksr, link_port, web_port
from ringfence.signaling.registration import devices, gateways
from ringfence.signaling.worker import Worker

MAX_BINDINGS: Final = 5
LASTING: Final = GRANTED_AT_MOST + 20
"""Seconds a phone's connection may be silent: until it refreshes. Strangers have 20 (`core.cfg`)."""


def save(aor: str, caller: Subscriber, worker: Worker) -> None:
    """Carries out a registration."""
    transport, linked = ksr.transport(), ksr.over_link()
    if linked:
        link_port.remember_client(facts.party())
    else:
        ksr.remember_source()
    if devices.save(aor, caller, worker) or (linked and link_port.end_all(aor)):
        if transport in facts.STREAMS and not linked:
            web_port.keep_connection(LASTING)
        gateways.note(aor, worker.view.current())
        _journal(aor, caller, transport, worker)
        _tell_browser(aor, worker)
    ksr.reply_saved()


def _journal(aor: str, caller: Subscriber, transport: str, worker: Worker) -> None:
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
            "transport": transport,
            "user_agent": ksr.user_agent()[:128],
            "call_id": ksr.call_id()[:128],
            "cseq": ksr.number("$cs"),
            "tenant_id": caller.tenant_id,
            "user_id": caller.user_id,
            "display_name": caller.display_name,
        },
    )


def _tell_browser(aor: str, worker: Worker) -> None:
    """With which credential a browser registered: when that is taken back, the guard ends the registration."""
    name = ksr.claimed_user().partition("@")[0]
    if is_browser(name):
        contact = ksr.text("$ct").partition("<")[2].partition(">")[0]
        worker.journal.append(Kind.REGISTRATION_BROWSER, {"aor": aor, "contact": contact, "name": name})


def _bindings(aor: str) -> list[dict[str, Any]]:
    """The whole set of bindings this address of record now has."""
    if not ksr.fetch_bindings(aor):
        return []
    found = [_binding(index) for index in range(min(ksr.number("$(ulc(saved=>count))"), MAX_BINDINGS))]
    ksr.free_bindings()
    return found


def _binding(index: int) -> dict[str, Any]:
    """What the core needs to know this device again after a crash; the rest stands in the event."""
    uri, expires_at, received, heard_on, path = ksr.binding(index)
    found = {"uri": uri, "expires_at": expires_at, "received": received, "socket": heard_on}
    return {**found, "path": path} if path else found
