"""Destinations that a field of a form offers while somebody types; what else is possible may be typed too."""

from collections.abc import Iterator
from typing import Final

from ringfence.portal.actor import Actor
from ringfence.portal.answering.models import Announcement, RingGroup, TimeCondition
from ringfence.portal.people.models import Extension
from ringfence.portal.tenants.models import Tenant

MOST: Final = 200
"""Of each kind: enough for an office, and a page stays small where there are a hundred thousand."""


def known_destinations(actor: Actor) -> list[tuple[str, str]]:
    """Text form and description of the destinations inside the tenants that the actor sees."""
    tenants = Tenant.objects.visible_to(actor)
    extensions = list(
        Extension.objects.filter(tenant__in=tenants).order_by("number", "pk").select_related("person", "tenant")[:MOST]
    )
    found = [(f"extension:{row.number}", f"{row.person.display_name} ({row.tenant.name})") for row in extensions]
    found += [(f"voicemail:{row.number}", f"{row.person.display_name} ({row.tenant.name})") for row in extensions]
    found += list(_answering(tenants))
    return [*found, ("hang_up:", "")]


def _answering(tenants: object) -> Iterator[tuple[str, str]]:
    for kind, model in (("ring_group", RingGroup), ("announcement", Announcement), ("time_condition", TimeCondition)):
        for row in model.objects.filter(tenant__in=tenants).order_by("number", "pk").select_related("tenant")[:MOST]:
            yield f"{kind}:{row.number}", f"{row.name} ({row.tenant.name})"
