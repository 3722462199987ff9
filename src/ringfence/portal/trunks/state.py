"""How each address of a trunk is doing, as the guard heard it from the SIP core."""

from typing import Any, Final

from ringfence.portal import guard
from ringfence.portal.problems import Refused
from ringfence.portal.trunks.compile import peers
from ringfence.portal.trunks.models import Trunk

UNKNOWN: Final = {"state": "unknown", "registration": "", "latency_ms": None, "changed_at": None, "detail": ""}

type Told = dict[str, dict[str, Any]]


def told() -> Told:
    """What the guard knows of all trunks; nothing while it does not answer."""
    try:
        answer: Told = guard.ask("trunks.list")
    except Refused:
        return {}
    return answer


def states_of(row: Trunk, known: Told) -> list[dict[str, Any]]:
    """One row for each address."""
    return [{"address": one.hostport, **UNKNOWN, **known.get(f"{row.pk} {one.hostport}", {})} for one in peers(row)]
