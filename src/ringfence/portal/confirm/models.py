"""Changes that wait to be confirmed, in the database: they survive the end of every process."""

from django.db import models
from django.utils import timezone

from ringfence.portal.confirm.moment import Moment


class State(models.TextChoices):
    """Waiting ends once, by whoever is first."""

    WAITING = "waiting"
    CONFIRMED = "confirmed"
    REVERTED = "reverted"


class UnconfirmedChange(models.Model):
    """One saved change, what it did (its audit entries), when it reverts, and over which connection it came."""

    saved_at = models.DateTimeField(default=timezone.now)
    reverts_at = models.DateTimeField()
    boot = models.CharField(max_length=64, default="")
    saved_since_boot = models.FloatField(null=True)
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

    def waited(self, now: Moment) -> float:
        """Seconds since it was saved. Between two boots there is the clock on the wall alone."""
        if self.saved_since_boot is not None and self.is_of_boot(now.boot):
            return now.since_boot - self.saved_since_boot
        return (now.wall - self.saved_at).total_seconds()

    def is_of_boot(self, boot: str) -> bool:
        return bool(boot) and self.boot == boot

    def seconds_left(self, now: Moment) -> int:
        return max(0, round(self._time() - self.waited(now)))

    def is_due(self, now: Moment) -> bool:
        """Also when the clock of a new boot says that it was not saved yet: it would wait for nobody knows how long."""
        return not 0 <= self.waited(now) < self._time()

    def _time(self) -> float:
        return (self.reverts_at - self.saved_at).total_seconds()
