"""REST: roles, groups and operators: how people are sorted, and what follows from it."""

from typing import Any

from ninja import Field, Router, Status

from ringfence.portal.access import needs
from ringfence.portal.actor import Actor, ApiRequest
from ringfence.portal.paging import PageOut, PageQuery, RowId, of_tenant, one_of, rows
from ringfence.portal.people import groups, operators, roles
from ringfence.portal.people.api import UserPage, user_facts, user_of
from ringfence.portal.people.models import Group, Person, Role
from ringfence.portal.permissions import PERMISSIONS, Permission, Sphere
from ringfence.portal.schema import In, Out

router = Router()


class PermissionOut(Out):
    name: Permission
    sphere: Sphere
    effect: str


class PermissionPage(PageOut):
    items: list[PermissionOut]


class RoleIn(In):
    """Without `tenant_id` it is a role for operators."""

    name: str = Field(max_length=64)
    permissions: list[Permission] = Field([], max_length=len(Permission))
    tenant_id: RowId | None = None
    description: str = Field("", max_length=200)


class RolePatch(In):
    name: str | None = Field(None, max_length=64)
    permissions: list[Permission] | None = Field(None, max_length=len(Permission))
    description: str | None = Field(None, max_length=200)


class RoleOut(Out):
    id: int
    name: str
    tenant_id: int | None
    description: str
    internal: bool
    national: bool
    international: bool
    administers_tenant: bool
    permissions: list[Permission]
    predefined: bool


class RolePage(PageOut):
    items: list[RoleOut]


class GroupIn(In):
    tenant_id: RowId
    name: str = Field(max_length=64)
    description: str = Field("", max_length=200)


class GroupPatch(In):
    name: str | None = Field(None, max_length=64)
    description: str | None = Field(None, max_length=200)


class GroupOut(Out):
    id: int
    tenant_id: int
    name: str
    description: str
    created_at: str


class GroupPage(PageOut):
    items: list[GroupOut]


class OperatorIn(In):
    """`role` is a role for operators, or "System Administrator"."""

    username: str = Field(max_length=64)
    display_name: str = Field(max_length=64)
    role: str = Field(max_length=64)
    password: str = Field(max_length=256)


class OperatorPatch(In):
    display_name: str | None = Field(None, max_length=64)
    role: str | None = Field(None, max_length=64)
    active: bool | None = None


class OperatorOut(Out):
    id: int
    username: str
    display_name: str
    role: str
    active: bool
    created_at: str


class OperatorPage(PageOut):
    items: list[OperatorOut]


@router.get("permissions", response=PermissionPage)
@needs(Permission.USERS_READ)
def list_permissions(request: ApiRequest) -> dict[str, Any]:
    """Every permission that a role can hold."""
    items = [{"name": name, "sphere": right.sphere, "effect": right.effect} for name, right in PERMISSIONS.items()]
    return {"items": items, "count": len(items)}


def role_facts(role: Role) -> dict[str, Any]:
    plain = ("id", "name", "tenant_id", "description", "internal", "national", "international", "administers_tenant")
    facts = {name: getattr(role, name) for name in plain}
    return {**facts, "permissions": sorted(role.granted), "predefined": role.predefined}


def role_of(actor: Actor, role_id: int) -> Role:
    """The role if the actor may see it. Raises NotFound."""
    visible = Role.objects.visible_to(actor).select_related("tenant")
    found: Role = one_of(visible, role_id, "There is no such role.")
    return found


@router.get("roles", response=RolePage)
@needs(Permission.USERS_READ)
def list_roles(request: ApiRequest, page: PageQuery) -> dict[str, Any]:
    return rows(Role.objects.visible_to(request.auth), page, role_facts)


@router.post("roles", response={201: RoleOut})
@needs(Permission.USERS_READ)
def create_role(request: ApiRequest, payload: RoleIn) -> Status[Any]:
    """Asks roles.write, or operators.write for a role of operators."""
    wish = roles.RoleWish(payload.name, tuple(payload.permissions), payload.tenant_id, payload.description)
    return Status(201, role_facts(roles.create_role(request.auth, wish)))


@router.get("roles/{int:role_id}", response=RoleOut)
@needs(Permission.USERS_READ)
def show_role(request: ApiRequest, role_id: RowId) -> dict[str, Any]:
    return role_facts(role_of(request.auth, role_id))


@router.patch("roles/{int:role_id}", response=RoleOut)
@needs(Permission.USERS_READ)
def change_role(request: ApiRequest, role_id: RowId, payload: RolePatch) -> dict[str, Any]:
    """Asks roles.write, or operators.write for a role of operators."""
    role = role_of(request.auth, role_id)
    wish = roles.RoleWish(
        role.name if payload.name is None else payload.name,
        tuple(sorted(role.granted) if payload.permissions is None else payload.permissions),
        role.tenant_id,
        role.description if payload.description is None else payload.description,
    )
    return role_facts(roles.change_role(request.auth, role, wish))


@router.delete("roles/{int:role_id}", response={204: None})
@needs(Permission.USERS_READ)
def delete_role(request: ApiRequest, role_id: RowId) -> Status[Any]:
    """Asks roles.write, or operators.write for a role of operators."""
    roles.delete_role(request.auth, role_of(request.auth, role_id))
    return Status(204, None)


