"""Who may listen, asked of the database: at the door, and again every other second for everybody inside."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from django.db import close_old_connections

from ringfence.policy.people.subscriptions import Listener, Topic
from ringfence.portal.actor import Actor
from ringfence.portal.people import tokens
from ringfence.portal.people.models import Person
from ringfence.portal.permissions import Permission
from ringfence.portal.webaccess.models import AdministratorNetwork

PERMISSION_OF: Final[Mapping[Topic, Permission]] = {
    Topic.REGISTRATIONS: Permission.CALLS_READ,
    Topic.CALLS: Permission.CALLS_READ,
    Topic.BANS: Permission.SECURITY_READ,
    Topic.BUDGETS: Permission.BUDGETS_WRITE,
    Topic.ALARMS: Permission.SYSTEM_READ,
    Topic.TRUNKS: Permission.TRUNKS_READ,
    Topic.SETTINGS: Permission.AUDIT_READ,
    Topic.AUDIT: Permission.AUDIT_READ,
}
"""What one must hold to hear of a topic."""

OWN_BANS: Final = Permission.BANS_READ
"""Within a tenant this is enough to hear of the bans that concern its accounts."""


@dataclass(frozen=True, slots=True)
class Rights:
    """What a token is worth at this moment."""

    person_id: int
    listener: Listener
    topics: tuple[Topic, ...]


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks to be let in: the token, and the address it is used from."""

    token: str
    address: str


def rights_of(caller: Caller) -> Rights | None:
    """None for a token that is unknown, ended or revoked, whose owner administers nothing, or that belongs to somebody
    above the tenants who may not come from this address. Raises DatabaseError.
    """
    close_old_connections()
    found = tokens.bearer(caller.token)
    if found is None or not found.person.administers:
        return None
    actor = tokens.narrowed(found, found.person.acts_from(caller.address))
    if actor.above_tenants and not AdministratorNetwork.admits(caller.address):
        return None
    return _rights(found.person, actor)


def rights_of_all(wanted: frozenset[Caller]) -> dict[Caller, Rights]:
    """Those whose tokens are still worth something. Raises DatabaseError."""
    return {caller: rights for caller in wanted if (rights := rights_of(caller)) is not None}


def _rights(person: Person, actor: Actor) -> Rights:
    domain = person.tenant.domain if person.tenant else ""
    listener = Listener(actor.above_tenants, actor.tenant_id, domain)
    return Rights(person.pk, listener, tuple(topic for topic in Topic if _may_hear(actor, topic)))


def _may_hear(actor: Actor, topic: Topic) -> bool:
    if topic is Topic.BANS and not actor.above_tenants:
        return actor.may(OWN_BANS)
    return actor.may(PERMISSION_OF[topic])
