"""`manage audit verify`: recomputes the chain of the audit log."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ringfence.portal.audit.models import Entry, first_broken_entry


class Command(BaseCommand):
    help = "Checks that no entry of the audit log was altered or removed."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("verb", choices=["verify"])

    def handle(self, *args: Any, **options: Any) -> None:
        broken = first_broken_entry()
        if broken is not None:
            raise CommandError(f"The audit log is broken at entry {broken}.", returncode=1)
        self.stdout.write(f"The audit log is whole: {Entry.objects.count()} entries.")
