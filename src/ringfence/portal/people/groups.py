"""What can be done to groups of users."""

from typing import Any

from ringfence.policy.settings import Problem
from ringfence.portal.access import require
from ringfence.portal.actor import Actor
from ringfence.portal.change import change
from ringfence.portal.people.models import Group, Person
from ringfence.portal.permissions import Permission
from ringfence.portal.problems import Conflict, NotFound, Refused
from ringfence.portal.tenants.models import Tenant
from ringfence.portal.text import description_problem, label_problem


def create_group(actor: Actor, tenant_id: int, name: str, description: str = "") -> Group:
    """Raises Refused, NotFound or Conflict."""
    require(actor, Permission.GROUPS_WRITE)
    tenant = Tenant.objects.visible_to(actor).filter(pk=tenant_id).first()
    if tenant is None:
        raise NotFound([Problem("tenant_id", "tenant.not_found", "There is no such tenant.")])
    name, description = _checked(name, description)
    with change(actor) as draft:
        _refuse_twin(tenant.pk, name)
        group = Group.objects.create(tenant=tenant, name=name, description=description)
        draft.record("group.created", group.pk, name, new=facts(group), tenant_id=tenant.pk)
    return group


def change_group(actor: Actor, group: Group, name: str | None = None, description: str | None = None) -> Group:
    """Changes only what is given. Raises Refused or Conflict."""
    require(actor, Permission.GROUPS_WRITE)
    name, description = _checked(
        group.name if name is None else name, group.description if description is None else description
    )
    with change(actor) as draft:
        _refuse_twin(group.tenant_id, name, group.pk)
        old = facts(group)
        group.name, group.description = name, description
        group.save(update_fields=["name", "description"])
        draft.record("group.changed", group.pk, name, old, facts(group), group.tenant_id)
    return group


def delete_group(actor: Actor, group: Group) -> None:
    """Its members stay."""
    require(actor, Permission.GROUPS_WRITE)
    with change(actor) as draft:
        draft.record("group.deleted", group.pk, group.name, old=facts(group), tenant_id=group.tenant_id)
        for member in group.members.select_related("extension__tenant"):
            draft.subscriber(member.extension.aor)
        group.delete()


def join(actor: Actor, group: Group, person: Person) -> None:
    """A member of another tenant does not exist for this group. Raises NotFound."""
    require(actor, Permission.GROUPS_WRITE)
    if person.tenant_id != group.tenant_id:
        raise NotFound(detail="The group's tenant has no such user.")
    if group.members.filter(pk=person.pk).exists():
        return
    with change(actor) as draft:
        group.members.add(person)
        draft.subscriber(person.extension.aor)
        draft.record("group.joined", group.pk, group.name, new={"member": person.username}, tenant_id=group.tenant_id)


def leave(actor: Actor, group: Group, person: Person) -> None:
    """Raises NotFound if the person is no member."""
    require(actor, Permission.GROUPS_WRITE)
    if not group.members.filter(pk=person.pk).exists():
        raise NotFound(detail="The group has no such member.")
    with change(actor) as draft:
        group.members.remove(person)
        draft.subscriber(person.extension.aor)
        draft.record("group.left", group.pk, group.name, old={"member": person.username}, tenant_id=group.tenant_id)


def facts(group: Group) -> dict[str, Any]:
    """What the audit log keeps of a group."""
    return {"name": group.name, "description": group.description}


def _checked(name: str, description: str) -> tuple[str, str]:
    name, description = name.strip(), description.strip()
    found = (label_problem("name", name), description_problem("description", description))
    if problems := [problem for problem in found if problem]:
        raise Refused(problems)
    return name, description


def _refuse_twin(tenant_id: int, name: str, own_id: int = 0) -> None:
    if Group.objects.filter(tenant_id=tenant_id, name__iexact=name).exclude(pk=own_id).exists():
        raise Conflict([Problem("name", "group.exists", f"There is already a group named {name}.")])