def group_facts(group: Group) -> dict[str, Any]:
    plain = {name: getattr(group, name) for name in ("id", "tenant_id", "name", "description")}
    return {**plain, "created_at": group.created_at.isoformat()}


def group_of(actor: Actor, group_id: int) -> Group:
    """The group if the actor may see it. Raises NotFound."""
    visible = Group.objects.visible_to(actor).select_related("tenant")
    found: Group = one_of(visible, group_id, "There is no such group.")
    return found


@router.get("groups", response=GroupPage)
@needs(Permission.USERS_READ)
def list_groups(request: ApiRequest, page: PageQuery, tenant_id: RowId | None = None) -> dict[str, Any]:
    found = Group.objects.visible_to(request.auth)
    return rows(of_tenant(found, tenant_id), page, group_facts)


@router.post("groups", response={201: GroupOut})
@needs(Permission.GROUPS_WRITE)
def create_group(request: ApiRequest, payload: GroupIn) -> Status[Any]:
    made = groups.create_group(request.auth, payload.tenant_id, payload.name, payload.description)
    return Status(201, group_facts(made))


@router.get("groups/{int:group_id}", response=GroupOut)
@needs(Permission.USERS_READ)
def show_group(request: ApiRequest, group_id: RowId) -> dict[str, Any]:
    return group_facts(group_of(request.auth, group_id))


@router.patch("groups/{int:group_id}", response=GroupOut)
@needs(Permission.GROUPS_WRITE)
def change_group(request: ApiRequest, group_id: RowId, payload: GroupPatch) -> dict[str, Any]:
    group = group_of(request.auth, group_id)
    return group_facts(groups.change_group(request.auth, group, payload.name, payload.description))


@router.delete("groups/{int:group_id}", response={204: None})
@needs(Permission.GROUPS_WRITE)
def delete_group(request: ApiRequest, group_id: RowId) -> Status[Any]:
    groups.delete_group(request.auth, group_of(request.auth, group_id))
    return Status(204, None)


@router.get("groups/{int:group_id}/members", response=UserPage)
@needs(Permission.USERS_READ)
def list_members(request: ApiRequest, page: PageQuery, group_id: RowId) -> dict[str, Any]:
    members = Person.objects.filter(member_of=group_of(request.auth, group_id)).with_extension()
    return rows(members, page, user_facts)


@router.put("groups/{int:group_id}/members/{int:user_id}", response={204: None})
@needs(Permission.GROUPS_WRITE)
def join_group(request: ApiRequest, group_id: RowId, user_id: RowId) -> Status[Any]:
    groups.join(request.auth, group_of(request.auth, group_id), user_of(request.auth, user_id))
    return Status(204, None)


@router.delete("groups/{int:group_id}/members/{int:user_id}", response={204: None})
@needs(Permission.GROUPS_WRITE)
def leave_group(request: ApiRequest, group_id: RowId, user_id: RowId) -> Status[Any]:
    groups.leave(request.auth, group_of(request.auth, group_id), user_of(request.auth, user_id))
    return Status(204, None)


def operator_facts(person: Person) -> dict[str, Any]:
    return {"id": person.pk, **operators.facts(person), "created_at": person.created_at.isoformat()}


def operator_of(operator_id: int) -> Person:
    """Raises NotFound. Only who may change operators comes so far."""
    everybody = Person.objects.select_related("role").filter(tenant=None)
    found: Person = one_of(everybody, operator_id, "There is no such operator.")
    return found


@router.get("operators", response=OperatorPage)
@needs(Permission.OPERATORS_WRITE)
def list_operators(request: ApiRequest, page: PageQuery) -> dict[str, Any]:
    return rows(Person.objects.select_related("role").filter(tenant=None), page, operator_facts)


@router.post("operators", response={201: OperatorOut})
@needs(Permission.OPERATORS_WRITE)
def create_operator(request: ApiRequest, payload: OperatorIn) -> Status[Any]:
    made = operators.create_operator(request.auth, operators.NewOperator(**payload.model_dump()))
    return Status(201, operator_facts(made))


@router.get("operators/{int:operator_id}", response=OperatorOut)
@needs(Permission.OPERATORS_WRITE)
def show_operator(request: ApiRequest, operator_id: RowId) -> dict[str, Any]:
    return operator_facts(operator_of(operator_id))


@router.patch("operators/{int:operator_id}", response=OperatorOut)
@needs(Permission.OPERATORS_WRITE)
def change_operator(request: ApiRequest, operator_id: RowId, payload: OperatorPatch) -> dict[str, Any]:
    person = operator_of(operator_id)
    return operator_facts(operators.change_operator(request.auth, person, **payload.model_dump()))


@router.delete("operators/{int:operator_id}", response={204: None})
@needs(Permission.OPERATORS_WRITE)
def delete_operator(request: ApiRequest, operator_id: RowId) -> Status[Any]:
    operators.delete_operator(request.auth, operator_of(operator_id))
    return Status(204, None)
