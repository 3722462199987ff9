"""A destination inside the system: where a called number, a ring group, a time condition or a forward leads.

None of the kinds is a number outside, so whatever comes in over a trunk cannot leave over another by itself.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

_VALUE: Final = re.compile(r"[A-Za-z0-9._*#-]{1,64}")


class DestinationKind(StrEnum):
    """What answers. The value names it within its tenant; the call simply ends at `hang_up`, which has none."""

    EXTENSION = "extension"
    RING_GROUP = "ring_group"
    VOICEMAIL = "voicemail"
    ANNOUNCEMENT = "announcement"
    TIME_CONDITION = "time_condition"
    HANG_UP = "hang_up"


@dataclass(frozen=True, slots=True)
class Destination:
    """One destination. Its text form is `kind:value`, as `extension:101` or `ring_group:7`."""

    kind: DestinationKind
    value: str = ""

    def __post_init__(self) -> None:
        if self.kind is DestinationKind.HANG_UP:
            if self.value:
                raise ValueError("hang_up has no value")
        elif not _VALUE.fullmatch(self.value):
            raise ValueError(f"{self.value!r} names nothing that a call can go to")

    def __str__(self) -> str:
        return f"{self.kind.value}:{self.value}"


def parse_destination(text: str) -> Destination:
    """The destination of a text form. Raises ValueError.

    >>> str(parse_destination("ring_group:7")), parse_destination("hang_up:").kind.value
    ('ring_group:7', 'hang_up')
    """
    kind, _, value = text.partition(":")
    return Destination(DestinationKind(kind), value)
