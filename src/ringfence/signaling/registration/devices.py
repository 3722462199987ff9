"""The devices of an address of record: stored, room made for one more, and which of them are gateways."""

import re
import time
from typing import Final

from ringfence.policy.book import Subscriber
from ringfence.policy.events import Kind
from ringfence.policy.people.devices import Device, gives_way
from ringfence.policy.rules.registration import MAX_CONTACTS
from ringfence.signaling import facts
from ringfence.signaling.ports import device_port, ksr
from ringfence.signaling.worker import Worker

_INSTANCE: Final = re.compile(r'\+sip\.instance="([^"]{1,128})"')


def save(aor: str, caller: Subscriber, worker: Worker) -> bool:
    """Whether the bindings of this REGISTER are stored. A device that gives way to them is told of: nobody shall be
    pushed out in silence by whoever stole his password.
    """
    for _ in range(MAX_CONTACTS):
        if ksr.save_contacts(aor):
            return True
        if not _made_room(aor, caller, worker):
            return False
    return ksr.save_contacts(aor)


def gateways_of(aor: str) -> tuple[Device, ...]:
    """Every gateway that is registered, what registered last first. One that was started again is known by what it was
    as well, and is one all the same: the newest at that address, behind a translator by the address that it has itself.
    """
    found: dict[tuple[str, str], Device] = {}
    for one in sorted(_registered(aor), key=lambda device: -device.heard_at):
        found.setdefault((one.address, facts.party_address(f"sip:{one.uri.rpartition('@')[2]}")), one)
    return tuple(found.values())


def _made_room(aor: str, caller: Subscriber, worker: Worker) -> bool:
    known, newcomer = _registered(aor), _newcomer()
    if len(known) < MAX_CONTACTS or newcomer.uri in {one.uri for one in known}:
        return False  # it was refused for another reason
    gone = gives_way(known, newcomer)
    if not device_port.end(aor, gone.ruid):
        return False
    worker.journal.append(
        Kind.REGISTRATION_DISPLACED,
        {
            "aor": aor,
            "contact": gone.uri,
            "displaced": gone.address,
            "displaced_user_agent": gone.user_agent[:128],
            "source": newcomer.address,
            "transport": ksr.transport(),
            "user_agent": newcomer.user_agent,
            "tenant_id": caller.tenant_id,
            "user_id": caller.user_id,
            "display_name": caller.display_name,
        },
    )
    return True


def _newcomer() -> Device:
    contact = ksr.text("$ct")
    uri = contact.partition("<")[2].partition(">")[0] or contact.partition(";")[0].strip()
    named = _INSTANCE.search(contact)
    return Device(uri, ksr.source(), ksr.user_agent()[:128], named[1] if named else "")


def _registered(aor: str) -> list[Device]:
    """The devices that have not run out."""
    if not ksr.fetch_bindings(aor):
        return []
    now = time.time()
    found = [one for index in range(ksr.number("$(ulc(saved=>count))")) if (one := _device(index, now))]
    ksr.free_bindings()
    return found


def _device(index: int, now: float) -> Device | None:
    """None once it has run out."""
    uri, expires_at, received, *_ = ksr.binding(index)
    if expires_at <= now:
        return None
    heard_at, ruid, user_agent, instance = device_port.marks(index)
    return Device(str(uri), facts.party_address(str(received or uri)), user_agent, instance, heard_at, ruid)
