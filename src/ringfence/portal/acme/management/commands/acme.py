"""`manage acme order|show`: certificates of an authority, from the server itself."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ringfence.portal.acme import changes
from ringfence.portal.acme.api import shown
from ringfence.portal.acme.models import CertificateOrder
from ringfence.portal.actor import shell_actor
from ringfence.portal.problems import Refused


class Command(BaseCommand):
    help = "Orders a certificate, or says how the last orders went."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("verb", choices=["order", "show"])
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["verb"] == "show":
            found = CertificateOrder.objects.all()[:10]
            if options["json"]:
                self.stdout.write(json.dumps([shown(one) for one in found]))
                return
            for one in found:
                self.stdout.write(f"{one.asked_at:%Y-%m-%d %H:%M:%S} UTC  {one.state}  {one.error}".rstrip())
            return
        try:
            made = changes.ask_for_one(shell_actor())
        except Refused as refused:
            raise CommandError(refused.detail, returncode=1) from refused
        self.stdout.write(f"{str(made).capitalize()} runs within seconds; see: ringfence acme show")
