"""`manage publish`: works off pending changes; `--all` rebuilds the policy store from the database."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from ringfence.portal.publish import publish_everything, publish_pending
from ringfence.portal.system.setup import fill_in_defaults


class Command(BaseCommand):
    help = "Puts saved changes in force."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--all", action="store_true", help="rebuild the whole policy store in one transaction")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["all"]:
            fill_in_defaults()
            self.stdout.write(f"policy version {publish_everything()}")
            return
        self.stdout.write(f"{publish_pending()} pending changes published")
