"""REST: how long data is kept."""

from typing import Any

from ninja import Field, Router

from ringfence.portal.access import needs
from ringfence.portal.actor import ApiRequest
from ringfence.portal.permissions import Permission
from ringfence.portal.retention import changes
from ringfence.portal.retention.changes import LIMITS
from ringfence.portal.schema import In, Out

router = Router()


def _within(name: str, about: str) -> Any:
    lowest, highest = LIMITS[name]
    return Field(None, ge=lowest, le=highest, description=about)


class RetentionOut(Out):
    log_megabytes: int
    log_files: int
    log_days: int
    call_record_days: int
    audit_days: int = Field(description="Set in settings/security as web_audit_retention.")


class RetentionIn(In):
    log_megabytes: int | None = _within("log_megabytes", "The size from which a log is put aside.")
    log_files: int | None = _within("log_files", "How many older files of each log are kept.")
    log_days: int | None = _within("log_days", "Older files are deleted.")
    call_record_days: int | None = _within("call_record_days", "Older call records are deleted; 0: never.")


@router.get("settings/retention", response=RetentionOut)
@needs(Permission.SYSTEM_READ)
def show_retention(request: ApiRequest) -> dict[str, int]:
    """How long logs, call records and the audit log are kept."""
    return changes.current(request.auth)


@router.patch("settings/retention", response=RetentionOut)
@needs(Permission.WEB_WRITE)
def change_retention(request: ApiRequest, payload: RetentionIn) -> dict[str, int]:
    """Logs follow within a second, call records within an hour."""
    return changes.change_retention(request.auth, payload.model_dump(exclude_none=True))
