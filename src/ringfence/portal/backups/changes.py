"""What can be done to backups: ask for one, delete one, plan them, set their passphrase."""

from typing import Any, Final

from ringfence.backups.lock import WeakPassphrase, new_lock, read_lock, write_lock
from ringfence.portal import places
from ringfence.portal.access import require
from ringfence.portal.actor import Actor
from ringfence.portal.backups.models import Backup, BackupPlan
from ringfence.portal.change import SECRET_CHANGED, change
from ringfence.portal.jobs import State
from ringfence.portal.permissions import Permission
from ringfence.portal.problems import Conflict, NotFound, refuse

LONGEST_PASSPHRASE: Final = 200
MOST_KEPT: Final = 100


def has_passphrase() -> bool:
    """Whether backups can be made."""
    try:
        return read_lock(places.PATHS.backup_lock) is not None
    except ValueError:
        return False


def ask_for_one(actor: Actor) -> Backup:
    """It is made within seconds by the process for backups. Raises Refused or Conflict."""
    require(actor, Permission.BACKUPS_WRITE)
    if not has_passphrase():
        raise refuse(
            "passphrase", "backup.no_passphrase", "Set the passphrase of backups first: they are sealed with it."
        )
    if Backup.any_under_way():
        raise Conflict(detail="A backup is being made already.")
    with change(actor) as draft:
        made = Backup.objects.create(asked_by=actor.name)
        draft.record("backup.asked", made.pk, str(made))
    return made


def delete(actor: Actor, backup: Backup) -> None:
    """The row and its file. Raises Conflict while it is being made."""
    require(actor, Permission.BACKUPS_WRITE)
    if backup.is_under_way:
        raise Conflict(detail="This backup is being made.")
    with change(actor) as draft:
        draft.record("backup.deleted", backup.pk, str(backup))
        if backup.file:
            backup.path.unlink(missing_ok=True)
        backup.delete()


def note_download(actor: Actor, backup: Backup) -> None:
    """Raises NotFound if it is not there (any more)."""
    require(actor, Permission.BACKUPS_WRITE)
    if backup.state != State.DONE or not backup.path.is_file():
        raise NotFound(detail="There is no file of this backup.")
    with change(actor) as draft:
        draft.record("backup.downloaded", backup.pk, str(backup))


def plan(actor: Actor, *, nightly: bool, hour: int, keep: int) -> BackupPlan:
    """Raises Refused."""
    require(actor, Permission.BACKUPS_WRITE)
    if not 0 <= hour <= 23:
        raise refuse("hour", "backup.hour", "The hour is a number from 0 to 23 (UTC).")
    if not 1 <= keep <= MOST_KEPT:
        raise refuse("keep", "backup.keep", f"From 1 to {MOST_KEPT} backups can be kept.")
    with change(actor) as draft:
        row = BackupPlan.current()
        old = plan_facts(row)
        row.nightly, row.hour, row.keep = nightly, hour, keep
        row.save()
        draft.record("backup.planned", "plan", "plan", old, plan_facts(row))
    return row


def plan_facts(row: BackupPlan) -> dict[str, Any]:
    return {"nightly": row.nightly, "hour": row.hour, "keep": row.keep}


def set_passphrase(actor: Actor, passphrase: str) -> None:
    """For backups from now on; those that exist keep theirs. The passphrase itself is kept nowhere. Raises Refused."""
    require(actor, Permission.BACKUPS_WRITE)
    if len(passphrase) > LONGEST_PASSPHRASE:
        raise refuse("passphrase", "backup.passphrase", f"At most {LONGEST_PASSPHRASE} characters.")
    try:
        lock = new_lock(passphrase)
    except WeakPassphrase as error:
        raise refuse("passphrase", "backup.passphrase", f"{str(error).capitalize()}.") from error
    with change(actor) as draft:
        write_lock(places.PATHS.backup_lock, lock)
        draft.record("backup.passphrase_set", "passphrase", "passphrase", None, {"passphrase": SECRET_CHANGED})
