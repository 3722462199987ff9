"""`manage firewall-plan`: the plan as JSON, or rendered, for `ringfence firewall`."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ringfence.portal.firewall import plan
from ringfence.portal.problems import Refused


class Command(BaseCommand):
    help = "Prints the firewall plan."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--ssh", type=int, nargs="+", default=[])
        parser.add_argument("--form", choices=sorted(plan.RENDERINGS))

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            found = plan.current_plan(tuple(options["ssh"])) if options["ssh"] else plan.current_plan()
        except Refused as refused:
            raise CommandError(refused.detail) from refused
        if options["form"]:
            self.stdout.write(plan.RENDERINGS[options["form"]].text(found), ending="")
        else:
            self.stdout.write(json.dumps(plan.facts(found)))
