"""Who may listen, asked of the database: at the door, and again every other second for everybody inside."""

from dataclasses import dataclass
from typing import Final

from django.db import close_old_connections

from ringfence.policy.subscriptions import TELLINGS, Audience, Listener, Topic
from ringfence.portal.people import tokens
from ringfence.portal.people.models import Person
from ringfence.portal.permissions import Permission


@dataclass(frozen=True, slots=True)
class Rights:
    """What a token is worth at this moment."""

    person_id: int
    listener: Listener

    @property
    def topics(self) -> tuple[Topic, ...]:
        """What may be subscribed to: a tenant hears nothing of the whole system's alarms."""
        return ALL_TOPICS if self.listener.administers_system else TENANT_TOPICS


ALL_TOPICS: Final = tuple(Topic)
TENANT_TOPICS: Final = tuple(
    topic
    for topic in Topic
    if any(topic in telling.topics and telling.audience is not Audience.SYSTEM for telling in TELLINGS.values())
)


def rights_of(token: str) -> Rights | None:
    """None for a token that is unknown, ended or revoked, or whose owner administers nothing. Raises DatabaseError."""
    close_old_connections()
    found = tokens.bearer(token)
    if found is None or not found.person.administers or not found.reaches(Permission.CALLS_READ):
        return None
    return _rights(found.person, hears_system=found.reaches(Permission.SECURITY_READ))


def rights_of_all(wanted: frozenset[str]) -> dict[str, Rights]:
    """The tokens among these that are still worth something. Raises DatabaseError."""
    return {token: rights for token in wanted if (rights := rights_of(token)) is not None}


def _rights(person: Person, hears_system: bool) -> Rights:
    domain = person.tenant.domain if person.tenant else ""
    return Rights(person.pk, Listener(person.is_system_administrator and hears_system, person.tenant_id, domain))
