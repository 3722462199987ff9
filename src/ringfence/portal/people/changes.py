"""What can be done to people and their extensions."""

import re
from dataclasses import dataclass
from typing import Any, Final

from django.utils import timezone

from ringfence.policy.people.passwords import PasswordPolicy, normalized
from ringfence.policy.settings import Problem
from ringfence.portal.access import require
from ringfence.portal.actor import Actor
from ringfence.portal.change import SECRET_CHANGED, change
from ringfence.portal.outbound.metadata import EVERYWHERE
from ringfence.portal.people.digests import digests, new_secret, secret_problems
from ringfence.portal.people.escalation import refuse_escalation, stand_above
from ringfence.portal.people.leaving import end_access, end_calls_and_registrations
from ringfence.portal.people.models import STANDARD, ApiToken, Extension, Person, Role
from ringfence.portal.permissions import OF_TENANTS, Permission
from ringfence.portal.problems import Conflict, NotFound, Refused, refuse
from ringfence.portal.provisioning.resync import resync
from ringfence.portal.sealing import seal, unseal
from ringfence.portal.security.models import SecurityValues
from ringfence.portal.signin import sessions
from ringfence.portal.signin.passwords import account_of, policy_for, policy_for_person, problems_of
from ringfence.portal.tenants.models import Tenant
from ringfence.portal.text import label_problem

_NUMBER: Final = re.compile(r"[0-9]{3,64}")


@dataclass(frozen=True, slots=True)
class NewUser:
    """What is needed for a person with an extension. Without a secret one is generated."""

    tenant_id: int
    extension: str
    display_name: str
    role: str = STANDARD
    sip_secret: str | None = None
    password: str | None = None


def create_user(actor: Actor, wish: NewUser) -> tuple[Person, str]:
    """The person and the SIP secret, which nobody can read again. Raises Refused, NotFound or Conflict."""
    require(actor, Permission.USERS_WRITE)
    tenant = Tenant.objects.visible_to(actor).filter(pk=wish.tenant_id).first()
    if tenant is None:
        raise NotFound([Problem("tenant_id", "tenant.not_found", "There is no such tenant.")])
    name, role = wish.display_name.strip(), Role.objects.for_tenant(tenant.pk).filter(name=wish.role).first()
    account = (wish.extension, name, tenant.name, tenant.domain)
    policy = policy_for(tenant.pk)
    problems = _wish_problems(wish, name, role, account, policy)
    if problems:
        raise Refused(problems)
    refuse_escalation(actor, role)
    secret = wish.sip_secret or new_secret(account, policy)
    with change(actor) as draft:
        _refuse_over_limit(tenant)
        if Extension.objects.filter(tenant=tenant, number=wish.extension).exists():
            raise Conflict(
                [
                    Problem(
                        "extension", "extension.exists", f"Extension {wish.extension} exists already in {tenant.name}."
                    )
                ]
            )
        person = Person(username=f"{wish.extension}@{tenant.domain}", display_name=name, tenant=tenant, role=role)
        _set_login(person, wish.password)
        person.must_change_password = wish.password is not None and SecurityValues.current().web_change_first_password
        person.save()
        extension = Extension(person=person, tenant=tenant, number=wish.extension)
        _store_secret(extension, secret)
        extension.save()
        draft.record("user.created", person.pk, extension.aor, new=facts(person), tenant_id=tenant.pk)
        draft.subscriber(extension.aor)
    return person, secret


def _wish_problems(
    wish: NewUser, name: str, role: Role | None, account: tuple[str, ...], policy: PasswordPolicy
) -> list[Problem]:
    found: list[Problem] = []
    if not _NUMBER.fullmatch(wish.extension):
        found.append(Problem("extension", "extension.syntax", "An extension is 3 to 64 digits, as in 101."))
    if wish.extension in EVERYWHERE:
        message = f"{wish.extension} calls for help and never an extension."
        found.append(Problem("extension", "extension.emergency", message))
    if problem := label_problem("display_name", name):
        found.append(problem)
    if role is None:
        found.append(Problem("role", "role.not_found", f"There is no role named {wish.role!r}."))
    if wish.sip_secret is not None:
        found += secret_problems(wish.sip_secret, account, policy)
    if wish.password is not None:
        found += problems_of(wish.password, account, policy)
    return found


def change_user(
    actor: Actor, person: Person, display_name: str | None = None, role: str | None = None, active: bool | None = None
) -> Person:
    """Changes only what is given. An inactive extension cannot register, call or sign in, and what it had open ends.

    Raises Refused or Forbidden.
    """
    stand_above(actor, person)
    roles = Role.objects.for_tenant(person.extension.tenant_id)
    wanted = roles.filter(name=role).first() if role is not None else person.role
    if wanted is None and role is not None:
        raise refuse("role", "role.not_found", f"There is no role named {role!r}.")
    name = person.display_name if display_name is None else display_name.strip()
    if problem := label_problem("display_name", name):
        raise Refused([problem])
    if active is False and person.pk == actor.person_id:
        raise refuse("active", "user.self", "You cannot switch yourself off.")
    if wanted != person.role:
        refuse_escalation(actor, wanted)
    with change(actor) as draft:
        if active is False or (wanted != person.role and not (wanted and wanted.granted >= OF_TENANTS)):
            _refuse_last_administrator(actor, person)
        old = facts(person)
        person.display_name, person.role = name, wanted
        person.is_active = person.is_active if active is None else active
        person.save(update_fields=["display_name", "role", "is_active"])
        draft.record("user.changed", person.pk, person.username, old, facts(person), person.tenant_id)
        draft.subscriber(person.extension.aor)
        if active is False:
            end_access(person)
    if active is False:
        end_calls_and_registrations(aor=person.extension.aor)
    return person


