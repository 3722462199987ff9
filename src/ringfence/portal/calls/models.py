"""Call records."""

from django.db import models

from ringfence.portal.actor import Actor
from ringfence.portal.tenants.models import Tenant


class CallRecordQuerySet(models.QuerySet["CallRecord"]):
    def visible_to(self, actor: Actor) -> "CallRecordQuerySet":
        if actor.above_tenants:
            return self.all()
        return self.none() if actor.tenant_id is None else self.filter(tenant_id=actor.tenant_id)


class CallRecord(models.Model):
    """One finished or refused call (CDR). Written by `manage ingest` alone.

    Of the `trunks` that were asked, in their order, `trunk` is the one that took it or was asked last.
    `cost` is in millionths of the currency unit, null inside; `loss` in percent, `jitter` and `round_trip` in
    milliseconds, `mos` 1 to 5 (ITU-T P.800.1).
    """

    call_id = models.CharField(max_length=255, unique=True)
    tenant = models.ForeignKey(Tenant, null=True, on_delete=models.SET_NULL, related_name="call_records")
    caller = models.CharField(max_length=255, blank=True, default="")
    callee = models.CharField(max_length=255, blank=True, default="")
    dialled = models.CharField(max_length=255, blank=True, default="")
    started_at = models.DateTimeField(db_index=True)
    answered_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField()
    duration = models.FloatField(default=0.0)
    ended_by = models.CharField(max_length=32, blank=True, default="")
    code = models.IntegerField(default=0)
    reason = models.CharField(max_length=255, blank=True, default="")
    rule = models.CharField(max_length=128, blank=True, default="")
    direction = models.CharField(max_length=16, blank=True, default="internal")
    payer = models.CharField(max_length=255, blank=True, default="")
    number = models.CharField(max_length=64, blank=True, default="")
    trunk = models.BigIntegerField(null=True)
    trunks = models.JSONField(default=list)
    outbound_rule = models.CharField(max_length=128, blank=True, default="")
    source = models.CharField(max_length=64, blank=True, default="")
    codec = models.CharField(max_length=64, blank=True, default="")
    caller_rtp = models.CharField(max_length=64, blank=True, default="")
    called_rtp = models.CharField(max_length=64, blank=True, default="")
    mos = models.FloatField(null=True)
    loss = models.FloatField(null=True)
    jitter = models.FloatField(null=True)
    round_trip = models.FloatField(null=True)
    destination = models.CharField(max_length=16, blank=True, default="")
    rate = models.CharField(max_length=64, blank=True, default="")
    cost = models.BigIntegerField(null=True)
    ladder = models.TextField(blank=True, default="")

    objects = CallRecordQuerySet.as_manager()

    class Meta:
        ordering = ("-started_at", "-id")
        indexes = (models.Index(fields=("tenant", "-started_at", "-id"), name="calls_of_a_tenant_newest_first"),)

    def __str__(self) -> str:
        return f"{self.caller} to {self.dialled}"


class EventCursor(models.Model):
    """How far the guard's events are stored; moves in the same transaction as the records."""

    name = models.CharField(max_length=32, unique=True)
    position = models.JSONField(default=int)
