"""REST: start a call, end a call."""

from typing import Any

from ninja import Field, Status

from ringfence.portal.access import needs
from ringfence.portal.actor import ApiRequest
from ringfence.portal.calls import control
from ringfence.portal.calls.api import router
from ringfence.portal.paging import RowId
from ringfence.portal.people.api import user_of
from ringfence.portal.permissions import Permission
from ringfence.portal.schema import In, Out

__all__ = ["router"]


class CallIn(In):
    user_id: RowId
    number: str = Field(max_length=64)


class CallOut(Out):
    aor: str
    number: str
    device: str


@router.post("calls", response={202: CallOut})
@needs(Permission.CALLS_WRITE)
def start_call(request: ApiRequest, payload: CallIn) -> Status[Any]:
    """The extension's phone rings first; answered, it calls the number. Judged and charged as its own call."""
    return Status(202, control.start(request.auth, user_of(request.auth, payload.user_id), payload.number))


@router.delete("calls/{call_id}", response={204: None})
@needs(Permission.CALLS_WRITE)
def end_call(request: ApiRequest, call_id: str) -> Status[Any]:
    """A BYE to both sides of an answered call."""
    control.hang_up(request.auth, call_id)
    return Status(204, None)
