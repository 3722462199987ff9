"""First start: no default credential exists, only a one-time link whose token is kept as a hash."""

import hashlib
import hmac
import secrets
from typing import Final

from django.db import transaction
from django.utils import timezone

from ringfence.policy.people.passwords import PasswordPolicy, normalized
from ringfence.portal.actor import Actor
from ringfence.portal.change import change
from ringfence.portal.people.models import PREDEFINED, Person, Role
from ringfence.portal.problems import Conflict, Forbidden, Refused
from ringfence.portal.security.changes import KNOWN_SCANNERS
from ringfence.portal.security.models import BlockedUserAgent, SecurityValues
from ringfence.portal.signin.passwords import policy_for, problems_of
from ringfence.portal.system.models import Installation

ADMINISTRATOR: Final = "admin"


class AlreadySetUp(Conflict):
    error_id = "setup.done"
    title = "The setup link has been used"


class WrongToken(Forbidden):
    error_id = "setup.wrong_token"
    title = "This setup link is not valid"


def fill_in_defaults() -> None:
    """Predefined roles and the list of known scanners; runs at every start, fills the list only once."""
    with transaction.atomic():
        for name, rights in PREDEFINED.items():
            role = Role.objects.filter(name=name, tenant=None).first() or Role(name=name, predefined=True)
            role.hold(rights)
            role.save()
        if SecurityValues.objects.filter(pk=1).exists():
            return
        SecurityValues.store(SecurityValues.current())
        BlockedUserAgent.objects.bulk_create(
            [BlockedUserAgent(pattern=name, description="known scanner") for name in KNOWN_SCANNERS]
        )


def new_setup_token() -> str:
    """A fresh token; an earlier link stops working. Raises AlreadySetUp."""
    with transaction.atomic():
        row = Installation.objects.select_for_update().get_or_create(pk=1)[0]
        if row.set_up_at is not None:
            raise AlreadySetUp(detail="The administrator exists already; no setup link is needed.")
        token = secrets.token_urlsafe(32)
        row.setup_token_digest, row.setup_token_made_at = _digest(token), timezone.now()
        row.save()
    return token


def set_up(token: str, password: str, address: str = "", username: str = ADMINISTRATOR) -> Person:
    """Makes the system administrator and closes the link. Raises Forbidden, AlreadySetUp or Refused."""
    actor = Actor("setup link", address)
    with change(actor) as draft:
        row = Installation.objects.select_for_update().filter(pk=1).first()
        if row is not None and row.set_up_at is not None:
            raise AlreadySetUp(detail="The administrator exists already: sign in.")
        if (
            row is None
            or not row.setup_token_digest
            or not hmac.compare_digest(_digest(token.strip()), row.setup_token_digest)
        ):
            raise WrongToken(detail="This setup link is not valid; print a new one with: ringfence setup-link")
        if problems := problems_of(password, [username], administrators_policy()):
            raise Refused(problems)
        person = Person(username=username, display_name="Administrator", is_system_administrator=True)
        person.set_password(normalized(password))
        person.save()
        row.set_up_at, row.setup_token_digest = timezone.now(), ""
        row.save()
        draft.record("system.set_up", person.pk, username)
    return person


def administrators_policy() -> PasswordPolicy:
    return policy_for(None)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
