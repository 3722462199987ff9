"""`manage doctor`: for `ringfence doctor`. Host facts come in on standard input, the configuration's go out."""

import json
import sys
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ringfence.doctor.facts import Facts, Host
from ringfence.doctor.report import examined
from ringfence.policy.plain import from_plain
from ringfence.portal.actor import shell_actor
from ringfence.portal.doctor import fixes, gather, history
from ringfence.portal.problems import Refused


class Command(BaseCommand):
    help = "Prints the configuration as the doctor sees it and keeps the examination, or mends a finding."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--fix", default="")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["fix"]:
            self._fix(options["fix"])
            return
        told = sys.stdin.read()
        host: Host | None = from_plain(Host, json.loads(told)) if told.strip() else None
        settings = gather.settings()
        history.keep(examined(Facts(settings, host)))
        self.stdout.write(json.dumps(asdict(settings)))

    def _fix(self, check_id: str) -> None:
        try:
            fixes.apply(shell_actor(), check_id)
        except Refused as refused:
            raise CommandError(refused.detail) from refused
