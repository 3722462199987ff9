"""Whether a call is recorded, and what its parties are told of that.

A tenant says which directions are recorded; an extension may say otherwise for its own calls. Nothing is recorded
unless somebody asked for it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Direction(StrEnum):
    """How a call runs, as call records name it."""

    INBOUND = "inbound"
    OUTBOUND = "outbound"
    INTERNAL = "internal"


class Why(StrEnum):
    """Who asked for a recording."""

    TENANT = "tenant"
    EXTENSION = "extension"
    ON_DEMAND = "on demand"


@dataclass(frozen=True, slots=True)
class RecordingRules:
    """What a tenant wants: `directions` are recorded from the answer on.

    With `announced`, both sides hear of it when a recording begins; otherwise it is silent. With `on_demand`, whoever
    talks may start and stop a recording with *1 or the phone's record key.
    """

    directions: tuple[Direction, ...] = ()
    announced: bool = True
    on_demand: bool = False


NOTHING: Final = RecordingRules()


def why_recorded(
    direction: Direction, rules: RecordingRules, parties: Iterable[tuple[Direction, ...] | None]
) -> Why | None:
    """Who wants this call recorded; None when nobody does.

    `parties` are the extensions in the call: the directions each wants recorded, None where the tenant's rules count. A
    call is recorded when one of them wants it; one that wants nothing recorded does not stop another's recording.
    """
    wishes = tuple(parties)
    if any(own is not None and direction in own for own in wishes):
        return Why.EXTENSION
    if direction in rules.directions and (not wishes or any(own is None for own in wishes)):
        return Why.TENANT
    return None


def direction_of(name: str) -> Direction:
    """The direction as a dialog keeps it; nothing is internal.

    >>> direction_of(""), direction_of("inbound")
    (<Direction.INTERNAL: 'internal'>, <Direction.INBOUND: 'inbound'>)
    """
    return Direction(name) if name else Direction.INTERNAL
