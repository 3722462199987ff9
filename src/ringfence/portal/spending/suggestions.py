"""Owners of budgets that a form offers while somebody types; others may be typed too."""

from typing import Final

from ringfence.policy.outgoing.spend import Owner
from ringfence.portal.actor import Actor
from ringfence.portal.people.models import Extension
from ringfence.portal.tenants.models import Tenant
from ringfence.portal.trunks.models import Trunk

MOST: Final = 200
"""Of each kind: a page stays small where there are a hundred thousand extensions."""


def known_owners(actor: Actor) -> list[tuple[str, str]]:
    """Text form and name of what the actor may set a budget for."""
    tenants = Tenant.objects.visible_to(actor)
    extensions = (
        Extension.objects.filter(tenant__in=tenants).order_by("number", "pk").select_related("person", "tenant")
    )
    found = [(f"{Owner.EXTENSION}:{row.aor}", row.person.display_name) for row in extensions[:MOST]]
    if not actor.above_tenants:
        return found
    found += [(f"{Owner.TENANT}:{row.pk}", row.name) for row in tenants[:MOST]]
    found += [(f"{Owner.TRUNK}:{row.pk}", row.name) for row in Trunk.objects.all()[:MOST]]
    return [*((kind.value, "") for kind in Owner), *found]
