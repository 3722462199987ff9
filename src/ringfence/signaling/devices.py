"""Makes room for a device that comes back under another address, where its extension has as many as it may.

A softphone that crashed, or a gateway that was started again, registers from another port or with another parameter in
its Contact. After five times the sixth was refused with 503, and for ten minutes only what is gone was rung.
"""

from ringfence.policy.rules.registration import MAX_CONTACTS
from ringfence.signaling import devices_port, facts, ksr
from ringfence.signaling.devices_port import Traces


def make_room(aor: str) -> bool:
    """Whether the device at hand is one more than fit, and one of the same address and name has given way to it."""
    contact = ksr.text("$(ct{nameaddr.uri})")
    if not contact or not ksr.fetch_bindings(aor):
        return False
    count = ksr.number("$(ulc(saved=>count))")
    known = [devices_port.traces(index) for index in range(min(count, MAX_CONTACTS))]
    ksr.free_bindings()
    if count < MAX_CONTACTS or any(one.contact == contact for one in known):
        return False
    alike = [one for one in known if _is_like_the_sender(one)]
    return bool(alike) and devices_port.forget(aor, min(alike, key=lambda one: one.seen_at))


def _is_like_the_sender(device: Traces) -> bool:
    here = facts.party_address(facts.party())
    return device.agent == ksr.user_agent() and facts.party_address(device.received) == here
