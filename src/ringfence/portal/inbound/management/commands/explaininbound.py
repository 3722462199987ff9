"""`manage explaininbound NUMBER`: where a call from outside would lead, from a shell."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ringfence.portal.actor import shell_actor
from ringfence.portal.inbound.explaining import explain
from ringfence.portal.problems import Refused


class Command(BaseCommand):
    help = "Says where a call from outside would lead, and why."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("number")
        parser.add_argument("--caller", default="")
        parser.add_argument("--at", default="")
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            found = explain(shell_actor(), options["number"], options["caller"], options["at"])
        except Refused as refused:
            raise CommandError(refused.detail, returncode=1) from refused
        self.stdout.write(json.dumps(found) if options["json"] else "\n".join(sentences(found)))


def sentences(found: dict[str, Any]) -> list[str]:
    """The answer in lines."""
    lines = [
        f"{found['caller'] or 'anonymous'} calls {found['number']} over {found['trunk']}.",
        f"{found['sentence']} [{found['verdict']}]",
    ]
    if found["inbound_rule"]:
        lines.append(f"Inbound rule: {found['inbound_rule']} ({found['destination']})")
    named = (("Blocked by", "blocked_by"), ("Plays", "plays"), ("Leaves to", "leaves_to"))
    lines += [f"{title}: {found[name]}" for title, name in named if found[name]]
    listed = (("Forwarded by", "forwarded_by"), ("Rings", "rings"), ("Over", "leaves_by"))
    return lines + [f"{title}: {', '.join(found[name])}" for title, name in listed if found[name]]
