"""`manage signin new-password|reset-second-factor USERNAME` and `unlock ADDRESS`: the way back in for whoever has a
shell on the server.
"""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ringfence.portal.actor import shell_actor
from ringfence.portal.people.models import Person
from ringfence.portal.problems import Refused, refuse
from ringfence.portal.signin import recovery


class Command(BaseCommand):
    help = "Gives a person a new first password, removes lost second factors, or forgets failures from an address."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("verb", choices=["new-password", "reset-second-factor", "unlock"])
        parser.add_argument("who")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            self.stdout.write(_done(options["verb"], options["who"]))
        except Refused as refused:
            raise CommandError(refused.detail, returncode=1) from refused


def _done(verb: str, who: str) -> str:
    return _unlocked(who) if verb == "unlock" else _helped(verb, who)


def _unlocked(address: str) -> str:
    count = recovery.forget_failures(shell_actor(), address)
    return f"{count} failed sign-ins from {address} are forgotten." if count else f"Nothing is counted from {address}."


def _helped(verb: str, username: str) -> str:
    person = Person.objects.filter(username=username.lower()).first()
    if person is None:
        raise refuse("username", "person.not_found", f"Nobody signs in as {username!r}.")
    if verb == "new-password":
        password = recovery.give_first_password(shell_actor(), person)
        return (
            f"{password}\nIt must be changed at the next sign-in. Sessions and tokens of {person.username} have ended."
        )
    recovery.remove_second_factors(shell_actor(), person)
    return f"{person.username} signs in with the password alone now."
