"""What an administrator should see first: alarms of the guard, trunks without an answer, callers that are suspended."""

from collections.abc import Iterator
from dataclasses import dataclass

from ringfence.policy.sentence import Sentence
from ringfence.portal import guard
from ringfence.portal.actor import Actor
from ringfence.portal.permissions import Permission
from ringfence.portal.spending.changes import suspensions
from ringfence.portal.spending.whose import whose
from ringfence.portal.trunks.models import Trunk
from ringfence.portal.trunks.state import states_of, told

SHOWN = 5
"""Of each kind; the page that it leads to has them all."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """A standing trouble, and the page that says more."""

    message: Sentence
    path: str


def troubles(actor: Actor) -> list[Trouble]:
    """Those that the actor may know of. Raises Refused while the guard does not answer."""
    found: list[Trouble] = []
    if actor.may(Permission.SECURITY_READ):
        alarms = guard.listed("alarms.list", "alarms")[:SHOWN]
        found += [Trouble(alarm["message"], "/security-dashboard") for alarm in alarms]
    if actor.may(Permission.TRUNKS_READ):
        found += [Trouble(message, "/trunks") for message in _silent_trunks()][:SHOWN]
    if actor.may(Permission.BUDGETS_WRITE):
        found += [Trouble(message, "/budgets") for message in _suspended(actor)][:SHOWN]
    return found


def _silent_trunks() -> Iterator[Sentence]:
    known = told()
    for trunk in Trunk.objects.filter(enabled=True):
        states = {peer["state"] for peer in states_of(trunk, known)}
        if states == {"down"}:
            yield f"The trunk {trunk.name} does not answer."


def _suspended(actor: Actor) -> Iterator[Sentence]:
    for item in suspensions(actor):
        yield f"Calls outside of {whose(item['owner'])} are suspended: a budget is used up."
