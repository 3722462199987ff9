"""Work that somebody or a plan asks for and a process carries out, one piece at a time."""

from typing import Self

from django.db import models


class State(models.TextChoices):
    """How far a job is."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class Job(models.Model):
    """One job: asked for, begun, and ended with a result or an error. The newest first."""

    asked_at = models.DateTimeField(auto_now_add=True)
    asked_by = models.CharField(max_length=200)
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True
        ordering = ("-asked_at", "-id")

    @property
    def is_under_way(self) -> bool:
        return self.state in (State.WAITING, State.RUNNING)

    @classmethod
    def any_under_way(cls) -> bool:
        return cls._default_manager.filter(state__in=(State.WAITING, State.RUNNING)).exists()

    @classmethod
    def next_waiting(cls) -> Self | None:
        """Who asked first is served first."""
        return cls._default_manager.filter(state=State.WAITING).order_by("asked_at").first()
