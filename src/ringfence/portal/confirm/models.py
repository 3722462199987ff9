"""Changes that wait to be confirmed, in the database: they survive the end of every process."""

from datetime import datetime

from django.db import models
from django.utils import timezone


class State(models.TextChoices):
    """Waiting ends once, by whoever is first."""

    WAITING = "waiting"
    CONFIRMED = "confirmed"
    REVERTED = "reverted"


class UnconfirmedChange(models.Model):
    """One saved change, what it did (its audit entries), when it reverts, and over which connection it came."""

    saved_at = models.DateTimeField(default=timezone.now)
    reverts_at = models.DateTimeField()
    saved_by = models.CharField(max_length=320)
    connection = models.CharField(max_length=64)
    entries = models.JSONField()
    state = models.CharField(max_length=9, choices=State.choices, default=State.WAITING)
    ended_at = models.DateTimeField(null=True)
    ended_by = models.CharField(max_length=320, default="")

    class Meta:
        ordering = ("id",)
        indexes = (models.Index(fields=("state", "reverts_at"), name="changes_that_wait"),)

    def __str__(self) -> str:
        return ", ".join(f"{entry['action']} {entry['object_label']}".strip() for entry in self.entries)[:320]

    def seconds_left(self, now: datetime) -> int:
        return max(0, round((self.reverts_at - now).total_seconds()))
