"""REST: roles, users with their extensions."""

from typing import Any

from django.db.models import Q
from ninja import Field, Router, Schema, Status

from ringfence.portal.actor import Actor, ApiRequest
from ringfence.portal.paging import PageQuery, RowId, rows
from ringfence.portal.people import changes
from ringfence.portal.people.models import STANDARD, Person, Role
from ringfence.portal.problems import NotFound

router = Router()


class RoleOut(Schema):
    id: int
    name: str
    internal: bool
    national: bool
    international: bool
    administers_tenant: bool
    predefined: bool


class RolePage(Schema):
    items: list[RoleOut]
    count: int


class UserIn(Schema):
    tenant_id: int
    extension: str
    display_name: str
    role: str = STANDARD
    sip_secret: str | None = None
    password: str | None = Field(None, max_length=256)


class UserPatch(Schema):
    display_name: str | None = None
    role: str | None = None
    active: bool | None = None


class UserOut(Schema):
    id: int
    tenant_id: int
    username: str
    extension: str
    aor: str
    domain: str
    display_name: str
    role: str | None
    active: bool
    secret_changed_at: str
    created_at: str


class UserCreated(UserOut):
    sip_secret: str


class UserPage(Schema):
    items: list[UserOut]
    count: int


class SecretIn(Schema):
    sip_secret: str | None = None


class SecretOut(Schema):
    id: int
    extension: str
    aor: str
    sip_secret: str


class PasswordIn(Schema):
    password: str = Field(max_length=256)


@router.get("roles", response=RolePage)
def list_roles(request: ApiRequest, page: PageQuery) -> dict[str, Any]:
    return rows(Role.objects.all(), page, role_facts)


def role_facts(role: Role) -> dict[str, Any]:
    return {name: getattr(role, name) for name in RoleOut.model_fields}


def user_facts(person: Person) -> dict[str, Any]:
    """What anybody may read about a user: no digest, no secret."""
    extension = person.extension
    domain = extension.tenant.domain
    return {
        "id": person.pk,
        "tenant_id": person.tenant_id,
        "username": person.username,
        "extension": extension.number,
        "aor": f"{extension.number}@{domain}",
        "domain": domain,
        "display_name": person.display_name,
        "role": person.role.name if person.role else None,
        "active": person.is_active,
        "secret_changed_at": extension.secret_changed_at.isoformat(),
        "created_at": person.created_at.isoformat(),
    }


def user_of(actor: Actor, user_id: int) -> Person:
    """The user if the actor may see it. Raises NotFound."""
    found: Person | None = Person.objects.visible_to(actor).with_extension().filter(pk=user_id).first()
    if found is None:
        raise NotFound(detail="There is no such user.")
    return found


@router.get("users", response=UserPage)
def list_users(
    request: ApiRequest, page: PageQuery, tenant_id: RowId | None = None, extension: str | None = None, search: str = ""
) -> dict[str, Any]:
    found = Person.objects.visible_to(request.auth).with_extension()
    if tenant_id is not None:
        found = found.filter(tenant_id=tenant_id)
    if extension is not None:
        found = found.filter(extension__number=extension)
    if search:
        found = found.filter(Q(display_name__icontains=search) | Q(extension__number__startswith=search))
    return rows(found, page, user_facts)


@router.post("users", response={201: UserCreated})
def create_user(request: ApiRequest, payload: UserIn) -> Status[Any]:
    person, secret = changes.create_user(request.auth, changes.NewUser(**payload.dict()))
    return Status(201, {**user_facts(person), "sip_secret": secret})


@router.get("users/{int:user_id}", response=UserOut)
def show_user(request: ApiRequest, user_id: int) -> dict[str, Any]:
    return user_facts(user_of(request.auth, user_id))


@router.patch("users/{int:user_id}", response=UserOut)
def change_user(request: ApiRequest, user_id: int, payload: UserPatch) -> dict[str, Any]:
    return user_facts(changes.change_user(request.auth, user_of(request.auth, user_id), **payload.dict()))


@router.delete("users/{int:user_id}", response={204: None})
def delete_user(request: ApiRequest, user_id: int) -> Status[Any]:
    changes.delete_user(request.auth, user_of(request.auth, user_id))
    return Status(204, None)


@router.post("users/{int:user_id}/sip-secret", response=SecretOut)
def rotate_secret(request: ApiRequest, user_id: int, payload: SecretIn | None = None) -> dict[str, Any]:
    person = user_of(request.auth, user_id)
    secret = changes.rotate_secret(request.auth, person, payload.sip_secret if payload else None)
    return {"id": person.pk, "extension": person.extension.number, "aor": person.extension.aor, "sip_secret": secret}


@router.put("users/{int:user_id}/password", response={204: None})
def set_password(request: ApiRequest, user_id: int, payload: PasswordIn) -> Status[Any]:
    changes.set_password(request.auth, user_of(request.auth, user_id), payload.password)
    return Status(204, None)
