"""API tokens: random, shown once, kept as a hash, always with an end, with a scope that only narrows."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from django.http import HttpRequest
from django.utils import timezone

from ringfence.policy.settings import Problem
from ringfence.portal.actor import Actor
from ringfence.portal.change import change
from ringfence.portal.client_address import client_address
from ringfence.portal.people.models import ApiToken, Person
from ringfence.portal.permissions import CALL, OF_OPERATORS, Permission, known
from ringfence.portal.problems import Forbidden, NotFound, Refused
from ringfence.portal.text import label_problem

PREFIX: Final = "rf_"
DEFAULT_LIFETIME: Final = timedelta(hours=12)
LONGEST_LIFETIME: Final = timedelta(days=90)
USE_NOTED_EVERY: Final = timedelta(seconds=30)
READING: Final = ("GET", "HEAD", "OPTIONS")
END_YOURSELF: Final = "/api/v1/auth/token"


@dataclass(frozen=True, slots=True)
class Scope:
    """What a token may do at most. Without permissions: all that its owner may."""

    read_only: bool = False
    permissions: Sequence[str] = ()


class OutOfScope(Forbidden):
    error_id = "auth.out_of_scope"
    title = "This token may not do that"


def issue(
    person: Person,
    lifetime: timedelta = DEFAULT_LIFETIME,
    name: str = "",
    scope: Scope | None = None,
    address: str = "",
) -> tuple[str, ApiToken]:
    """A new token, which nobody can read again, and its row. Raises Refused."""
    scope = scope or Scope()
    if problems := _problems(person, name, scope):
        raise Refused(problems)
    token = PREFIX + secrets.token_urlsafe(32)
    ApiToken.objects.filter(person=person, expires_at__lt=timezone.now()).delete()
    with change(person.acts_from(address)) as draft:
        row = ApiToken.objects.create(
            person=person,
            digest=digest_of(token),
            name=name.strip(),
            read_only=scope.read_only,
            permissions=sorted(set(scope.permissions)),
            expires_at=timezone.now() + lifetime,
        )
        draft.record("token.issued", row.pk, name or person.username, new=facts(row), tenant_id=person.tenant_id)
    return token, row


def _problems(person: Person, name: str, scope: Scope) -> list[Problem]:
    offered = grantable(person)
    found = [
        Problem("permissions", "token.permission", f"You cannot give a token the permission {item!r}.")
        for item in scope.permissions
        if item not in offered
    ]
    if name.strip() and (problem := label_problem("name", name)):
        found.append(problem)
    return found


def grantable(person: Person) -> frozenset[Permission]:
    """What a token of this person may at most be allowed."""
    return OF_OPERATORS if person.is_system_administrator else person.permissions - CALL


def bearer(token: str) -> ApiToken | None:
    """The token if it is valid now and its owner may sign in."""
    found = ApiToken.objects.select_related("person__tenant", "person__role").filter(digest=digest_of(token)).first()
    if found is None or not found.is_valid(timezone.now()) or not found.person.is_active:
        return None
    return found


def admit(row: ApiToken, request: HttpRequest) -> Actor:
    """Who acts with this token, as far as its scope reaches; notes the use. Raises OutOfScope."""
    if row.read_only and request.method not in READING and request.path != END_YOURSELF:
        raise OutOfScope(detail="This token may only read.")
    address, now = client_address(request), timezone.now()
    if row.last_used_at is None or now - row.last_used_at >= USE_NOTED_EVERY:
        ApiToken.objects.filter(pk=row.pk).update(last_used_at=now, last_used_from=address)
    return narrowed(row, row.person.acts_from(address))


def narrowed(row: ApiToken, actor: Actor) -> Actor:
    """A scoped token of the system administrator is an operator with these permissions, and no more."""
    if not row.permissions:
        return actor
    scope = known(row.permissions)
    permissions = scope if actor.administers_system else scope & actor.permissions
    return replace(
        actor,
        administers_system=False,
        operates_system=actor.above_tenants,
        permissions=permissions,
        in_person=False,
    )


def revoke(actor: Actor, token_id: int) -> None:
    """Ends one of your own tokens, or, as an administrator, one of somebody you may see. Raises NotFound."""
    visible = (
        Person.objects.visible_to(actor) if actor.administers_system else Person.objects.filter(pk=actor.person_id)
    )
    row = ApiToken.objects.select_related("person").filter(pk=token_id, person__in=visible).first()
    if row is None:
        raise NotFound(detail="There is no such token.")
    with change(actor) as draft:
        draft.record(
            "token.revoked", row.pk, row.name or row.person.username, old=facts(row), tenant_id=row.person.tenant_id
        )
        row.delete()


def facts(row: ApiToken) -> dict[str, Any]:
    """What the owner and the audit log see: never the token."""
    return {
        "id": row.pk,
        "name": row.name,
        "read_only": row.read_only,
        "permissions": list(row.permissions),
        "created_at": _iso(row.created_at),
        "expires_at": _iso(row.expires_at),
        "last_used_at": _iso(row.last_used_at),
        "last_used_from": row.last_used_from,
    }


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def digest_of(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
