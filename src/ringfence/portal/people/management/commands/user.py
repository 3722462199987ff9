"""`manage user add TENANT EXTENSION`: makes a person with an extension from a shell."""

import json
from collections.abc import Callable
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import Q

from ringfence.portal.actor import shell_actor
from ringfence.portal.people import changes
from ringfence.portal.people.models import STANDARD, Person
from ringfence.portal.problems import Refused, refuse
from ringfence.portal.tenants.models import Tenant


class Command(BaseCommand):
    help = "Adds, lists and removes users with their extensions. TENANT is a name, a domain or an id."

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        for verb, text in (
            ("add", "add a user"),
            ("remove", "remove a user"),
            ("list", "list the users of a tenant"),
            ("secret", "make a new SIP secret"),
        ):
            part = verbs.add_parser(verb, help=text)
            part.add_argument("tenant")
            part.add_argument("--json", action="store_true", help="print JSON")
            if verb != "list":
                part.add_argument("extension")
            if verb == "add":
                part.add_argument("--display-name", default="")
                part.add_argument("--role", default=STANDARD)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            shown = VERBS[options["verb"]](options)
        except Refused as refused:
            raise CommandError(refused.detail, returncode=1) from refused
        if options["json"]:
            self.stdout.write(json.dumps(shown if options["verb"] == "list" else shown[0]))
            return
        for item in shown:
            self.stdout.write("\n".join(f"{name}: {value}" for name, value in item.items()))


def _tenant(word: str) -> Tenant:
    match = Q(name__iexact=word) | Q(domain=word.lower())
    found: Tenant | None = Tenant.objects.filter(match | Q(pk=int(word)) if word.isdecimal() else match).first()
    if found is None:
        raise refuse("tenant", "tenant.not_found", f"There is no tenant named {word!r}.")
    return found


def _person(options: dict[str, Any]) -> Person:
    tenant = _tenant(options["tenant"])
    found: Person | None = (
        Person.objects.with_extension().filter(tenant=tenant, extension__number=options["extension"]).first()
    )
    if found is None:
        raise refuse("extension", "extension.not_found", f"{tenant.name} has no extension {options['extension']}.")
    return found


def _facts(person: Person) -> dict[str, Any]:
    extension = person.extension
    return {
        "id": person.pk,
        "extension": extension.number,
        "aor": extension.aor,
        "domain": extension.tenant.domain,
        "display_name": person.display_name,
    }


def _add(options: dict[str, Any]) -> list[dict[str, Any]]:
    tenant, number = _tenant(options["tenant"]), options["extension"]
    wish = changes.NewUser(tenant.pk, number, options["display_name"] or f"Extension {number}", options["role"])
    person, secret = changes.create_user(shell_actor(), wish)
    return [{**_facts(person), "sip_secret": secret}]


def _secret(options: dict[str, Any]) -> list[dict[str, Any]]:
    person = _person(options)
    return [{**_facts(person), "sip_secret": changes.rotate_secret(shell_actor(), person)}]


def _remove(options: dict[str, Any]) -> list[dict[str, Any]]:
    person = _person(options)
    facts = _facts(person)
    changes.delete_user(shell_actor(), person)
    return [facts]


def _list(options: dict[str, Any]) -> list[dict[str, Any]]:
    tenant = _tenant(options["tenant"])
    return [_facts(person) for person in Person.objects.with_extension().filter(tenant=tenant)]


VERBS: Final[dict[str, Callable[[dict[str, Any]], list[dict[str, Any]]]]] = {
    "add": _add,
    "remove": _remove,
    "list": _list,
    "secret": _secret,
}
