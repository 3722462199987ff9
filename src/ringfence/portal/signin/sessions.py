"""Sessions: begun in one place, looked at on every request, ended by their owner, an administrator or time."""

from collections.abc import Callable
from datetime import timedelta
from typing import Final

from django.contrib.auth import login, logout
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from ringfence.portal.actor import Actor
from ringfence.portal.change import change
from ringfence.portal.client_address import client_address
from ringfence.portal.people.escalation import stand_above
from ringfence.portal.people.models import Person
from ringfence.portal.problems import NotFound
from ringfence.portal.security.models import SecurityValues
from ringfence.portal.security.weblogin import remember_administrator
from ringfence.portal.signin.models import PortalSession, SessionQuerySet, digest_of
from ringfence.portal.webphone import credentials

type Answer = Callable[[HttpRequest], HttpResponse]

BACKEND: Final = "django.contrib.auth.backends.ModelBackend"
PROVED_AT: Final = "proved_at"
SEEN_EVERY: Final = timedelta(seconds=30)
NOBODY: Final = "not signed in"
SIGN_IN: Final = Actor("end of a session")
PHONE_STATE: Final = "/phone/state"
KEPT_FOR: Final = timedelta(days=90)
"""How long ended sessions stay in the list: they are the history of sign-ins."""


def begin(request: HttpRequest, person: Person, factors: str) -> PortalSession:
    """Signs the person in under a new session key, whatever the browser came with."""
    login(request, person, BACKEND)
    now = timezone.now()
    request.session[PROVED_AT] = now.timestamp()
    request.session.set_expiry(SecurityValues.current().web_session_lifetime)
    address = client_address(request)
    row = PortalSession.objects.create(
        person=person,
        digest=digest_of(_key(request)),
        factors=factors,
        rights=rights_of(person),
        address=address,
        user_agent=request.headers.get("User-Agent", "")[:200],
        created_at=now,
        last_seen_at=now,
    )
    record(person, address, "session.begun", {"factors": factors})
    remember_administrator(person, address)
    return row


def end(request: HttpRequest) -> None:
    """Signs out."""
    address = client_address(request)
    who = request.user.acts_from(address) if request.user.is_authenticated else Actor(NOBODY, address)
    _close(_here(request), who)
    logout(request)


def _close(rows: SessionQuerySet, actor: Actor = SIGN_IN) -> int:
    """Ends sessions, and the browser phones that were opened in them."""
    ended = list(rows.values_list("pk", flat=True))
    PortalSession.objects.filter(pk__in=ended).update(ended_at=timezone.now())
    credentials.revoke(actor, ended)
    return len(ended)


def _here(request: HttpRequest) -> SessionQuerySet:
    return PortalSession.objects.filter(digest=digest_of(_key(request)))


def live_session(answer: Answer) -> Answer:
    """Middleware: a session that was revoked or has timed out is over before any page sees it."""

    def checked(request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated and not _goes_on(request, request.user):
            end(request)
        return answer(request)

    return checked


def _goes_on(request: HttpRequest, person: Person) -> bool:
    row = PortalSession.objects.open().filter(digest=digest_of(_key(request)), person=person).first()
    if row is None:
        return False
    settings, now = SecurityValues.current(), timezone.now()
    if now - row.created_at >= timedelta(seconds=settings.web_session_lifetime):
        return False
    if now - row.last_seen_at >= timedelta(seconds=settings.web_idle_timeout):
        return False
    _follow_rights(request, row, person)
    if now - row.last_seen_at >= SEEN_EVERY and not _polls(request, person):
        PortalSession.objects.filter(pk=row.pk).update(last_seen_at=now)
    return True


def _polls(request: HttpRequest, person: Person) -> bool:
    """A live table that refreshes itself is nobody at the keyboard. A browser phone that waits for calls is in use, but
    it keeps no session of an administrator open."""
    if request.method == "GET" and "HX-Request" in request.headers:
        return True
    return request.path == PHONE_STATE and person.administers


def _follow_rights(request: HttpRequest, row: PortalSession, person: Person) -> None:
    """Other rights, another session key (ASVS 7.2.4)."""
    if row.rights == (now := rights_of(person)):
        return
    rotate(request)
    PortalSession.objects.filter(pk=row.pk).update(rights=now)


def rotate(request: HttpRequest) -> None:
    """Gives the session a new key; its row follows."""
    old = digest_of(_key(request))
    request.session.cycle_key()
    PortalSession.objects.filter(digest=old).update(digest=digest_of(_key(request)))


def current(request: HttpRequest) -> PortalSession | None:
    return _here(request).open().first()


def adopt(request: HttpRequest, row: PortalSession | None) -> None:
    """After a change of password this browser stays signed in under its new key; all other sessions are out."""
    if row is None:
        return
    now = timezone.now()
    _close(PortalSession.objects.open().filter(person_id=row.person_id).exclude(pk=row.pk))
    PortalSession.objects.filter(pk=row.pk).update(digest=digest_of(_key(request)), last_seen_at=now)
    request.session[PROVED_AT] = now.timestamp()


def rights_of(person: Person) -> str:
    return f"{person.role_id}:{person.is_system_administrator}:{person.administers}"


def end_others(request: HttpRequest, person: Person) -> int:
    """Ends every session of this person but the one that asks."""
    here = digest_of(_key(request))
    return _close(PortalSession.objects.open().filter(person=person).exclude(digest=here))


def end_all(person: Person) -> int:
    return _close(PortalSession.objects.open().filter(person=person))


def revoke(actor: Actor, row_id: int, own: bool = False) -> PortalSession:
    """Ends one session: your own, or that of somebody you may change: or whoever may do less could keep the only
    administrator out. Raises NotFound or Forbidden.
    """
    mine = PortalSession.objects.filter(person__username=actor.name)
    found = mine if own else PortalSession.objects.visible_to(actor)
    row = found.open().select_related("person__role").filter(pk=row_id).first()
    if row is None:
        raise NotFound(detail="This session has ended already.")
    if not own:
        stand_above(actor, row.person)
    _close(PortalSession.objects.filter(pk=row.pk), actor)
    with change(actor) as draft:
        draft.record("session.revoked", row.pk, row.person.username, tenant_id=row.person.tenant_id)
    return row


def forget_old_sessions() -> None:
    PortalSession.objects.filter(last_seen_at__lt=timezone.now() - KEPT_FOR).delete()


def is_here(request: HttpRequest, row: PortalSession) -> bool:
    return row.digest == digest_of(_key(request))


def record(person: Person, address: str, action: str, new: dict[str, str] | None = None) -> None:
    """Puts something about signing in into the audit log."""
    with change(person.acts_from(address)) as draft:
        draft.record(action, person.pk, person.username, new=new, tenant_id=person.tenant_id)


def record_refusal(request: HttpRequest, username: str, factors: str = "wrong password") -> None:
    """Writes as much for a name that nobody has, or the time would tell. Such a name is not kept: people type passwords
    into the wrong field."""
    person = Person.objects.filter(username=username).first()
    with change(Actor(NOBODY, client_address(request))) as draft:
        draft.record(
            "session.refused",
            person.pk if person else "",
            username if person else "a name that nobody has",
            new={"factors": factors},
            tenant_id=person.tenant_id if person else None,
        )


def _key(request: HttpRequest) -> str:
    return request.session.session_key or ""
