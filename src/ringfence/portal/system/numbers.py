"""The dashboard's numbers."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from ringfence.portal import guard
from ringfence.portal.actor import Actor
from ringfence.portal.calls import live
from ringfence.portal.people.models import Extension
from ringfence.portal.permissions import Permission
from ringfence.portal.problems import Refused
from ringfence.portal.system.troubles import Trouble, troubles
from ringfence.portal.tenants.models import Tenant

type Count = Callable[[Actor], int]


@dataclass(frozen=True, slots=True)
class Number:
    """One card of the dashboard: for whoever may open the page it leads to."""

    title: str
    path: str
    icon: str
    color: str
    permission: Permission
    count: Count


def registered_phones(actor: Actor) -> int:
    return live.registrations_page(actor, "", "", "", 1)[1]


def extensions(actor: Actor) -> int:
    return Extension.objects.filter(tenant__in=Tenant.objects.visible_to(actor)).count()


def _banned(_: Actor) -> int:
    return int(guard.ask("bans.page", limit=1)["count"])


NUMBERS: Final = (
    Number(
        "Registered phones",
        "/registrations",
        "device-landline-phone",
        "green",
        Permission.CALLS_READ,
        registered_phones,
    ),
    Number("Live calls", "/calls", "phone-call", "blue", Permission.CALLS_READ, lambda actor: len(live.calls(actor))),
    Number("Extensions", "/users", "users", "purple", Permission.USERS_READ, extensions),
    Number("Blocked addresses", "/ip-blacklist", "shield-x", "red", Permission.SECURITY_READ, _banned),
)


def dashboard_numbers(actor: Actor) -> dict[str, Any]:
    """Cards for the dashboard; a dash stands for what the guard does not tell now."""
    cards, down = [], False
    for number in NUMBERS:
        if not actor.may(number.permission):
            continue
        try:
            value: int | str = "–" if down else number.count(actor)
        except Refused:
            value, down = "–", True
        cards.append(_card(number, value))
    return {"cards": cards, "guard_down": down, "troubles": [] if down else _troubles(actor)}


def _troubles(actor: Actor) -> list[Trouble]:
    try:
        return troubles(actor)
    except Refused:
        return []


def _card(number: Number, value: int | str) -> dict[str, Any]:
    return {
        "title": number.title,
        "value": value,
        "path": number.path,
        "icon": number.icon,
        "color": number.color,
    }
