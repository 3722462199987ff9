"""What can be done to the people above the tenants: system administrators and operators."""

import re
from dataclasses import dataclass
from typing import Any, Final

from ringfence.policy.people.passwords import check_password, normalized
from ringfence.policy.settings import Problem
from ringfence.portal.access import require
from ringfence.portal.actor import Actor
from ringfence.portal.change import change
from ringfence.portal.people.escalation import may_do_as_much, refuse_escalation
from ringfence.portal.people.leaving import end_access
from ringfence.portal.people.models import Person, Role
from ringfence.portal.permissions import Permission
from ringfence.portal.problems import Conflict, Forbidden, Refused, refuse
from ringfence.portal.text import label_problem

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{1,63}")
SYSTEM_ADMINISTRATOR: Final = "System Administrator"
"""Stands where an operator's role stands; nobody but a system administrator can give it."""


@dataclass(frozen=True, slots=True)
class NewOperator:
    """What is needed for a person above the tenants."""

    username: str
    display_name: str
    role: str
    password: str


def create_operator(actor: Actor, wish: NewOperator) -> Person:
    """Raises Refused, Forbidden or Conflict."""
    require(actor, Permission.OPERATORS_WRITE)
    username, name = wish.username.strip().lower(), wish.display_name.strip()
    role = _role(actor, wish.role)
    problems = [*check_password(wish.password, (username, name))]
    if problem := label_problem("display_name", name):
        problems.append(problem)
    if not _NAME.fullmatch(username):
        message = "A username is 2 to 64 lower-case letters, digits, dots, hyphens or underscores."
        problems.append(Problem("username", "operator.username", message))
    if problems:
        raise Refused(problems)
    with change(actor) as draft:
        if Person.objects.filter(username=username).exists():
            raise Conflict([Problem("username", "operator.exists", f"The username {username} is taken.")])
        person = Person(username=username, display_name=name, role=role, is_system_administrator=role is None)
        person.set_password(normalized(wish.password))
        person.save()
        draft.record("operator.created", person.pk, username, new=facts(person))
    return person


def change_operator(
    actor: Actor, person: Person, display_name: str | None = None, role: str | None = None, active: bool | None = None
) -> Person:
    """Changes only what is given; the new rights count from the next request. Raises Refused or Forbidden."""
    _may_change(actor, person)
    name = person.display_name if display_name is None else display_name.strip()
    if problem := label_problem("display_name", name):
        raise Refused([problem])
    wanted = person.role if role is None else _role(actor, role)
    administers = person.is_system_administrator if role is None else wanted is None
    with change(actor) as draft:
        if active is False or not administers:
            _refuse_last(person)
        old = facts(person)
        person.display_name, person.role, person.is_system_administrator = name, wanted, administers
        person.is_active = person.is_active if active is None else active
        person.save(update_fields=["display_name", "role", "is_system_administrator", "is_active"])
        if active is False:
            end_access(person)
        draft.record("operator.changed", person.pk, person.username, old, facts(person))
    return person


def delete_operator(actor: Actor, person: Person) -> None:
    """Raises Refused or Forbidden."""
    _may_change(actor, person)
    if person.pk == actor.person_id:
        raise refuse("id", "user.self", "You cannot delete yourself.")
    with change(actor) as draft:
        _refuse_last(person)
        draft.record("operator.deleted", person.pk, person.username, old=facts(person))
        person.delete()


def facts(person: Person) -> dict[str, Any]:
    """What the audit log keeps of an operator."""
    return {
        "username": person.username,
        "display_name": person.display_name,
        "role": role_name(person),
        "active": person.is_active,
    }


def role_name(person: Person) -> str:
    if person.is_system_administrator:
        return SYSTEM_ADMINISTRATOR
    return person.role.name if person.role else ""


def _role(actor: Actor, name: str) -> Role | None:
    """The role of this name; None for a system administrator. Raises Refused or Forbidden."""
    if name == SYSTEM_ADMINISTRATOR:
        if not actor.administers_system:
            raise Forbidden([Problem("role", "role.escalation", "Only a system administrator makes another one.")])
        return None
    role: Role | None = Role.objects.for_operators().filter(name=name).first()
    if role is None:
        raise refuse("role", "role.not_found", f"There is no role for operators named {name[:64]!r}.")
    refuse_escalation(actor, role)
    return role


def _may_change(actor: Actor, person: Person) -> None:
    require(actor, Permission.OPERATORS_WRITE)
    if person.is_system_administrator and not actor.administers_system:
        raise Forbidden([Problem("id", "role.escalation", "Only a system administrator changes another one.")])
    if not may_do_as_much(actor, person):
        raise Forbidden(
            [Problem("id", "role.escalation", "This person may do more than you, so you cannot change it.")]
        )


def _refuse_last(person: Person) -> None:
    """Without a system administrator nobody could ever make one. Call it in the transaction. Raises Refused."""
    if not (person.is_system_administrator and person.is_active):
        return
    others = Person.objects.select_for_update().filter(is_system_administrator=True, is_active=True)
    if not others.exclude(pk=person.pk).exists():
        raise refuse("role", "operator.last", "This is the last system administrator.")
