"""REST: users with their extensions."""

from typing import Any

from ninja import Field, Router, Status

from ringfence.portal.access import needs
from ringfence.portal.actor import Actor, ApiRequest
from ringfence.portal.paging import PageOut, PageQuery, RowId, rows
from ringfence.portal.people import changes
from ringfence.portal.people.models import STANDARD, Person, extensions_named
from ringfence.portal.permissions import Permission
from ringfence.portal.problems import NotFound
from ringfence.portal.schema import In, Out

router = Router()


class UserIn(In):
    tenant_id: RowId
    extension: str = Field(max_length=128)
    display_name: str = Field(max_length=64)
    role: str = Field(STANDARD, max_length=64)
    sip_secret: str | None = Field(None, max_length=128)
    password: str | None = Field(None, max_length=256)


class UserPatch(In):
    display_name: str | None = Field(None, max_length=64)
    role: str | None = Field(None, max_length=64)
    active: bool | None = None


class UserOut(Out):
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


class UserPage(PageOut):
    items: list[UserOut]


class SecretIn(In):
    sip_secret: str | None = Field(None, max_length=128)


class SecretOut(Out):
    id: int
    extension: str
    aor: str
    sip_secret: str


class PasswordIn(In):
    password: str = Field(max_length=256)


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
@needs(Permission.USERS_READ)
def list_users(
    request: ApiRequest, page: PageQuery, tenant_id: RowId | None = None, extension: str | None = None, search: str = ""
) -> dict[str, Any]:
    found = Person.objects.visible_to(request.auth).with_extension()
    if tenant_id is not None:
        found = found.filter(tenant_id=tenant_id)
    if extension is not None:
        found = found.filter(extension__number=extension)
    if search:
        found = found.filter(extension__in=extensions_named(search))
    return rows(found, page, user_facts)


@router.post("users", response={201: UserCreated})
@needs(Permission.USERS_WRITE)
def create_user(request: ApiRequest, payload: UserIn) -> Status[Any]:
    person, secret = changes.create_user(request.auth, changes.NewUser(**payload.dict()))
    return Status(201, {**user_facts(person), "sip_secret": secret})


@router.get("users/{int:user_id}", response=UserOut)
@needs(Permission.USERS_READ)
def show_user(request: ApiRequest, user_id: RowId) -> dict[str, Any]:
    return user_facts(user_of(request.auth, user_id))


@router.patch("users/{int:user_id}", response=UserOut)
@needs(Permission.USERS_WRITE)
def change_user(request: ApiRequest, user_id: RowId, payload: UserPatch) -> dict[str, Any]:
    return user_facts(changes.change_user(request.auth, user_of(request.auth, user_id), **payload.dict()))


@router.delete("users/{int:user_id}", response={204: None})
@needs(Permission.USERS_WRITE)
def delete_user(request: ApiRequest, user_id: RowId) -> Status[Any]:
    changes.delete_user(request.auth, user_of(request.auth, user_id))
    return Status(204, None)


@router.post("users/{int:user_id}/sip-secret", response=SecretOut)
@needs(Permission.USERS_WRITE)
def rotate_secret(request: ApiRequest, user_id: RowId, payload: SecretIn | None = None) -> dict[str, Any]:
    person = user_of(request.auth, user_id)
    secret = changes.rotate_secret(request.auth, person, payload.sip_secret if payload else None)
    return {"id": person.pk, "extension": person.extension.number, "aor": person.extension.aor, "sip_secret": secret}


@router.put("users/{int:user_id}/password", response={204: None})
@needs(Permission.USERS_WRITE)
def set_password(request: ApiRequest, user_id: RowId, payload: PasswordIn) -> Status[Any]:
    changes.set_password(request.auth, user_of(request.auth, user_id), payload.password)
    return Status(204, None)
