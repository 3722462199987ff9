"""Ring groups, announcements and time conditions of tenants."""

from typing import Any

from django.db import models

from ringfence.portal.actor import Actor
from ringfence.portal.outbound.models import OfficeHours
from ringfence.portal.tenants.models import Tenant


class OfTenantQuerySet(models.QuerySet[Any]):
    def visible_to(self, actor: Actor) -> "OfTenantQuerySet":
        if actor.above_tenants:
            return self.all()
        return self.none() if actor.tenant_id is None else self.filter(tenant_id=actor.tenant_id)


class RingGroup(models.Model):
    """Extensions under one number. `members` are their numbers, in the order they ring."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="ring_groups")
    number = models.CharField(max_length=64)
    name = models.CharField(max_length=64)
    together = models.BooleanField(default=True)
    ring_seconds = models.PositiveIntegerField(default=20)
    members = models.JSONField(default=list)
    otherwise = models.CharField(max_length=64, blank=True, default="")

    objects = OfTenantQuerySet.as_manager()

    class Meta:
        ordering = ("id",)
        constraints = (models.UniqueConstraint(fields=("tenant", "number"), name="one_ring_group_of_a_number"),)

    def __str__(self) -> str:
        return self.name


class Announcement(models.Model):
    """A text that is played under a number. The sound lies in a file that the voice process reads."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="announcements")
    number = models.CharField(max_length=64)
    name = models.CharField(max_length=64)
    seconds = models.FloatField(default=0.0)

    objects = OfTenantQuerySet.as_manager()

    class Meta:
        ordering = ("id",)
        constraints = (models.UniqueConstraint(fields=("tenant", "number"), name="one_announcement_of_a_number"),)

    def __str__(self) -> str:
        return self.name


class TimeCondition(models.Model):
    """A number that leads to one destination in office hours and to another out of them."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="time_conditions")
    number = models.CharField(max_length=64)
    name = models.CharField(max_length=64)
    office_hours = models.ForeignKey(OfficeHours, on_delete=models.RESTRICT, related_name="time_conditions")
    in_hours = models.CharField(max_length=96)
    out_of_hours = models.CharField(max_length=96)

    objects = OfTenantQuerySet.as_manager()

    class Meta:
        ordering = ("id",)
        constraints = (models.UniqueConstraint(fields=("tenant", "number"), name="one_time_condition_of_a_number"),)

    def __str__(self) -> str:
        return self.name
