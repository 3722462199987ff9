"""What is going on now, asked of the guard and narrowed to what the actor may see."""

from typing import Any

from ringfence.portal import guard
from ringfence.portal.actor import Actor


def registrations(actor: Actor) -> list[dict[str, Any]]:
    return _visible(guard.listed("registrations.list", "registrations"), actor)


def calls(actor: Actor) -> list[dict[str, Any]]:
    return _visible(guard.listed("calls.list", "calls"), actor)


def _visible(items: list[dict[str, Any]], actor: Actor) -> list[dict[str, Any]]:
    """An item without a tenant belongs to nobody but the system administrator."""
    if actor.above_tenants:
        return items
    return [item for item in items if item.get("tenant_id") == actor.tenant_id]
