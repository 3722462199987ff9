"""REST: how the extension of a user takes its calls."""

from typing import Annotated, Any

from ninja import Field, Router

from ringfence.policy.calls.limits import MOST_CALLS
from ringfence.portal.access import needs
from ringfence.portal.actor import ApiRequest
from ringfence.portal.paging import RowId
from ringfence.portal.people import calling
from ringfence.portal.people.api import user_of
from ringfence.portal.permissions import Permission
from ringfence.portal.schema import In, Out

router = Router()


class CallingPatch(In):
    """`max_calls`: null is no limit, except that whoever has 30 calls makes no more; 0 no call but emergency calls.
    `caller_number` is shown outside where the trunk owns it; "" is the trunk's own.
    """

    forward_always: str | None = Field(None, max_length=64)
    forward_busy: str | None = Field(None, max_length=64)
    forward_no_answer: str | None = Field(None, max_length=64)
    forward_offline: str | None = Field(None, max_length=64)
    ring_seconds: int | None = None
    do_not_disturb: bool | None = None
    call_waiting: bool | None = None
    max_calls: Annotated[int | None, Field(ge=0, le=MOST_CALLS)] = None
    caller_number: str | None = Field(None, max_length=24)


class CallingOut(Out):
    id: int
    extension: str
    aor: str
    forward_always: str
    forward_busy: str
    forward_no_answer: str
    forward_offline: str
    ring_seconds: int
    do_not_disturb: bool
    call_waiting: bool
    max_calls: int | None
    caller_number: str


def _facts(person: Any, settings: Any) -> dict[str, Any]:
    extension = person.extension
    return {
        "id": person.pk,
        "extension": extension.number,
        "aor": extension.aor,
        **calling.shown(settings),
        "max_calls": settings.max_calls,
        "caller_number": settings.caller_number,
    }


@router.get("users/{int:user_id}/calling", response=CallingOut)
@needs(Permission.USERS_READ)
def show_calling(request: ApiRequest, user_id: RowId) -> dict[str, Any]:
    """Forwards, do not disturb and call waiting of an extension. A forward of "" is none."""
    person = user_of(request.auth, user_id)
    return _facts(person, calling.calling_of(person.extension))


@router.patch("users/{int:user_id}/calling", response=CallingOut)
@needs(Permission.USERS_WRITE)
def change_calling(request: ApiRequest, user_id: RowId, payload: CallingPatch) -> dict[str, Any]:
    """Changes what is given. A forward is judged, and charged, as a call of this extension whenever a call comes."""
    person = user_of(request.auth, user_id)
    given = payload.model_dump(exclude_unset=True)
    changed = calling.set_calling(request.auth, person, **given)
    limits = {name: given[name] for name in calling.LIMITS if name in given}
    if limits:
        changed = calling.set_limits(request.auth, person, **limits)
    return _facts(person, changed)
