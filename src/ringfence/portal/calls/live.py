"""What is going on now, asked of the guard and narrowed to what the actor may see."""

from typing import Any

from ringfence.portal import guard
from ringfence.portal.actor import Actor
from ringfence.portal.tables import Part
from ringfence.portal.tenants.models import Tenant


def registrations(actor: Actor) -> list[dict[str, Any]]:
    return _visible(guard.listed("registrations.list", "registrations"), actor)


def registrations_page(actor: Actor, search: str, after: str, before: str, size: int) -> tuple[Part, int]:
    """Some registrations in the order of their addresses, cut out by the guard, and how many there are."""
    domain = _own_domain(actor)
    if domain is None:
        return Part([], False, False), 0
    after, before = after[:500], before[:500]
    found = guard.ask("registrations.page", domain=domain, search=search, after=after, before=before, limit=size)
    items = [_with_contacts(item) for item in found["registrations"]]
    return Part(items, found["has_previous"], found["has_next"]), found["count"]


def _with_contacts(item: dict[str, Any]) -> dict[str, Any]:
    """Each contact with what was said about all of them."""
    common = {"source": item.get("source", ""), "user_agent": item.get("user_agent", "")}
    return {**item, "contacts": [{**common, **contact} for contact in item.get("contacts", [])]}


def _own_domain(actor: Actor) -> str | None:
    """The domain the actor is confined to; empty for the system administrator, None for somebody without any."""
    if actor.above_tenants:
        return ""
    found = Tenant.objects.visible_to(actor).first()
    return found.domain if found else None


def calls(actor: Actor) -> list[dict[str, Any]]:
    """Each with its call id as `id`."""
    return [{**call, "id": call.get("call_id")} for call in _visible(guard.listed("calls.list", "calls"), actor)]


def _visible(items: list[dict[str, Any]], actor: Actor) -> list[dict[str, Any]]:
    """An item without a tenant belongs to nobody but the system administrator."""
    if actor.above_tenants:
        return items
    return [item for item in items if item.get("tenant_id") == actor.tenant_id]
