"""REST: tokens, sessions, first passwords, password policies."""

from datetime import timedelta
from typing import Any, Final

from django.contrib.auth import authenticate
from django.http import HttpRequest
from ninja import Field, Router, Status

from ringfence.policy.people.passwords import READY_MADE, normalized, policy_of, policy_values
from ringfence.policy.settings import Problem
from ringfence.portal.access import needs
from ringfence.portal.actor import Actor, ApiRequest
from ringfence.portal.client_address import client_address, counted_address
from ringfence.portal.paging import PageQuery, RowId, rows
from ringfence.portal.people import tokens
from ringfence.portal.people.api import user_of
from ringfence.portal.people.changes import set_password
from ringfence.portal.people.models import ApiToken, Person
from ringfence.portal.permissions import Permission
from ringfence.portal.problems import Forbidden, LockedOut, NotFound, NotSignedIn, refuse
from ringfence.portal.schema import In, Out
from ringfence.portal.security.weblogin import is_locked_out, remember_administrator
from ringfence.portal.signin import factors, guessing, passwords, recovery, sessions
from ringfence.portal.signin.duties import second_factor_missing
from ringfence.portal.signin.models import PortalSession, SignInRules
from ringfence.portal.tenants.models import Tenant

router = Router()


class SecondFactorRequired(NotSignedIn):
    error_id = "auth.second_factor_required"
    title = "This account has a second factor"


class PasswordChangeRequired(Forbidden):
    error_id = "auth.password_change_required"
    title = "The first password must be changed"


class Credentials(In):
    username: str = Field(max_length=320)
    password: str = Field(max_length=256)
    code: str = Field("", max_length=32, description="of the authenticator app, or a recovery code")


class TokenIn(Credentials):
    lifetime: int = Field(
        int(tokens.DEFAULT_LIFETIME.total_seconds()), ge=60, le=int(tokens.LONGEST_LIFETIME.total_seconds())
    )
    name: str = Field("", max_length=64)
    read_only: bool = False
    permissions: list[str] = Field([], max_length=64, description="such as users.read; none means all of yours")


class TokenOut(Out):
    token: str
    token_type: str
    expires_at: str


class TokenRow(Out):
    id: int
    name: str
    read_only: bool
    permissions: list[str]
    created_at: str | None
    expires_at: str | None
    last_used_at: str | None
    last_used_from: str


class TokenPage(Out):
    items: list[TokenRow]
    count: int


class NewPassword(Credentials):
    new_password: str = Field(max_length=256)


class FirstPassword(Out):
    username: str
    password: str


class SessionRow(Out):
    id: int
    username: str
    factors: str
    address: str
    user_agent: str
    created_at: str
    last_seen_at: str


class SessionPage(Out):
    items: list[SessionRow]
    count: int


class PolicyPatch(In):
    shortest: int | None = None
    shortest_with_second_factor: int | None = None
    longest: int | None = None
    letter: bool | None = None
    number: bool | None = None
    uppercase_or_special: bool | None = None
    sequence: bool | None = None
    repeat: bool | None = None
    account: bool | None = None
    common: bool | None = None
    second_factor: str | None = None
    preset: str | None = Field(None, description="reference or nist-800-63b-4: sets all rules")


class PolicyOut(Out):
    shortest: int
    shortest_with_second_factor: int
    longest: int
    letter: bool
    number: bool
    uppercase_or_special: bool
    sequence: bool
    repeat: bool
    account: bool
    common: bool
    second_factor: str


class PasswordCheck(In):
    password: str = Field(max_length=1024)
    account: list[str] = Field([], max_length=32)
    tenant_id: RowId | None = None


class PasswordVerdict(Out):
    accepted: bool
    errors: list[dict[str, str]]


NOT_A_RULE: Final = ("second_factor", "preset")


@router.post("auth/token", auth=None, response={201: TokenOut})
def create_token(request: HttpRequest, payload: TokenIn) -> Status[Any]:
    person = _proved(request, payload)
    if person.must_change_password:
        raise PasswordChangeRequired(detail="Change it with POST /api/v1/auth/password or on the portal.")
    if second_factor_missing(person):
        raise SecondFactorRequired(detail="This account must have a second factor; set one up on the portal first.")
    if not person.administers:
        raise Forbidden(detail="The REST API is for administrators.")
    scope, address = tokens.Scope(payload.read_only, payload.permissions), client_address(request)
    token, row = tokens.issue(person, timedelta(seconds=payload.lifetime), payload.name, scope, address)
    guessing.forget_failures(person.username, counted_address(request))
    remember_administrator(person, address)
    return Status(201, {"token": token, "token_type": "bearer", "expires_at": row.expires_at.isoformat()})


def _proved(request: HttpRequest, payload: Credentials) -> Person:
    """Whose password, and code where there is a second factor, this is. Raises NotSignedIn or LockedOut."""
    username = payload.username.lower()
    if is_locked_out(request, username):
        raise LockedOut(detail="Too many failed sign-ins from this address; wait until the block ends.")
    person = authenticate(request, username=username, password=normalized(payload.password))
    if person is None:
        sessions.record_refusal(request, username)
        raise NotSignedIn(detail="The username or the password is wrong.", error_id="auth.wrong_credentials")
    if factors.has_second_factor(person):
        _prove_code(request, person, payload.code)
    return person


def _prove_code(request: HttpRequest, person: Person, code: str) -> None:
    if not code:
        raise SecondFactorRequired(detail="Send `code` too: of the authenticator app, or a recovery code.")
    if not factors.code_fits(person, code):
        guessing.count_failure(request, person.username)
        sessions.record_refusal(request, person.username, "wrong code")
        raise NotSignedIn(detail="The code is wrong.", error_id="auth.wrong_code")


