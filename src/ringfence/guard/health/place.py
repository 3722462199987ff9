"""The address that phones use. A machine may lose it: by a cable, an administrator, a router that gives out others."""

from typing import Final

from ringfence.guard.health.alarms import Alarms
from ringfence.hosts.addresses import Surroundings

ADDRESS_GONE: Final = "network.address_gone"


def tell_address(around: Surroundings, alarms: Alarms, now: float) -> None:
    """Raises the alarm while the address is away, and takes it back when it is there again."""
    if around.has_primary:
        alarms.clear(ADDRESS_GONE, now)
        return
    message = (
        f"This machine does not have the address {around.primary} any more, at which phones reach it: no calls come "
        "in. Give it back, or restart the system if it is to use another one."
    )
    alarms.set_off(ADDRESS_GONE, message, now)
