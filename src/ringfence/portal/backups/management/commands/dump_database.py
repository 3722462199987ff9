"""`manage dump-database FILE`: all rows, for a backup made on the command line."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from ringfence.portal.backups.work import dump_of_database


class Command(BaseCommand):
    help = "Writes all rows into a file; says `sqlite` and writes nothing where the database is a file itself."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        dump = dump_of_database()
        if dump is None:
            self.stdout.write("sqlite")
            return
        dump(options["file"])
        self.stdout.write("dumped")
