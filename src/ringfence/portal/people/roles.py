"""What can be done to roles: predefined ones stay as they are, custom ones hold named permissions."""

from dataclasses import dataclass, replace
from typing import Any

from ringfence.policy.outgoing.callplan import plan_key
from ringfence.policy.settings import Problem
from ringfence.portal.access import require
from ringfence.portal.actor import Actor
from ringfence.portal.change import Change, change
from ringfence.portal.people.models import PREDEFINED, Person, Role
from ringfence.portal.permissions import CALL, OF_OPERATORS, OF_TENANTS, Permission, known
from ringfence.portal.problems import Conflict, Forbidden, Refused, refuse
from ringfence.portal.tenants.models import Tenant
from ringfence.portal.text import description_problem, label_problem


@dataclass(frozen=True, slots=True)
class RoleWish:
    """What a role shall be. Without a tenant it is a role for operators."""

    name: str
    permissions: tuple[str, ...] = ()
    tenant_id: int | None = None
    description: str = ""


def create_role(actor: Actor, wish: RoleWish) -> Role:
    """Raises Refused, Forbidden or Conflict."""
    require(actor, Permission.ROLES_WRITE if wish.tenant_id is not None else Permission.OPERATORS_WRITE)
    tenant = _tenant(actor, wish.tenant_id)
    wish = replace(wish, name=wish.name.strip(), description=wish.description.strip())
    rights = _rights(actor, wish)
    with change(actor) as draft:
        _refuse_twin(wish.name, tenant)
        role = Role(name=wish.name, tenant=tenant, description=wish.description)
        role.hold(rights)
        role.save()
        draft.record("role.created", role.pk, role.name, new=facts(role), tenant_id=role.tenant_id)
        draft.rules()
    return role


def change_role(actor: Actor, role: Role, wish: RoleWish) -> Role:
    """Whoever has the role has the new rights at the next call and the next request. Raises Refused or Conflict."""
    _refuse_fixed(actor, role)
    wish = replace(wish, name=wish.name.strip(), description=wish.description.strip(), tenant_id=role.tenant_id)
    rights = _rights(actor, wish)
    with change(actor) as draft:
        if role.granted >= OF_TENANTS and not rights >= OF_TENANTS:
            _refuse_last_administrators(actor, role)
        old = facts(role)
        if wish.name != role.name:
            _refuse_twin(wish.name, role.tenant, role.pk)
            _publish_holders(draft, role)
            if role.tenant_id is not None:
                draft.lookup(plan_key(role.tenant_id))
        role.name, role.description = wish.name, wish.description
        role.hold(rights)
        role.save()
        draft.record("role.changed", role.pk, role.name, old, facts(role), role.tenant_id)
        draft.rules()
    return role


def delete_role(actor: Actor, role: Role) -> None:
    """Only a role that nobody has: whoever lost it silently could not call any more."""
    _refuse_fixed(actor, role)
    with change(actor) as draft:
        holders = Person.objects.filter(role=role).count()
        if holders:
            raise Conflict(
                [Problem("id", "role.in_use", f"{holders} people have the role {role.name}; give them another first.")]
            )
        draft.record("role.deleted", role.pk, role.name, old=facts(role), tenant_id=role.tenant_id)
        draft.rules()
        role.delete()


def facts(role: Role) -> dict[str, Any]:
    """What the audit log keeps of a role."""
    return {"name": role.name, "description": role.description, "permissions": sorted(role.granted)}


def _tenant(actor: Actor, tenant_id: int | None) -> Tenant | None:
    if tenant_id is None:
        return None
    found: Tenant | None = Tenant.objects.visible_to(actor).filter(pk=tenant_id).first()
    if found is None:
        raise refuse("tenant_id", "tenant.not_found", "There is no such tenant.")
    return found


def _rights(actor: Actor, wish: RoleWish) -> frozenset[Permission]:
    """Raises Refused for an unknown or unfit permission, Forbidden for one the actor lacks."""
    found = (label_problem("name", wish.name), description_problem("description", wish.description))
    if problems := [problem for problem in found if problem]:
        raise Refused(problems)
    if wish.name.casefold() in {name.casefold() for name in PREDEFINED}:
        raise refuse("name", "role.reserved", f"{wish.name} is the name of a predefined role.")
    fitting = OF_OPERATORS if wish.tenant_id is None else OF_TENANTS | CALL
    unfit = [name for name in wish.permissions if name not in fitting]
    if unfit:
        raise refuse("permissions", "role.permission", f"A role of this kind cannot hold {', '.join(unfit)[:200]}.")
    rights = known(wish.permissions)
    if not actor.may_grant(rights):
        raise Forbidden([Problem("permissions", "role.escalation", "Nobody can grant a permission he does not have.")])
    return rights


def _refuse_twin(name: str, tenant: Tenant | None, own_id: int = 0) -> None:
    if Role.objects.filter(name__iexact=name, tenant=tenant).exclude(pk=own_id).exists():
        raise Conflict([Problem("name", "role.exists", f"There is already a role named {name}.")])


def _refuse_fixed(actor: Actor, role: Role) -> None:
    require(actor, Permission.ROLES_WRITE if role.tenant_id is not None else Permission.OPERATORS_WRITE)
    if role.predefined:
        raise refuse(
            "id", "role.predefined", f"{role.name} is predefined and cannot be changed; make a role of your own."
        )
    if not actor.may_grant(role.granted):
        raise Forbidden([Problem("id", "role.escalation", "This role holds permissions that you do not have.")])


def _refuse_last_administrators(actor: Actor, role: Role) -> None:
    """A role that stops administering takes that from all its holders. Call it in the transaction. Raises Refused."""
    active = Person.objects.select_for_update().filter(tenant_id=role.tenant_id, is_active=True)
    if actor.above_tenants or not active.filter(role=role).exists():
        return
    if not active.exclude(role=role).filter(role__administers_tenant=True).exists():
        raise refuse("permissions", "user.last_administrator", "This is the last administrator of the tenant.")


def _publish_holders(draft: Change, role: Role) -> None:
    """A subscriber names its role, so a new name reaches every holder."""
    for person in Person.objects.with_extension().filter(role=role).iterator():
        draft.subscriber(person.extension.aor)
