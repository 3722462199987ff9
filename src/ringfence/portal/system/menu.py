"""The portal's menu, in the reference's words."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from django.http import HttpRequest

from ringfence import __version__
from ringfence.portal.people.models import Person
from ringfence.portal.permissions import Permission
from ringfence.portal.system.assets import stamp


class Audience(StrEnum):
    """The three kinds of people."""

    EVERYBODY = "everybody"
    ADMINISTRATORS = "administrators"
    EXTENSIONS = "extensions"


@dataclass(frozen=True, slots=True)
class Item:
    """One entry, shown to whoever holds its permission and belongs to its audience."""

    title: str
    path: str
    icon: str
    permission: Permission | None = None
    audience: Audience = Audience.EVERYBODY
    also: tuple[str, ...] = ()
    """Where its other tabs begin."""

    def is_for(self, person: Person) -> bool:
        if self.audience is Audience.ADMINISTRATORS and not person.administers:
            return False
        if self.audience is Audience.EXTENSIONS and person.tenant_id is None:
            return False
        return self.permission is None or person.is_system_administrator or self.permission in person.permissions


@dataclass(frozen=True, slots=True)
class Section:
    """A heading with its entries; without a title the entries stand alone."""

    title: str
    items: tuple[Item, ...]


SECTIONS: Final = (
    Section(
        "",
        (
            Item("Dashboard", "/", "layout-dashboard", audience=Audience.ADMINISTRATORS),
            Item("My Extension", "/my", "device-landline-phone", audience=Audience.EXTENSIONS),
            Item("My Phones", "/my/phones", "phone", audience=Audience.EXTENSIONS),
            Item("My Calls", "/my/calls", "history", audience=Audience.EXTENSIONS),
            Item("My Voicemail", "/my/voicemail", "microphone", audience=Audience.EXTENSIONS),
            Item("My Recordings", "/my/recordings", "player-play", audience=Audience.EXTENSIONS),
        ),
    ),
    Section(
        "Call Manager",
        (
            Item("Users", "/users", "users", Permission.USERS_READ),
            Item("Phones", "/phones", "device-landline-phone", Permission.PHONES_READ),
            Item("Phone Certificates", "/phone-certificates", "key", Permission.PHONES_READ),
            Item("Groups", "/groups", "users", Permission.USERS_READ),
            Item("Roles", "/roles", "shield-lock", Permission.USERS_READ),
            Item("Trunks", "/trunks", "world", Permission.TRUNKS_READ),
            Item("Ring Groups", "/ring-groups", "users", Permission.INBOUND_READ),
            Item("Announcements", "/announcements", "info-circle", Permission.INBOUND_READ),
            Item("Time Conditions", "/time-conditions", "clock", Permission.INBOUND_READ),
            Item("Voicemail", "/voicemail", "microphone", Permission.VOICEMAILS_READ),
            Item("Recordings", "/recordings", "player-play", Permission.RECORDINGS_READ),
            Item(
                "Inbound Rules",
                "/inbound-rules",
                "phone-incoming",
                Permission.INBOUND_READ,
                also=("/number-pools", "/blocked-callers"),
            ),
            Item("Outbound Rules", "/outbound-rules", "phone-call", Permission.OUTBOUND_READ),
            Item("Office Hours", "/office-hours", "clock", Permission.OUTBOUND_READ),
            Item("Live Calls", "/calls", "phone-call", Permission.CALLS_READ),
            Item("Registrations", "/registrations", "device-landline-phone", Permission.CALLS_READ),
            Item("Budgets", "/budgets", "shield-check", Permission.BUDGETS_WRITE),
            Item("Rates", "/rates", "list-check", Permission.RATES_WRITE),
            Item("CDRs", "/cdrs", "history", Permission.CALLS_READ),
        ),
    ),
    Section(
        "",
        (
            Item("Tenants", "/tenants", "building", Permission.TENANTS_WRITE),
            Item("Operators", "/operators", "key", Permission.OPERATORS_WRITE),
        ),
    ),
    Section(
        "Blacklist and Codes",
        (
            Item("IP Blacklist", "/ip-blacklist", "shield-x", Permission.SECURITY_READ),
            Item("Blocked Addresses", "/blocked-addresses", "shield-x", Permission.BANS_READ, Audience.EXTENSIONS),
            Item("Codes and E164", "/codes", "list-check", Permission.OUTBOUND_READ),
        ),
    ),
    Section(
        "Advanced",
        (
            Item("Security Dashboard", "/security-dashboard", "shield-check", Permission.SECURITY_READ),
            Item("Doctor", "/doctor", "list-check", Permission.SECURITY_READ),
            Item("Security", "/security/web-login", "shield-lock", Permission.SECURITY_READ, also=("/security",)),
            Item("Web Access", "/web-access", "world", Permission.WEB_WRITE),
            Item("Transports", "/transports", "arrow-right", Permission.WEB_WRITE),
            Item("Voice Network", "/voice-network", "phone", Permission.WEB_WRITE),
            Item("SBC", "/sbc", "shield-lock", Permission.WEB_WRITE),
            Item("Firewall", "/firewall", "lock", Permission.WEB_WRITE),
            Item("Backups", "/backups", "download", Permission.BACKUPS_WRITE),
            Item("Kept Data", "/kept-data", "history", Permission.WEB_WRITE),
            Item("Password Policy", "/password-policy", "key", Permission.TENANT_WRITE),
        ),
    ),
    Section("", (Item("Audit Log", "/audit-log", "list-check", Permission.AUDIT_READ),)),
)


def menu(request: HttpRequest) -> dict[str, Any]:
    """What every page needs to draw its frame."""
    person = getattr(request, "user", None)
    shown: list[dict[str, Any]] = []
    above: dict[str, str] | None = None
    if person is not None and person.is_authenticated:
        for section in SECTIONS:
            items = [
                {"title": item.title, "path": item.path, "icon": item.icon, "active": _is_here(request.path, item)}
                for item in section.items
                if item.is_for(person)
            ]
            if items:
                shown.append({"title": section.title, "items": items})
            above = above or _above(request.path, section.title, items)
    return {"menu": shown, "above": above, "version": __version__, "stamp": stamp()}


def _is_here(path: str, item: Item) -> bool:
    if path == item.path or item.path in ("/", "/my"):
        return path == item.path
    return any(path == base or path.startswith(f"{base}/") for base in (item.path, *item.also))


def _above(path: str, section: str, items: list[dict[str, Any]]) -> dict[str, str] | None:
    """What the page is a part of, shown over its heading: its list, or the section of the menu it stands in."""
    here = next((item for item in items if item["active"]), None)
    if here is None:
        return None
    return {"title": section, "path": ""} if path == here["path"] else {"title": here["title"], "path": here["path"]}
