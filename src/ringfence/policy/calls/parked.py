"""Where a parked call waits, and what is kept there for whoever fetches it (RFC 5359 section 2.14)."""

from collections.abc import Mapping
from typing import NamedTuple

from ringfence.policy.calls.handover import HEARD_BY
from ringfence.policy.calls.services import Service
from ringfence.policy.calls.transfer import Replaced


class Place(NamedTuple):
    """`owner` parked the call, and at whose place it is fetched; `kept` says who waits in which dialog."""

    owner: str
    kept: str


def place_of(told: Mapping[str, str], dialog: Replaced) -> Place | None:
    """The place of a call by what its dialog remembers; None of a call that is not parked.

    >>> place_of({"to": "park", "from": "102@a", "payer": "101@a", "id": "1-1"}, Replaced("c", "f", "t")).kept
    '102@a c;to-tag=f;from-tag=t 1-1 '
    """
    if told.get("to") != Service.PARK:
        return None
    kept = (told.get("from", ""), dialog.header, told.get("id", ""), told.get(HEARD_BY, ""))
    return Place(told.get("payer", ""), " ".join(kept))