@router.delete("auth/token", response={204: None})
def revoke_token(request: ApiRequest) -> Status[Any]:
    token = request.headers.get("Authorization", "").partition(" ")[2].strip()
    ApiToken.objects.filter(digest=tokens.digest_of(token)).delete()
    return Status(204, None)


@router.post("auth/password", auth=None, response={204: None})
def change_own_password(request: HttpRequest, payload: NewPassword) -> Status[Any]:
    """For whoever may use the portal: needs the current password, and the code where there is a second factor."""
    person = _proved(request, payload)
    if normalized(payload.new_password) == normalized(payload.password):
        raise refuse("new_password", "password.same", "Choose another password than the one you have.")
    set_password(person.acts_from(client_address(request)), person, payload.new_password, "new_password")
    sessions.end_all(person)
    return Status(204, None)


@router.get("tokens", response=TokenPage)
def list_tokens(request: ApiRequest, page: PageQuery) -> dict[str, Any]:
    """Your own tokens. A token itself is shown once, when it is issued."""
    return rows(ApiToken.objects.filter(person__username=request.auth.name), page, tokens.facts)


@router.delete("tokens/{int:token_id}", response={204: None})
def delete_token(request: ApiRequest, token_id: int) -> Status[Any]:
    tokens.revoke(request.auth, token_id)
    return Status(204, None)


@router.get("sessions", response=SessionPage)
@needs(Permission.USERS_READ)
def list_sessions(request: ApiRequest, page: PageQuery) -> dict[str, Any]:
    """Open sessions of the portal, yours and those of the people you administer."""
    found = PortalSession.objects.visible_to(request.auth).open().select_related("person")
    return rows(found, page, session_facts)


@router.delete("sessions/{int:session_id}", response={204: None})
@needs(Permission.USERS_WRITE)
def delete_session(request: ApiRequest, session_id: int) -> Status[Any]:
    sessions.revoke(request.auth, session_id)
    return Status(204, None)


def session_facts(row: PortalSession) -> dict[str, Any]:
    return {
        "id": row.pk,
        "username": row.person.username,
        "factors": row.factors,
        "address": row.address,
        "user_agent": row.user_agent,
        "created_at": row.created_at.isoformat(),
        "last_seen_at": row.last_seen_at.isoformat(),
    }


@router.post("users/{int:user_id}/first-password", response={201: FirstPassword})
@needs(Permission.USERS_WRITE)
def give_first_password(request: ApiRequest, user_id: int) -> Status[Any]:
    """A generated portal password, shown once, which must be changed at the next sign-in. Sessions and tokens end."""
    person = user_of(request.auth, user_id)
    password = recovery.give_first_password(request.auth, person)
    return Status(201, {"username": person.username, "password": password})


@router.delete("users/{int:user_id}/second-factors", response={204: None})
@needs(Permission.USERS_WRITE)
def remove_second_factors(request: ApiRequest, user_id: int) -> Status[Any]:
    """For somebody who lost the device and the recovery codes."""
    recovery.remove_second_factors(request.auth, user_of(request.auth, user_id))
    return Status(204, None)


@router.get("password-policy", response=PolicyOut)
@needs(Permission.USERS_READ)
def show_policy(request: ApiRequest, tenant_id: RowId | None = None) -> dict[str, Any]:
    """Of a tenant; without one your own, which for a system administrator is that of system administrators."""
    tenant = tenant_in_question(request.auth, tenant_id)
    return passwords.rule_facts(SignInRules.of(tenant.pk if tenant else None))


@router.patch("password-policy", response=PolicyOut)
@needs(Permission.TENANT_WRITE)
def change_policy(request: ApiRequest, payload: PolicyPatch, tenant_id: RowId | None = None) -> dict[str, Any]:
    """Changes what is given; `preset` first sets all rules to a ready-made policy."""
    tenant = tenant_in_question(request.auth, tenant_id)
    wanted = passwords.ready_made(payload.preset) if payload.preset else {}
    given = {name: value for name, value in payload.dict(exclude_unset=True).items() if value is not None}
    wanted |= {name: value for name, value in given.items() if name not in NOT_A_RULE}
    return passwords.rule_facts(passwords.change_rules(request.auth, tenant, wanted, payload.second_factor))


@router.get("password-policy/presets", response=dict[str, dict[str, Any]])
@needs(Permission.USERS_READ)
def list_presets(request: ApiRequest) -> dict[str, Any]:
    """The ready-made policies."""
    return {name: policy_values(policy) for name, policy in READY_MADE.items()}


@router.post("password-policy/check", response=PasswordVerdict)
@needs(Permission.USERS_READ)
def check_a_password(request: ApiRequest, payload: PasswordCheck) -> dict[str, Any]:
    """Which rules a password breaks; it is kept nowhere."""
    tenant = tenant_in_question(request.auth, payload.tenant_id)
    policy = policy_of(SignInRules.of(tenant.pk if tenant else None).password_policy)
    problems = passwords.problems_of(payload.password, payload.account, policy)
    errors = [{"field": item.field, "rule": item.rule, "message": item.message} for item in problems]
    return {"accepted": not errors, "errors": errors}


def tenant_in_question(actor: Actor, tenant_id: int | None) -> Tenant | None:
    """The named tenant, or one's own. Raises NotFound for one that the actor may not see."""
    wanted = tenant_id if tenant_id is not None else actor.tenant_id
    if wanted is None:
        return None
    found: Tenant | None = Tenant.objects.visible_to(actor).filter(pk=wanted).first()
    if found is None:
        raise NotFound([Problem("tenant_id", "tenant.not_found", "There is no such tenant.")])
    return found
