"""Devices that came back under another address: which of them is the latest, and room for one more.

A softphone that crashed, or a gateway that was started again, registers from another port or with another parameter in
its Contact. After five times the sixth was refused with 503, and for ten minutes only what is gone was rung.
"""

from ringfence.policy.rules.registration import MAX_CONTACTS
from ringfence.signaling import devices_port, facts, ksr
from ringfence.signaling.devices_port import Traces


def make_room(aor: str) -> bool:
    """Whether the device at hand is one more than fit, and one of the same address and name has given way to it."""
    contact, known = ksr.text("$(ct{nameaddr.uri})"), _known(aor)
    if not contact or len(known) < MAX_CONTACTS or any(one.contact == contact for one in known):
        return False
    alike = [one for one in known if _is_like_the_sender(one)]
    return bool(alike) and devices_port.forget(aor, min(alike, key=lambda one: one.seen_at))


def newest_of(aor: str) -> Traces | None:
    """The device that registered last; None if there is none."""
    return max(_known(aor), key=lambda one: one.seen_at, default=None)


def _known(aor: str) -> list[Traces]:
    if not ksr.fetch_bindings(aor):
        return []
    count = min(ksr.number("$(ulc(saved=>count))"), MAX_CONTACTS)
    known = [devices_port.traces(index) for index in range(count)]
    ksr.free_bindings()
    return known


def _is_like_the_sender(device: Traces) -> bool:
    here = facts.party_address(facts.party())
    return device.agent == ksr.user_agent() and facts.party_address(device.received) == here
