"""The portal's menu, in the reference's words."""

from dataclasses import dataclass
from typing import Any, Final

from django.http import HttpRequest

from ringfence import __version__
from ringfence.portal.system.assets import stamp


@dataclass(frozen=True, slots=True)
class Item:
    """One entry; `system_only` hides it from tenant administrators."""

    title: str
    path: str
    icon: str
    system_only: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    """A heading with its entries; without a title the entries stand alone."""

    title: str
    items: tuple[Item, ...]


SECTIONS: Final = (
    Section("", (Item("Dashboard", "/", "layout-dashboard"),)),
    Section(
        "Call Manager",
        (
            Item("Users", "/users", "users"),
            Item("Live Calls", "/calls", "phone-call"),
            Item("Registrations", "/registrations", "device-landline-phone"),
            Item("CDRs", "/cdrs", "history"),
        ),
    ),
    Section("", (Item("Tenants", "/tenants", "building", system_only=True),)),
    Section("Blacklist and Codes", (Item("IP Blacklist", "/ip-blacklist", "shield-x", system_only=True),)),
    Section(
        "Advanced",
        (
            Item("Security", "/security/web-login", "shield-lock", system_only=True),
            Item("Web Access", "/web-access", "world", system_only=True),
        ),
    ),
    Section("", (Item("Audit Log", "/audit-log", "list-check"),)),
)


def menu(request: HttpRequest) -> dict[str, Any]:
    """What every page needs to draw its frame."""
    person = getattr(request, "user", None)
    shown: list[dict[str, Any]] = []
    if person is not None and person.is_authenticated:
        for section in SECTIONS:
            items = [
                {"title": item.title, "path": item.path, "icon": item.icon, "active": _is_here(request.path, item.path)}
                for item in section.items
                if person.is_system_administrator or not item.system_only
            ]
            if items:
                shown.append({"title": section.title, "items": items})
    return {"menu": shown, "version": __version__, "stamp": stamp()}


def _is_here(path: str, item: str) -> bool:
    if item.startswith("/security/"):
        return path.startswith("/security/")
    return path == item or (item != "/" and path.startswith(f"{item}/"))
