"""Recordings and what a tenant wants recorded. The audio lies sealed in files that only the portal can open."""

from django.db import models
from django.db.models import Q

from ringfence.policy.calls.recording import Direction, RecordingRules
from ringfence.portal.actor import Actor
from ringfence.portal.people.models import Extension
from ringfence.portal.tenants.models import Tenant


class RecordingSettings(models.Model):
    """What holds for all calls of a tenant; a tenant without a row records nothing."""

    tenant = models.OneToOneField(Tenant, on_delete=models.CASCADE, related_name="recording_settings")
    directions = models.JSONField(default=list)
    announced = models.BooleanField(default=True)
    on_demand = models.BooleanField(default=False)
    has_announcement = models.BooleanField(default=False)
    quota_hours = models.PositiveIntegerField(default=100)
    retention_days = models.PositiveIntegerField(default=180)

    @classmethod
    def of(cls, tenant_id: int) -> "RecordingSettings":
        return cls.objects.filter(tenant_id=tenant_id).first() or cls(tenant_id=tenant_id)

    @property
    def rules(self) -> RecordingRules:
        return RecordingRules(tuple(Direction(name) for name in self.directions), self.announced, self.on_demand)


class RecordingQuerySet(models.QuerySet["Recording"]):
    def visible_to(self, actor: Actor) -> "RecordingQuerySet":
        if actor.above_tenants:
            return self.all()
        return self.none() if actor.tenant_id is None else self.filter(tenant_id=actor.tenant_id)

    def of_extension(self, extension: Extension) -> "RecordingQuerySet":
        """Those of its own calls."""
        return self.filter(Q(caller_extension=extension) | Q(callee_extension=extension))

    def finished(self) -> "RecordingQuerySet":
        return self.filter(running=False)


class Recording(models.Model):
    """One recording, or one part of it: the caller left, the called side right.

    `size` is bytes of u-law of both channels; `whole` is false if its writer was killed. While it runs there is no
    audio to open yet.
    """

    uid = models.CharField(max_length=32, unique=True)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="recordings")
    call_id = models.CharField(max_length=255, db_index=True)
    caller = models.CharField(max_length=255, blank=True, default="")
    callee = models.CharField(max_length=255, blank=True, default="")
    caller_extension = models.ForeignKey(Extension, null=True, on_delete=models.SET_NULL, related_name="+")
    callee_extension = models.ForeignKey(Extension, null=True, on_delete=models.SET_NULL, related_name="+")
    direction = models.CharField(max_length=16)
    why = models.CharField(max_length=16)
    by = models.CharField(max_length=255, blank=True, default="")
    announced = models.BooleanField(default=True)
    started_at = models.DateTimeField()
    seconds = models.FloatField(default=0.0)
    size = models.PositiveBigIntegerField(default=0)
    whole = models.BooleanField(default=True)
    running = models.BooleanField(default=False)

    objects = RecordingQuerySet.as_manager()

    class Meta:
        ordering = ("-started_at", "-id")
        indexes = (models.Index(fields=("tenant", "-started_at", "-id"), name="recordings_newest_first"),)

    def __str__(self) -> str:
        return f"{self.caller} to {self.callee}"
