"""`manage transport add udp 5060 --link eth1`: SIP transports from a shell."""

import json
from collections.abc import Callable
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ringfence.hosts.transports import Protocol, SipTransport, plain
from ringfence.portal.actor import shell_actor
from ringfence.portal.problems import Refused
from ringfence.portal.transports import changes


class Command(BaseCommand):
    help = "Lists, adds and removes what the SIP core listens on."

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        parts = {verb: verbs.add_parser(verb) for verb in VERBS}
        for part in parts.values():
            part.add_argument("--json", action="store_true", help="print JSON")
        parts["add"].add_argument("protocol", choices=list(Protocol))
        parts["add"].add_argument("port", type=int)
        parts["add"].add_argument("--link", default="")
        parts["add"].add_argument("--interrupt-calls", action="store_true")
        parts["remove"].add_argument("name")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            state = VERBS[options["verb"]](options)
        except Refused as refused:
            raise CommandError(refused.detail, returncode=1) from refused
        rows = [{**plain(one), "addresses": state.addresses.get(one.name, [])} for one in state.transports]
        if options["json"]:
            self.stdout.write(json.dumps({"items": rows, "links": state.links}))
            return
        for row in rows:
            self.stdout.write(f"{row['name']:<24} {', '.join(row['addresses']) or NOWHERE}")


NOWHERE: Final = "nowhere: its link is not there"


def _list(_: dict[str, Any]) -> changes.State:
    return changes.state()


def _add(options: dict[str, Any]) -> changes.State:
    wanted = SipTransport(Protocol(options["protocol"]), options["port"], link=options["link"])
    return changes.add(shell_actor(), wanted, options["interrupt_calls"])[1]


def _remove(options: dict[str, Any]) -> changes.State:
    changes.remove(shell_actor(), options["name"])
    return changes.state()


VERBS: Final[dict[str, Callable[[dict[str, Any]], changes.State]]] = {"list": _list, "add": _add, "remove": _remove}
