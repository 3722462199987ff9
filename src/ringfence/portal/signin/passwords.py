"""Which password policy holds for whom, and changes to it."""

from collections.abc import Iterable
from typing import Any

from ringfence import wellknown
from ringfence.policy.people.passwords import (
    READY_MADE,
    PasswordPolicy,
    check_password,
    check_policy,
    policy_of,
    policy_values,
    range_of,
    rules_of,
)
from ringfence.policy.settings import Problem
from ringfence.portal import places
from ringfence.portal.access import require
from ringfence.portal.actor import Actor
from ringfence.portal.change import change
from ringfence.portal.people.models import Person
from ringfence.portal.permissions import Permission
from ringfence.portal.problems import Refused, refuse
from ringfence.portal.signin.factors import has_second_factor
from ringfence.portal.signin.models import SecondFactor, SignInRules
from ringfence.portal.tenants.models import Tenant


def is_common(password: str) -> bool:
    return wellknown.is_well_known(password, places.PORTAL)


def policy_for(tenant_id: int | None) -> PasswordPolicy:
    """The tenant's policy; without a tenant that of system administrators."""
    return policy_of(SignInRules.of(tenant_id).password_policy)


def policy_for_person(person: Person) -> PasswordPolicy:
    policy = policy_for(person.tenant_id)
    return policy.beside_second_factor() if has_second_factor(person) else policy


def account_of(person: Person) -> tuple[str, ...]:
    """What others know about this person."""
    known = [person.username, person.display_name]
    extension = getattr(person, "extension", None)
    if extension is not None:
        known += [extension.number, extension.tenant.name, extension.tenant.domain]
    return tuple(known)


def problems_of(
    password: str, account: Iterable[str], policy: PasswordPolicy, field: str = "password"
) -> tuple[Problem, ...]:
    """Every rule this password breaks under the policy, the lists of well-known passwords included."""
    return check_password(password, account, policy=policy, is_common=is_common, field=field)


def verdicts(password: str, account: Iterable[str], policy: PasswordPolicy) -> list[dict[str, Any]]:
    """Each rule of the policy with what the password does to it, for the list beside the field."""
    broken = {problem.rule: problem.message for problem in problems_of(password, account, policy)}
    return [
        {"rule": rule, "sentence": sentence, "kept": rule not in broken, "message": broken.get(rule, "")}
        for rule, sentence in rules_of(policy)
    ]


def change_rules(
    actor: Actor, tenant: Tenant | None, policy: dict[str, Any] | None = None, second_factor: str | None = None
) -> SignInRules:
    """Changes what is given. A password that exists already cannot be checked again. Raises Refused or Forbidden."""
    require(actor, Permission.TENANT_WRITE if tenant else Permission.OPERATORS_WRITE)
    tenant_id = tenant.pk if tenant else None
    row = SignInRules.of(tenant_id)
    before = rule_facts(row)
    wanted = {**policy_values(policy_of(row.password_policy)), **(policy or {})}
    if problems := check_policy(wanted):
        raise Refused(problems)
    if second_factor is not None and second_factor not in SecondFactor.values:
        raise refuse("second_factor", "second_factor.unknown", "Choose nobody, administrators or everybody.")
    row.password_policy = wanted
    row.second_factor = SecondFactor(second_factor or row.second_factor)
    with change(actor) as draft:
        row.save()
        name = tenant.name if tenant else "system administrators"
        draft.record("password_policy.changed", tenant_id or 0, name, before, rule_facts(row), tenant_id)
    return row


def rule_facts(row: SignInRules) -> dict[str, Any]:
    return {**policy_values(policy_of(row.password_policy)), "second_factor": str(row.second_factor)}


def ready_made(name: str) -> dict[str, Any]:
    """The values of a ready-made policy. Raises Refused."""
    if name not in READY_MADE:
        raise refuse("preset", "password_policy.preset", f"Ready-made policies: {', '.join(READY_MADE)}.")
    return policy_values(READY_MADE[name])


def policy_rows(policy: PasswordPolicy) -> list[dict[str, Any]]:
    """What a page draws of a policy: each rule, its value, default and range."""
    standard = PasswordPolicy()
    return [
        {
            "name": name,
            "range": range_of(name),
            "value": value,
            "is_switch": isinstance(value, bool),
            "default": getattr(standard, name),
        }
        for name, value in policy_values(policy).items()
    ]
