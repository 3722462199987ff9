"""When backups are made, and those that were made."""

from pathlib import Path

from django.db import models

from ringfence.portal import places
from ringfence.portal.jobs import Job


class BackupPlan(models.Model):
    """One row for the system. Without a passphrase no backup can be made, whatever is planned."""

    nightly = models.BooleanField(default=True)
    hour = models.PositiveSmallIntegerField(default=3)
    keep = models.PositiveSmallIntegerField(default=7)

    @classmethod
    def current(cls) -> "BackupPlan":
        return cls.objects.filter(pk=1).first() or cls(pk=1)


class Backup(Job):
    """One backup, asked for by somebody or by the plan. `file` is its name in the directory of backups."""

    planned = models.BooleanField(default=False)
    file = models.CharField(max_length=80, blank=True, default="")
    size = models.PositiveBigIntegerField(default=0)
    error = models.CharField(max_length=500, blank=True, default="")

    def __str__(self) -> str:
        return self.file or f"backup {self.pk}"

    @property
    def path(self) -> Path:
        return places.PATHS.backups / self.file
