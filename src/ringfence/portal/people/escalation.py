"""Nobody rises above himself: not by a role he gives, not by changing somebody who may do more."""

from ringfence.policy.settings import Problem
from ringfence.portal.access import require
from ringfence.portal.actor import Actor
from ringfence.portal.people.models import Person, Role
from ringfence.portal.permissions import Permission
from ringfence.portal.problems import Forbidden


def refuse_escalation(actor: Actor, role: Role | None) -> None:
    """Nobody gives a role that permits more than he may himself. Raises Forbidden."""
    if role is not None and not actor.may_grant(role.granted):
        message = f"The role {role.name} permits more than you may yourself, so you cannot give it."
        raise Forbidden([Problem("role", "role.escalation", message)])


def may_do_as_much(actor: Actor, person: Person) -> bool:
    """Whether somebody has all that the role of this person permits."""
    return actor.may_grant(person.role.granted if person.role else frozenset())


def stand_above(actor: Actor, person: Person, permission: Permission = Permission.USERS_WRITE) -> None:
    """Everybody changes the own password; other people are changed by who may do at least as much.

    A scoped token is no owner: with a password it chose itself it would have all the owner's rights. Raises Forbidden.
    """
    if actor.is_person(person.pk):
        return
    require(actor, permission)
    if not may_do_as_much(actor, person) or (person.is_system_administrator and not actor.administers_system):
        raise Forbidden(
            [Problem("id", "role.escalation", "This person may do more than you, so you cannot change it.")]
        )
