"""The part of the typed port to Kamailio that looks at the devices of an extension one by one. Only `> 0` is yes."""

from typing import NamedTuple

import KSR

from ringfence.signaling import ksr
from ringfence.signaling.ksr import _yes


class Traces(NamedTuple):
    """What a fetched binding tells of its device: `received` is where it really came from, `id` is Kamailio's own."""

    contact: str
    received: str
    agent: str
    seen_at: int
    id: str


def traces(index: int) -> Traces:
    contact, received, agent, seen_at, ruid = (
        KSR.pv.get(f"$(ulc(saved=>{name})[{index}])") for name in ("addr", "received", "user_agent", "modified", "ruid")
    )
    return Traces(str(contact), str(received), str(agent), seen_at if isinstance(seen_at, int) else 0, str(ruid))


def forget(aor: str, device: Traces) -> bool:
    """Ends the registration of one device."""
    return _yes(KSR.registrar.unregister_ruid(ksr.REGISTER_TABLE, f"sip:{aor}", device.id))
