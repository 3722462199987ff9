"""Destinations as people write them."""

from ringfence.policy.calls.destinations import Destination, DestinationKind
from ringfence.policy.settings import Problem
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


def objection_to_nobody(tenant_id: int, field: str, destination: Destination) -> Problem | None:
    """A caller is led to nothing that the tenant does not have: a typing error would decline all calls."""
    kind = DestinationKind.EXTENSION if destination.kind is DestinationKind.VOICEMAIL else destination.kind
    missing = any(
        known is kind and not model.objects.filter(tenant_id=tenant_id, number=destination.value).exists()
        for known, model in _ANSWERING
    )
    return Problem(field, "destination.nobody", f"There is no {destination} in the tenant.") if missing else None
