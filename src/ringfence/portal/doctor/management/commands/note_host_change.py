"""`manage note-host-change`: an entry of the audit log about something that root did to the host."""

import json
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from ringfence.portal.actor import shell_actor
from ringfence.portal.change import change


class Command(BaseCommand):
    help = "Writes a change of the host into the audit log; its facts come in as JSON."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("action")
        parser.add_argument("label")

    def handle(self, *args: Any, **options: Any) -> None:
        facts: dict[str, Any] = json.loads(sys.stdin.read() or "{}")
        with change(shell_actor()) as draft:
            draft.record(options["action"], "", options["label"], new=facts)
        self.stdout.write("noted")
