"""Who acts: decided once at the edge (session, token or shell), then handed down."""

from dataclasses import dataclass

from django.http import HttpRequest

from ringfence.portal.permissions import CALL, Permission


@dataclass(frozen=True, slots=True)
class Actor:
    """The system administrator and a shell of the server may do everything.

    An operator acts on all tenants, but only as far as `permissions` reach; everybody else has one tenant.
    """

    name: str
    address: str = ""
    person_id: int | None = None
    tenant_id: int | None = None
    administers_system: bool = False
    operates_system: bool = False
    permissions: frozenset[Permission] = frozenset()
    in_person: bool = True
    """False for a program that holds a scoped token: what everybody may do with the own account is not for it."""

    def is_person(self, person_id: int) -> bool:
        """Whether this is that person, and not a program with a part of its rights."""
        return self.in_person and self.person_id == person_id

    @property
    def above_tenants(self) -> bool:
        """Whether rows of every tenant are this actor's business."""
        return self.administers_system or self.operates_system

    def may(self, permission: Permission) -> bool:
        return self.administers_system or permission in self.permissions

    def may_grant(self, wanted: frozenset[Permission]) -> bool:
        """Nobody grants what he lacks, and nobody changes somebody who may do more.

        An operator has no extension, so what he may call himself says nothing about what he may give.
        """
        return self.administers_system or wanted - (CALL if self.operates_system else frozenset()) <= self.permissions


def shell_actor() -> Actor:
    """Whoever runs a command on the server itself."""
    return Actor("command line", "local", administers_system=True)


class ApiRequest(HttpRequest):
    """A REST request after its token was checked. `entity_tag` names what the answer shows."""

    auth: Actor
    entity_tag: str
