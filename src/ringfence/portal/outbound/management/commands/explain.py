"""`manage explain CALLER NUMBER`: which rule a call would take, from a shell."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ringfence.portal.actor import shell_actor
from ringfence.portal.outbound.explaining import explain
from ringfence.portal.problems import Refused


class Command(BaseCommand):
    help = "Says which rule a call would take, and why."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("caller")
        parser.add_argument("number")
        parser.add_argument("--at", default="")
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            found = explain(shell_actor(), options["caller"], options["number"], options["at"])
        except Refused as refused:
            raise CommandError(refused.detail, returncode=1) from refused
        if options["json"]:
            self.stdout.write(json.dumps(found))
            return
        self.stdout.write("\n".join(sentences(found)))


def sentences(found: dict[str, Any]) -> list[str]:
    """The answer in lines."""
    country = f" ({found['country']})" if found["country"] else ""
    lines = [f"{found['caller']} calls {found['number']}{country}.", f"{found['sentence']} [{found['verdict']}]"]
    lines += [f"Passed over: {item['order']} {item['rule']}: {item['sentence']}" for item in found["passed_over"]]
    if found["outbound_rule"]:
        lines.append(f"Outbound rule: {found['outbound_rule']}")
    lines += [_line(route) for route in found["routes"]]
    if objection := found["objection"]:
        lines.append(f"But: {objection['sentence']} [{objection['verdict']}]")
    return lines


def _line(route: dict[str, Any]) -> str:
    shown = f", shown {route['caller_number']}" if route["caller_number"] else ""
    state = {"down": ", does not answer", "closed": ", may not be used"}.get(route["state"], "")
    return f"Route: {route['trunk'] or route['trunk_id']} with {route['number']}{shown}{state}"
