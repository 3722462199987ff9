"""REST: how the media of one extension is encrypted."""

from typing import Any

from ninja import Router

from ringfence.policy.relay.encryption import Encryption
from ringfence.portal.access import needs
from ringfence.portal.actor import ApiRequest
from ringfence.portal.paging import RowId
from ringfence.portal.people import calling
from ringfence.portal.people.api import user_of
from ringfence.portal.people.models import Person
from ringfence.portal.permissions import Permission
from ringfence.portal.schema import In, Out

router = Router()


class UserMediaPut(In):
    """Null: as the tenant has it."""

    encryption: Encryption | None


class UserMediaOut(Out):
    """`encryption` null is the tenant's; `in_force` is what holds for the extension."""

    encryption: Encryption | None
    in_force: Encryption


def _facts(person: Person) -> dict[str, Any]:
    own = calling.calling_of(person.extension).encryption
    return {"encryption": own, "in_force": own or Encryption(person.extension.tenant.media_encryption)}


@router.get("users/{int:user_id}/media", response=UserMediaOut)
@needs(Permission.USERS_READ)
def show_user_media(request: ApiRequest, user_id: RowId) -> dict[str, Any]:
    return _facts(user_of(request.auth, user_id))


@router.put("users/{int:user_id}/media", response=UserMediaOut)
@needs(Permission.USERS_WRITE)
def set_user_media(request: ApiRequest, user_id: RowId, payload: UserMediaPut) -> dict[str, Any]:
    """In force for the next call; calls that are up keep what they agreed on."""
    person = user_of(request.auth, user_id)
    calling.set_limits(request.auth, person, encryption=payload.encryption)
    return _facts(user_of(request.auth, user_id))
