"""REST: changes that wait to be confirmed."""

from typing import Any

from ninja import Router, Status

from ringfence.portal.access import needs
from ringfence.portal.actor import ApiRequest
from ringfence.portal.confirm import changes
from ringfence.portal.confirm.connection import connection_of
from ringfence.portal.confirm.models import UnconfirmedChange
from ringfence.portal.confirm.moment import present
from ringfence.portal.permissions import Permission

router = Router()


def facts(row: UnconfirmedChange) -> dict[str, Any]:
    return {
        "id": row.pk,
        "what": str(row),
        "saved_at": row.saved_at.isoformat(),
        "saved_by": row.saved_by,
        "reverts_at": row.reverts_at.isoformat(),
        "seconds_left": row.seconds_left(present()),
        "state": str(row.state),
        "ended_by": row.ended_by,
    }


@router.get("unconfirmed-changes")
@needs(Permission.SECURITY_READ)
def list_changes(request: ApiRequest) -> dict[str, Any]:
    """Those that wait, the one that reverts first at the top."""
    found = [facts(row) for row in changes.waiting().order_by("reverts_at")]
    return {"items": found, "count": len(found)}


@router.get("unconfirmed-changes/{int:change_id}")
@needs(Permission.SECURITY_READ)
def show_change(request: ApiRequest, change_id: int) -> dict[str, Any]:
    return facts(changes.found(change_id))


@router.post("unconfirmed-changes/{int:change_id}/confirm", response={204: None})
@needs(Permission.SECURITY_WRITE)
def confirm_change(request: ApiRequest, change_id: int) -> Status[Any]:
    """Makes the change stay. The connection must have been opened after the change."""
    changes.confirm(request.auth, changes.found(change_id), connection_of(request))
    return Status(204, None)


@router.post("unconfirmed-changes/{int:change_id}/revert", response={204: None})
@needs(Permission.SECURITY_WRITE)
def revert_change(request: ApiRequest, change_id: int) -> Status[Any]:
    changes.revert(request.auth, changes.found(change_id))
    return Status(204, None)
