"""`manage phone add TENANT EXTENSION VENDOR --mac MAC`: phones from a shell."""

import json
from collections.abc import Callable
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import Q

from ringfence.portal.actor import shell_actor
from ringfence.portal.problems import Refused, refuse
from ringfence.portal.provisioning import changes
from ringfence.portal.provisioning.api import phone_of, shown, shown_with_directory
from ringfence.portal.provisioning.models import Phone
from ringfence.portal.provisioning.vendors import Transport, Vendor
from ringfence.portal.provisioning.wish import Wish, plain_mac
from ringfence.portal.tenants.models import Tenant


class Command(BaseCommand):
    help = "Adds, lists, opens, rotates and removes phones. TENANT is a name, a domain or an id."

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        for verb, names in ARGUMENTS.items():
            part = verbs.add_parser(verb)
            part.add_argument("--json", action="store_true", help="print JSON")
            for name in names:
                part.add_argument(name)
        verbs.choices["add"].add_argument("--mac", default="")
        verbs.choices["add"].add_argument("--transport", default=Transport.TLS.value, choices=list(Transport))

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            found = VERBS[options["verb"]](options)
        except Refused as refused:
            raise CommandError(refused.detail, returncode=1) from refused
        if options["json"]:
            self.stdout.write(json.dumps(found if options["verb"] == "list" else found[0]))
            return
        for item in found:
            self.stdout.write("  ".join(str(item[name]) for name in SHOWN if item.get(name)))


ARGUMENTS: Final[dict[str, tuple[str, ...]]] = {
    "add": ("tenant", "extension", "vendor"),
    "list": ("tenant",),
    "open": ("phone",),
    "rotate": ("phone",),
    "remove": ("phone",),
}
SHOWN: Final = ("id", "extension", "vendor", "mac", "open_until", "directory", "login_user", "login_password")


def _tenant(word: str) -> Tenant:
    match = Q(name__iexact=word) | Q(domain=word.lower())
    found: Tenant | None = Tenant.objects.filter(match | Q(pk=int(word)) if word.isdecimal() else match).first()
    if found is None:
        raise refuse("tenant", "tenant.not_found", f"There is no tenant named {word!r}.")
    return found


def _phone(options: dict[str, Any]) -> Phone:
    word = options["phone"]
    return phone_of(shell_actor(), int(word) if word.isdecimal() and len(word) < 18 else 0)


def _add(options: dict[str, Any]) -> list[dict[str, Any]]:
    if options["vendor"] not in list(Vendor):
        raise refuse("vendor", "phone.vendor", f"{options['vendor']!r} is none of {', '.join(Vendor)}.")
    extension = changes.extension_named(shell_actor(), _tenant(options["tenant"]).pk, options["extension"])
    wish = Wish(Vendor(options["vendor"]), plain_mac(options["mac"]), transport=Transport(options["transport"]))
    return [shown_with_directory(changes.add(shell_actor(), extension, wish))]


def _list(options: dict[str, Any]) -> list[dict[str, Any]]:
    return [shown(row) for row in Phone.objects.whole().filter(tenant=_tenant(options["tenant"]))]


def _open(options: dict[str, Any]) -> list[dict[str, Any]]:
    return [shown(changes.reopen(shell_actor(), _phone(options)))]


def _rotate(options: dict[str, Any]) -> list[dict[str, Any]]:
    return [shown_with_directory(changes.rotate(shell_actor(), _phone(options)))]


def _remove(options: dict[str, Any]) -> list[dict[str, Any]]:
    row = _phone(options)
    facts = shown(row)
    changes.remove(shell_actor(), row)
    return [facts]


VERBS: Final[dict[str, Callable[[dict[str, Any]], list[dict[str, Any]]]]] = {
    "add": _add,
    "list": _list,
    "open": _open,
    "rotate": _rotate,
    "remove": _remove,
}
