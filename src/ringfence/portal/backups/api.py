"""REST: backups."""

from typing import Any

from django.http import HttpRequest
from ninja import Field, Router, Status

from ringfence.portal.access import needs
from ringfence.portal.actor import ApiRequest
from ringfence.portal.backups import changes
from ringfence.portal.backups.models import Backup, BackupPlan
from ringfence.portal.paging import PageOut, PageQuery, RowId, rows
from ringfence.portal.permissions import Permission
from ringfence.portal.problems import NotFound
from ringfence.portal.schema import In, Out

router = Router()


class BackupOut(Out):
    id: int
    state: str
    asked_at: str
    asked_by: str
    planned: bool
    ended_at: str | None
    file: str
    size: int = Field(description="Bytes.")
    error: str


class BackupPage(PageOut):
    items: list[BackupOut]


class BackupPlanOut(Out):
    nightly: bool
    hour: int = Field(description="0 to 23, UTC.")
    keep: int
    has_passphrase: bool


class BackupPlanIn(In):
    nightly: bool | None = None
    hour: int | None = None
    keep: int | None = None


class PassphraseIn(In):
    passphrase: str = Field(..., description="At least 12 characters. It is kept nowhere.")


def shown(backup: Backup) -> dict[str, Any]:
    return {
        "id": backup.pk,
        "state": str(backup.state),
        "asked_at": backup.asked_at.isoformat(),
        "asked_by": backup.asked_by,
        "planned": backup.planned,
        "ended_at": backup.ended_at.isoformat() if backup.ended_at else None,
        "file": backup.file,
        "size": backup.size,
        "error": backup.error,
    }


def backup_of(backup_id: int) -> Backup:
    """Raises NotFound."""
    found = Backup.objects.filter(pk=backup_id).first()
    if found is None:
        raise NotFound(detail="There is no such backup.")
    return found


def _plan() -> dict[str, Any]:
    return {**changes.plan_facts(BackupPlan.current()), "has_passphrase": changes.has_passphrase()}


@router.get("backups", response=BackupPage)
@needs(Permission.BACKUPS_WRITE)
def list_backups(request: ApiRequest, page: PageQuery) -> dict[str, Any]:
    return rows(Backup.objects.all(), page, shown)


@router.post("backups", response={201: BackupOut})
@needs(Permission.BACKUPS_WRITE)
def make_backup(request: ApiRequest) -> Status[Any]:
    """Asks for one; it is made within seconds, while everything goes on."""
    return Status(201, shown(changes.ask_for_one(request.auth)))


@router.get("backups/{int:backup_id}", response=BackupOut)
@needs(Permission.BACKUPS_WRITE)
def show_backup(request: ApiRequest, backup_id: RowId) -> dict[str, Any]:
    return shown(backup_of(backup_id))


@router.get("backups/{int:backup_id}/file", response={200: bytes})
@needs(Permission.BACKUPS_WRITE)
def fetch_backup(request: HttpRequest, backup_id: RowId) -> Any:
    """The sealed file, to be kept somewhere else."""
    from ringfence.portal.backups.views import sent

    backup = backup_of(backup_id)
    changes.note_download(request.auth, backup)  # type: ignore[attr-defined]  # the router's authentication sets it
    return sent(request, backup)


@router.delete("backups/{int:backup_id}", response={204: None})
@needs(Permission.BACKUPS_WRITE)
def delete_backup(request: ApiRequest, backup_id: RowId) -> Status[Any]:
    changes.delete(request.auth, backup_of(backup_id))
    return Status(204, None)


@router.get("backup-plan", response=BackupPlanOut)
@needs(Permission.BACKUPS_WRITE)
def show_plan(request: ApiRequest) -> dict[str, Any]:
    return _plan()


@router.patch("backup-plan", response=BackupPlanOut)
@needs(Permission.BACKUPS_WRITE)
def change_plan(request: ApiRequest, payload: BackupPlanIn) -> dict[str, Any]:
    now = changes.plan_facts(BackupPlan.current())
    changes.plan(request.auth, **{**now, **payload.model_dump(exclude_none=True)})
    return _plan()


@router.put("backup-plan/passphrase", response={204: None})
@needs(Permission.BACKUPS_WRITE)
def set_passphrase(request: ApiRequest, payload: PassphraseIn) -> Status[Any]:
    """For backups from now on."""
    changes.set_passphrase(request.auth, payload.passphrase)
    return Status(204, None)
