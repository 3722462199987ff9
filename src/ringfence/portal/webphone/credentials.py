"""Credentials of browser phones: given to a signed-in session, gone with it."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.utils import timezone

from ringfence.policy.people.browsers import BEFORE_MARK
from ringfence.portal import guard
from ringfence.portal.actor import Actor
from ringfence.portal.change import Change, change
from ringfence.portal.people.digests import digests
from ringfence.portal.people.models import Extension
from ringfence.portal.rest.rates import RATES
from ringfence.portal.security.models import SecurityValues
from ringfence.portal.signin.models import PortalSession
from ringfence.portal.webphone.compile import key_of
from ringfence.portal.webphone.models import PhoneCredential

LONGEST: Final = timedelta(hours=4)
"""A page that stays open fetches the next credential before this one ends."""

CLOCK: Final = Actor("the clock", "local")

MOST: Final = 5
"""Credentials of one session: a page that is loaded again leaves its own behind."""

PER_MINUTE: Final = 12
SECRET_BYTES: Final = 24
MARK_BYTES: Final = 6


@dataclass(frozen=True, slots=True)
class Issued:
    """A credential at the one moment its secret is known."""

    name: str
    secret: str
    expires_at: datetime


def issue(actor: Actor, session: PortalSession, extension: Extension) -> Issued:
    """A new credential for a page of this session. Raises TooManyRequests, or PublishPending: not in force yet."""
    RATES.take(f"phone:{extension.pk}", PER_MINUTE)
    now = timezone.now()
    name, secret = _new_name(extension), secrets.token_urlsafe(SECRET_BYTES)
    longest = session.created_at + timedelta(seconds=SecurityValues.current().web_session_lifetime)
    row = PhoneCredential(
        session=session,
        extension=extension,
        name=name,
        ha1_md5=digests(name, extension.tenant.domain, secret).md5,
        created_at=now,
        expires_at=min(now + LONGEST, longest),
    )
    with change(actor) as draft:
        _forget(draft, _older(session, now))
        row.save()
        draft.lookup(key_of(row))
        new = {"name": name, "expires_at": row.expires_at.isoformat(timespec="seconds")}
        draft.record("phone_credential.issued", row.pk, extension.aor, new=new, tenant_id=extension.tenant_id)
    return Issued(name, secret, row.expires_at)


def revoke(actor: Actor, sessions: Iterable[int]) -> None:
    """Takes back what these sessions were given: their phones are registered no more and can neither register nor
    call.
    """
    rows = list(PhoneCredential.objects.select_related("extension__tenant").filter(session__in=list(sessions)))
    if not rows:
        return
    with change(actor) as draft:
        for row in rows:
            extension = row.extension
            draft.record("phone_credential.revoked", row.pk, extension.aor, tenant_id=extension.tenant_id)
        _forget(draft, rows)
    for extension in {row.extension for row in rows}:
        names = [row.name for row in rows if row.extension == extension]
        guard.tell("registrations.end-browser", aor=extension.aor, names=names)


def date_anew(now: datetime, soon: datetime) -> None:
    """After the clock was set back: what was given later than `soon` lasts from now on for as long."""
    rows = PhoneCredential.objects.select_related("extension__tenant").filter(created_at__gt=soon)
    if not rows:
        return
    with change(CLOCK) as draft:
        for row in rows:
            row.created_at, row.expires_at = now, now + (row.expires_at - row.created_at)
            row.save(update_fields=["created_at", "expires_at"])
            draft.lookup(key_of(row))


def forget_expired() -> None:
    """What nobody can use any more; workers refuse it by its time already."""
    PhoneCredential.objects.filter(expires_at__lte=timezone.now()).delete()


def _older(session: PortalSession, now: datetime) -> list[PhoneCredential]:
    """What this session was given before: the expired ones, and of the others all but the newest."""
    rows = list(session.phone_credentials.select_related("extension__tenant").order_by("-id"))
    kept = [row for row in rows if row.expires_at > now][: MOST - 1]
    return [row for row in rows if row not in kept]


def _forget(draft: Change, rows: Iterable[PhoneCredential]) -> None:
    keys = {row.pk: key_of(row) for row in rows}
    PhoneCredential.objects.filter(pk__in=keys).delete()
    for key in keys.values():
        draft.lookup(key)


def _new_name(extension: Extension) -> str:
    return f"{extension.number}{BEFORE_MARK}{secrets.token_hex(MARK_BYTES)}"
