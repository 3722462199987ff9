"""The dashboard's numbers."""

from typing import Any

from ringfence.portal import guard
from ringfence.portal.actor import Actor
from ringfence.portal.calls import live
from ringfence.portal.people.models import Extension
from ringfence.portal.permissions import Permission
from ringfence.portal.problems import Refused
from ringfence.portal.tenants.models import Tenant


def dashboard_numbers(actor: Actor) -> dict[str, Any]:
    """Cards for the dashboard; a dash stands for what the guard does not tell now."""
    extensions = Extension.objects.filter(tenant__in=Tenant.objects.visible_to(actor)).count()
    down = False
    registered: int | str = "–"
    calling: int | str = "–"
    banned: int | str = "–"
    try:
        registered, calling = live.registrations_page(actor, "", "", "", 1)[1], len(live.calls(actor))
        banned = guard.ask("bans.page", limit=1)["count"] if actor.may(Permission.SECURITY_READ) else "–"
    except Refused:
        down = True
    cards = [
        _card("Registered phones", registered, "/registrations", "device-landline-phone", "green"),
        _card("Live calls", calling, "/calls", "phone-call", "blue"),
        _card("Extensions", extensions, "/users", "users", "purple"),
    ]
    if actor.may(Permission.SECURITY_READ):
        cards.append(_card("Blocked addresses", banned, "/ip-blacklist", "shield-x", "red"))
    return {"cards": cards, "guard_down": down}


def _card(title: str, value: int | str, path: str, icon: str, color: str) -> dict[str, Any]:
    return {"title": title, "value": value, "path": path, "icon": icon, "color": color}
