"""What the process for backups does: makes those that are due, forgets the oldest."""

import logging
import sqlite3
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone

from ringfence.backups.lock import read_lock
from ringfence.backups.making import Dump, file_name, make, note_last, sweep
from ringfence.portal import places
from ringfence.portal.backups.changes import has_passphrase
from ringfence.portal.backups.models import Backup, BackupPlan
from ringfence.portal.jobs import State

log = logging.getLogger(__name__)

PLAN: Final = "nightly plan"
_MADE_ANEW: Final = ("contenttypes", "auth.permission", "sessions")
"""Rows that the database makes itself, or that are of no use elsewhere."""


def begin() -> int:
    """What an earlier process was making when it ended is given up. The number of those."""
    sweep(places.PATHS)
    return Backup.objects.filter(state=State.RUNNING).update(
        state=State.FAILED, error="The process that made it ended.", ended_at=timezone.now()
    )


def make_due() -> int:
    """Makes the one that is due, if any. The number of backups made."""
    now = timezone.now()
    _ask_if_planned(now)
    waiting = Backup.next_waiting()
    if waiting is None:
        return 0
    waiting.state = State.RUNNING
    waiting.save()
    _make(waiting, now)
    _forget_oldest(BackupPlan.current().keep)
    return 1


def due_since(plan: BackupPlan, now: datetime) -> datetime:
    """The last moment at which the plan wanted a backup.

    >>> from datetime import UTC
    >>> due_since(BackupPlan(hour=3), datetime(2026, 11, 26, 2, 59, tzinfo=UTC)).isoformat()
    '2026-11-25T03:00:00+00:00'
    """
    today = now.replace(hour=plan.hour, minute=0, second=0, microsecond=0)
    return today if today <= now else today - timedelta(days=1)


def dump_of_database() -> Dump | None:
    """None where the database is a file that is taken as it is."""
    return None if connection.vendor == "sqlite" else _dump


def _ask_if_planned(now: datetime) -> None:
    """One that failed is not tried again before the next night; an administrator sees it failed."""
    plan = BackupPlan.current()
    if not plan.nightly or not has_passphrase():
        return
    if not Backup.objects.filter(asked_at__gte=due_since(plan, now)).exists():
        Backup.objects.create(asked_by=PLAN, planned=True)


def _make(backup: Backup, now: datetime) -> None:
    try:
        lock = read_lock(places.PATHS.backup_lock)
        if lock is None:
            raise ValueError("there is no passphrase of backups yet")
        made = make(places.PATHS, lock, places.PATHS.backups / file_name(now), now, dump_of_database())
        note_last(places.PATHS, made, now)
    except (OSError, ValueError, sqlite3.Error) as error:
        log.error("a backup failed: %s", error)
        backup.state, backup.error = State.FAILED, str(error)[:500]
    else:
        backup.state, backup.file, backup.size = State.DONE, made.path.name, made.size
    backup.ended_at = timezone.now()
    backup.save()


def _forget_oldest(keep: int) -> None:
    for old in Backup.objects.filter(state=State.DONE)[keep:]:
        old.path.unlink(missing_ok=True)
        old.delete()
    for old in Backup.objects.filter(state=State.FAILED)[keep:]:
        old.delete()


def _dump(target: Path) -> None:
    """All rows as of one moment."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        call_command("dumpdata", format="jsonl", use_base_manager=True, exclude=_MADE_ANEW, output=str(target))
