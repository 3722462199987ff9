"""`manage load-database FILE`: the rows of a backup in the place of those that are there."""

from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandParser
from django.db import transaction


class Command(BaseCommand):
    help = "Replaces all rows by those in the file, or with a single fault none."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        call_command("migrate", interactive=False, verbosity=0)
        with transaction.atomic():
            call_command("flush", interactive=False, verbosity=0, reset_sequences=True)
            call_command("loaddata", str(options["file"]), verbosity=0)
        self.stdout.write("loaded")
