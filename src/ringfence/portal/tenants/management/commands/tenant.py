"""`manage tenant add NAME DOMAIN`: makes a tenant from a shell."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ringfence.portal.actor import shell_actor
from ringfence.portal.problems import Refused
from ringfence.portal.tenants.changes import create_tenant
from ringfence.portal.tenants.models import Tenant


class Command(BaseCommand):
    help = "Adds and lists tenants."

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        for verb in ("add", "list"):
            part = verbs.add_parser(verb)
            part.add_argument("--json", action="store_true", help="print JSON")
            if verb == "add":
                part.add_argument("name")
                part.add_argument("domain")
                part.add_argument("--country", default="")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            found = (
                [create_tenant(shell_actor(), options["name"], options["domain"], country=options["country"])]
                if options["verb"] == "add"
                else Tenant.objects.all()
            )
        except Refused as refused:
            raise CommandError(refused.detail, returncode=1) from refused
        facts = [{"id": tenant.pk, "name": tenant.name, "domain": tenant.domain} for tenant in found]
        if options["json"]:
            self.stdout.write(json.dumps(facts[0] if options["verb"] == "add" else facts))
            return
        for item in facts:
            self.stdout.write(f"{item['id']}  {item['name']}  {item['domain']}")