def delete_user(actor: Actor, person: Person) -> None:
    """The extension stops working at once, and its phones are registered no more."""
    if person.pk == actor.person_id:
        raise refuse("id", "user.self", "You cannot delete yourself.")
    stand_above(actor, person)
    aor = person.extension.aor
    with change(actor) as draft:
        _refuse_last_administrator(actor, person)
        draft.record("user.deleted", person.pk, person.username, old=facts(person), tenant_id=person.tenant_id)
        draft.subscriber(aor)
        end_access(person)
        person.delete()
    end_calls_and_registrations(aor=aor)


def rotate_secret(actor: Actor, person: Person, given: str | None = None) -> str:
    """Gives the extension a new SIP secret and returns it, once.

    The old digests stay as "previous": a phone that still sends them is recognised as stale, not as an attacker.
    Phones that were set up here are asked to fetch the new one.
    """
    stand_above(actor, person)
    extension = person.extension
    account, policy = account_of(person), policy_for(person.tenant_id)
    if given is not None and (problems := secret_problems(given, account, policy)):
        raise Refused(problems)
    secret = given or new_secret(account, policy)
    with change(actor) as draft:
        extension.previous_ha1_md5, extension.previous_ha1_sha256 = extension.ha1_md5, extension.ha1_sha256
        _store_secret(extension, secret)
        extension.save()
        draft.record(
            "user.sip_secret_changed",
            person.pk,
            extension.aor,
            new={"sip_secret": SECRET_CHANGED},
            tenant_id=person.tenant_id,
        )
        draft.subscriber(extension.aor)
    resync(extension)
    return secret


def sip_secret_of(extension: Extension) -> str:
    """The secret for a phone's configuration file. Raises SealBroken."""
    return unseal(bytes(extension.sealed_secret), _binding(extension))


def set_password(actor: Actor, person: Person, password: str, field: str = "password") -> None:
    """Sets the portal password and ends all API tokens; set by somebody else, all sessions too.

    Raises Refused or Forbidden.
    Who did not choose the password has to change it at the next sign-in.
    """
    stand_above(actor, person)
    if problems := problems_of(password, account_of(person), policy_for_person(person), field):
        raise Refused(problems)
    with change(actor) as draft:
        _set_login(person, password)
        by_owner = actor.is_person(person.pk)
        person.must_change_password = not by_owner and SecurityValues.current().web_change_first_password
        person.save(update_fields=["password", "must_change_password"])
        ApiToken.objects.filter(person=person).delete()
        if not by_owner:
            sessions.end_all(person)
        draft.record(
            "user.password_changed",
            person.pk,
            person.username,
            new={"password": SECRET_CHANGED},
            tenant_id=person.tenant_id,
        )


def _refuse_last_administrator(actor: Actor, person: Person) -> None:
    """A tenant cannot lock itself out; whoever stands above it can still take it over. Call it in the transaction."""
    if actor.above_tenants or not person.is_active or not (person.role and person.role.granted >= OF_TENANTS):
        return
    others = Person.objects.select_for_update().filter(tenant_id=person.tenant_id, is_active=True)
    others = others.exclude(pk=person.pk).filter(role__administers_tenant=True)
    if not others.exists():
        raise refuse("role", "user.last_administrator", "This is the last administrator of the tenant.")


def _refuse_over_limit(tenant: Tenant) -> None:
    """Counted under a lock, or two requests at once would both be the last that fits. Raises Refused."""
    limit = Tenant.objects.select_for_update().values_list("max_extensions", flat=True).get(pk=tenant.pk)
    if limit is not None and Extension.objects.filter(tenant=tenant).count() >= limit:
        raise refuse("extension", "tenant.max_extensions", f"{tenant.name} may have {limit} extensions and has them.")


def _set_login(person: Person, password: str | None) -> None:
    if password is None:
        person.set_unusable_password()
        return
    person.set_password(normalized(password))


def _store_secret(extension: Extension, secret: str) -> None:
    made = digests(extension.number, extension.tenant.domain, secret)
    extension.ha1_md5, extension.ha1_sha256 = made.md5, made.sha256
    extension.sealed_secret = seal(secret, _binding(extension))
    extension.secret_changed_at = timezone.now()


def _binding(extension: Extension) -> str:
    return f"sip-secret:{extension.aor}"


def facts(person: Person) -> dict[str, Any]:
    """What the audit log keeps of a person."""
    return {
        "display_name": person.display_name,
        "role": person.role.name if person.role else None,
        "active": person.is_active,
        "username": person.username,
    }
