"""Destinations as people write them."""

from ringfence.policy.calls.destinations import DestinationKind
from ringfence.portal.answering.models import Announcement, RingGroup, TimeCondition
from ringfence.portal.people.models import Extension

_ANSWERING = (
    (DestinationKind.EXTENSION, Extension),
    (DestinationKind.RING_GROUP, RingGroup),
    (DestinationKind.ANNOUNCEMENT, Announcement),
    (DestinationKind.TIME_CONDITION, TimeCondition),
)


def written_out(tenant_id: int, text: str) -> str:
    """The text form of a destination. A bare number means what answers it in the tenant, as `extension:101` for 101;
    anything else stays as it is written.
    """
    text = text.strip()
    if not (text.isascii() and text.isdecimal()):
        return text
    for kind, model in _ANSWERING:
        if model.objects.filter(tenant_id=tenant_id, number=text).exists():
            return f"{kind.value}:{text}"
    return text
