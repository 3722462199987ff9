"""One change for many users at once: all of them or none."""

from collections.abc import Callable, Sequence
from typing import Final

from django.db import transaction

from ringfence.portal.actor import Actor
from ringfence.portal.people import changes
from ringfence.portal.people.models import Person
from ringfence.portal.problems import NotFound, refuse

ACTIONS: Final[dict[str, Callable[[Actor, Person], object]]] = {
    "activate": lambda actor, person: changes.change_user(actor, person, active=True),
    "deactivate": lambda actor, person: changes.change_user(actor, person, active=False),
    "delete": changes.delete_user,
}


def change_many(actor: Actor, ids: Sequence[int], action: str) -> int:
    """How many were changed. Raises Refused: nothing was changed then."""
    if action not in ACTIONS:
        raise refuse("action", "users.action", "There is no such action.")
    if not ids:
        raise refuse("id", "users.none", "No row is marked.")
    with transaction.atomic():
        found = list(Person.objects.visible_to(actor).with_extension().filter(pk__in=ids))
        if len(found) != len(set(ids)):
            raise NotFound(detail="One of these users does not exist any more; nothing was changed. Look again.")
        for person in found:
            ACTIONS[action](actor, person)
    return len(found)
