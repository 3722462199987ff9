"""When backups are made, and those that were made."""

from pathlib import Path

from django.db import models

from ringfence.portal import places


class BackupPlan(models.Model):
    """One row for the system. Without a passphrase no backup can be made, whatever is planned."""

    nightly = models.BooleanField(default=True)
    hour = models.PositiveSmallIntegerField(default=3)
    keep = models.PositiveSmallIntegerField(default=7)

    @classmethod
    def current(cls) -> "BackupPlan":
        return cls.objects.filter(pk=1).first() or cls(pk=1)


class State(models.TextChoices):
    """How far a backup is."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class Backup(models.Model):
    """One backup, asked for by somebody or by the plan. `file` is its name in the directory of backups."""

    asked_at = models.DateTimeField(auto_now_add=True)
    asked_by = models.CharField(max_length=200)
    planned = models.BooleanField(default=False)
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    ended_at = models.DateTimeField(null=True)
    file = models.CharField(max_length=80, blank=True, default="")
    size = models.PositiveBigIntegerField(default=0)
    error = models.CharField(max_length=500, blank=True, default="")

    class Meta:
        ordering = ("-asked_at", "-id")

    def __str__(self) -> str:
        return self.file or f"backup {self.pk}"

    @property
    def path(self) -> Path:
        return places.PATHS.backups / self.file
