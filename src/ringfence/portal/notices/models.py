"""Where notices go, what waits to be sent, and how far events were read."""

from django.db import models

from ringfence.portal.notices.means import Means


class Destination(models.Model):
    """One mail server, webhook or log collector. `wishes` are its settings, `secret` its sealed password or key.

    `failures` counts failed attempts in a row; nothing is sent before `retry_at`.
    """

    name = models.CharField(max_length=64, unique=True)
    means = models.CharField(max_length=8, choices=[(item.value, item.value) for item in Means])
    enabled = models.BooleanField(default=True)
    topics = models.JSONField(default=list)
    wishes = models.JSONField(default=dict)
    secret = models.BinaryField(default=b"")
    storm_bans = models.PositiveIntegerField(default=20)
    storm_told = models.FloatField(default=0.0)
    delivered_at = models.DateTimeField(null=True)
    retry_at = models.DateTimeField(null=True)
    failures = models.PositiveIntegerField(default=0)
    last_error = models.CharField(max_length=300, blank=True, default="")
    lost = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name

    @property
    def bound_to(self) -> str:
        """What its secret is sealed to."""
        return f"notices:{self.pk}"


class Notice(models.Model):
    """One thing to tell one destination; deleted once it was taken there."""

    destination = models.ForeignKey(Destination, on_delete=models.CASCADE, related_name="notices")
    body = models.JSONField()
    made_at = models.DateTimeField(auto_now_add=True)


class Progress(models.Model):
    """The one row: how far the guard's events and the audit log were read, and the times of the latest bans."""

    ledger = models.BigIntegerField(default=0)
    audit = models.BigIntegerField(default=0)
    ban_times = models.JSONField(default=list)
