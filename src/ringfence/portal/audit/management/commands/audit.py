"""`manage audit verify|export|accept`: proves, prints or newly anchors the audit log."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from ringfence.portal.actor import shell_actor
from ringfence.portal.audit import anchor
from ringfence.portal.audit.chain import append, head, verify
from ringfence.portal.audit.export import FileFormat, lines
from ringfence.portal.audit.models import Entry


class Command(BaseCommand):
    help = "Proves that no entry of the audit log was altered, removed or cut off; prints it."

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        verbs.add_parser("verify", help="go through the whole chain").add_argument("--json", action="store_true")
        verbs.add_parser("accept", help="anchor the log as it stands now, after you looked into it")
        part = verbs.add_parser("export", help="print all entries, oldest first")
        part.add_argument("--format", choices=[str(item) for item in FileFormat], default=str(FileFormat.JSON_LINES))

    def handle(self, *args: Any, **options: Any) -> None:
        match options["verb"]:
            case "verify":
                self._verify(options["json"])
            case "export":
                for line in lines(Entry.objects.all(), FileFormat(options["format"])):
                    self.stdout.write(line, ending="")
            case _:
                with transaction.atomic():
                    append(shell_actor(), "audit.accepted", "", "Audit log")
                anchor.accept(head())
                self.stdout.write(f"The audit log is anchored at entry {head().last_id}.")

    def _verify(self, as_json: bool) -> None:
        verdict = verify()
        if as_json:
            facts = {"whole": not verdict.problem, "entries": verdict.entries, "first": verdict.first}
            self.stdout.write(json.dumps({**facts, "problem": verdict.problem, "broken_at": verdict.broken_at}))
        if verdict.problem:
            raise CommandError(verdict.problem, returncode=1)
        if not as_json:
            self.stdout.write(f"The audit log is whole: {verdict.entries} entries from {verdict.first} on.")
