"""The way back that the answer to a call shows its caller: over us, whatever the called phone says.

A caller sends whatever follows, the end of the call and new keys among it, to the last Record-Route of the answer, or,
where there is none, to the Contact in it (RFC 3261 section 12.1.2). Both are written by the called phone. The core
needs neither: it knows where both parties are (docs/adr/0006).
"""

import re
from typing import Final

from ringfence.signaling import facts
from ringfence.signaling.calling import sides
from ringfence.signaling.ports import ksr

RECORD_ROUTE: Final = "Record-Route"
_VALUE: Final = re.compile(r"[^,<]*<[^>]*>[^,]*")
_URI: Final = re.compile(r"<([^>]*)>")


def restore(code: int) -> None:
    """In a reply to the INVITE of a phone: our own entries and those that came with the request, nobody else's. What a
    provider says is hidden, and its caller is told what it needs, by the topology hiding of the engine.
    """
    if not 100 < code < 300 or sides.outer_sides():
        return
    shown, came = _values(ksr.every(RECORD_ROUTE)), _values(ksr.every_asked(RECORD_ROUTE))
    ours = [one for one in shown if one not in came and _is_ours(one)]
    way = [*(ours or [f"<{facts.asked_here()};lr>"]), *came]
    if way == shown:
        return
    ksr.remove_named((RECORD_ROUTE,))
    for one in way:
        ksr.append_header(f"{RECORD_ROUTE}: {one}")


def _values(header: str) -> list[str]:
    return [one.strip() for one in _VALUE.findall(header)]


def _is_ours(value: str) -> bool:
    found = _URI.search(value)
    return found is not None and ksr.is_ours(found[1])
