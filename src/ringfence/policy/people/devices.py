"""Which device of an extension gives way to one more, when it has as many as it may have.

A phone behind an address translator comes back from another port each time it starts, and its old bindings stay until
they run out: refusing the newest one would lock the phone out, not a stranger.
"""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Device:
    """One binding. `heard_at` is when it registered last, Unix time; `instance` names the device itself (RFC 5626)."""

    uri: str
    address: str
    user_agent: str
    instance: str = ""
    heard_at: int = 0
    ruid: str = ""


def gives_way(registered: Iterable[Device], newcomer: Device) -> Device:
    """What the newcomer itself left behind goes first: of the same instance, then of the same phone's kind at the same
    address, then of the same address; of several the one that was not heard of the longest. So whoever stole a password
    mostly takes his own place again.

    >>> old = Device("sip:1@192.0.2.1", "192.0.2.1", "Desk", heard_at=10)
    >>> own = Device("sip:1@192.0.2.9:1024", "192.0.2.9", "Soft", heard_at=90)
    >>> gives_way([old, own], Device("sip:1@192.0.2.9:1025", "192.0.2.9", "Soft")).uri
    'sip:1@192.0.2.9:1024'
    """

    def order(one: Device) -> tuple[bool, bool, bool, int]:
        is_instance = bool(one.instance) and one.instance == newcomer.instance
        is_near = one.address == newcomer.address
        return not is_instance, not (is_near and one.user_agent == newcomer.user_agent), not is_near, one.heard_at

    return min(registered, key=order)
