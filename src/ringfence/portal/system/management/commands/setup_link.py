"""`manage setup-link`: prints a new one-time link; prints nothing once the administrator exists."""

import os
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from ringfence.hosts import ports
from ringfence.hosts.addresses import NetworkUnreadable, surroundings
from ringfence.portal.system.setup import AlreadySetUp, new_setup_token


class Command(BaseCommand):
    help = "Prints a one-time link for making the administrator. An earlier link stops working."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="", help="the name or address to put into the link")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            token = new_setup_token()
        except AlreadySetUp as done:
            self.stderr.write(done.detail)
            return
        self.stdout.write(f"https://{options['host'] or _host()}:{ports.WEB_PORTAL.first}/setup#token={token}")


def _host() -> str:
    try:
        address = str(surroundings(os.environ).primary)
    except NetworkUnreadable:
        return "localhost"
    return f"[{address}]" if ":" in address else address
