"""Starts calls for extensions and ends running ones. The guard carries it out; the phone itself makes the call."""

from typing import Any, Final

from ringfence.policy.outgoing.numbers import dialled_number
from ringfence.portal import guard
from ringfence.portal.access import require
from ringfence.portal.actor import Actor
from ringfence.portal.calls import live
from ringfence.portal.change import change
from ringfence.portal.people.models import Person
from ringfence.portal.permissions import Permission
from ringfence.portal.problems import NotFound, refuse

LONGEST: Final = 6.0
LONGEST_TO_HANG_UP: Final = 14.0
"""Seconds; the guard waits for a busy core."""


def start(actor: Actor, person: Person, dialled: str) -> dict[str, Any]:
    """Rings the phone of this person, which then calls the number, at its own cost and by its own rights.

    Everybody may do so for the own extension. Raises Refused, Forbidden or GuardSilent.
    """
    if not actor.is_person(person.pk):
        require(actor, Permission.CALLS_WRITE)
    number = dialled_number(dialled)
    if not number:
        raise refuse(
            "number", "calls.number", "A number is digits, with or without a plus, as the phone would dial it."
        )
    if not person.is_active:
        raise refuse("user_id", "calls.inactive", "This extension is switched off.")
    aor = person.extension.aor
    told: dict[str, Any] = guard.ask("calls.start", LONGEST, aor=aor, number=number)
    with change(actor) as draft:
        draft.record("call.started_for", person.pk, aor, new={"number": number}, tenant_id=person.tenant_id)
    return told


def hang_up(actor: Actor, call_id: str) -> None:
    """Ends an answered call of the actor's tenant. Raises NotFound, Forbidden, Refused or GuardSilent."""
    require(actor, Permission.CALLS_WRITE)
    found = next((call for call in live.calls(actor) if call.get("call_id") == call_id), None)
    if found is None:
        raise NotFound(detail="There is no such call now.")
    guard.ask("calls.hang-up", LONGEST_TO_HANG_UP, call_id=call_id, why="Hung up by an administrator")
    with change(actor) as draft:
        parties = f"{found.get('caller', '')} to {found.get('callee', '')}"
        draft.record("call.hung_up", call_id, parties, tenant_id=found.get("tenant_id"))
