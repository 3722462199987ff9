"""`manage web-access open`: the way back in for an administrator whose address has changed."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from ringfence.portal.actor import shell_actor
from ringfence.portal.webaccess.changes import admit_administrators


class Command(BaseCommand):
    help = "Lets system administrators come from every address again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("verb", choices=["open"])

    def handle(self, *args: Any, **options: Any) -> None:
        admit_administrators(shell_actor(), [])
        self.stdout.write("Administrators may come from every address.")
