"""What `manage allow` and `manage block` have in common: entries of the IP blacklist from a shell."""

import json
from datetime import timedelta
from typing import Any, ClassVar

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from ringfence.policy.book import Target
from ringfence.portal.actor import shell_actor
from ringfence.portal.problems import Refused, refuse
from ringfence.portal.security import changes
from ringfence.portal.security.models import AddressEntry


class EntriesCommand(BaseCommand):
    """`add PREFIX`, `remove PREFIX`, `list`."""

    target: ClassVar[Target]

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print JSON")
        verbs = parser.add_subparsers(dest="verb", required=True)
        add = verbs.add_parser("add", help="add an entry")
        add.add_argument("prefix", help="an address, 192.0.2.0/24 or 192.0.2.0/255.255.255.0")
        add.add_argument("--description", default="")
        add.add_argument("--seconds", type=int, default=0, help="end after so many seconds; never without")
        verbs.add_parser("remove", help="remove an entry").add_argument("prefix")
        verbs.add_parser("list", help="list the entries")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            shown = self._carry_out(options)
        except Refused as refused:
            raise CommandError(refused.detail, returncode=1) from refused
        if options["json"]:
            self.stdout.write(json.dumps(shown if options["verb"] == "list" else shown[0]))
            return
        for entry in shown:
            self.stdout.write("  ".join(str(value) for value in entry.values() if value not in (None, "")))

    def _carry_out(self, options: dict[str, Any]) -> list[dict[str, Any]]:
        match options["verb"]:
            case "add":
                return [self._add(options)]
            case "remove":
                return [self._remove(options)]
        return self._list()

    def _add(self, options: dict[str, Any]) -> dict[str, Any]:
        expires_at = timezone.now() + timedelta(seconds=options["seconds"]) if options["seconds"] > 0 else None
        network = changes.parsed_prefix(options["prefix"])
        entry = changes.add_entry(shell_actor(), network, self.target, expires_at, options["description"])
        return changes.entry_facts(entry)

    def _remove(self, options: dict[str, Any]) -> dict[str, Any]:
        network = changes.parsed_prefix(options["prefix"])
        entry = AddressEntry.objects.filter(cidr=str(network), target=self.target.value).first()
        if entry is None:
            raise refuse("prefix", "ip_filter.not_found", f"There is no entry to {self.target} {network}.")
        facts = changes.entry_facts(entry)
        changes.remove_entry(shell_actor(), entry)
        return facts

    def _list(self) -> list[dict[str, Any]]:
        return [changes.entry_facts(entry) for entry in AddressEntry.objects.filter(target=self.target.value)]
