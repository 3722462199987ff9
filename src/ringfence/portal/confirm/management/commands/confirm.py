"""`manage confirm [NUMBER] [--revert]`: lists, confirms or takes back changes that wait to be confirmed."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ringfence.portal.actor import shell_actor
from ringfence.portal.confirm import changes
from ringfence.portal.confirm.api import facts
from ringfence.portal.confirm.models import UnconfirmedChange
from ringfence.portal.problems import Refused


class Command(BaseCommand):
    help = "Lists changes that revert unless confirmed; with a number confirms one, with --revert takes it back."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("number", type=int, nargs="?", default=0)
        parser.add_argument("--revert", action="store_true")
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            rows = [self._end(options)] if options["number"] else list(changes.waiting())
        except Refused as refused:
            raise CommandError(refused.detail, returncode=1) from refused
        if options["json"]:
            self.stdout.write(json.dumps([facts(row) for row in rows]))
            return
        for row in rows:
            self.stdout.write(_line(row))

    def _end(self, options: dict[str, Any]) -> UnconfirmedChange:
        row = changes.found(options["number"])
        if options["revert"]:
            changes.revert(shell_actor(), row)
        else:
            changes.confirm_from_shell(shell_actor(), row)
        return changes.found(row.pk)


def _line(row: UnconfirmedChange) -> str:
    told = facts(row)
    ends = f"reverts in {told['seconds_left']} s" if told["state"] == "waiting" else told["state"]
    return f"{row.pk}  {ends}  {row}  (by {row.saved_by})"
