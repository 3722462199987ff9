"""What a tenant calls outside, and when, in the database."""

from typing import Any

from django.db import models

from ringfence.portal.actor import Actor
from ringfence.portal.tenants.models import Tenant


class OfTenantQuerySet(models.QuerySet[Any]):
    def visible_to(self, actor: Actor) -> "OfTenantQuerySet":
        if actor.above_tenants:
            return self.all()
        return self.none() if actor.tenant_id is None else self.filter(tenant_id=actor.tenant_id)


class NumberPlan(models.Model):
    """How a tenant dials. `permitted` are classes of numbers, `emergency_trunks` the numbers of trunks in order."""

    tenant = models.OneToOneField(Tenant, on_delete=models.CASCADE, related_name="number_plan")
    country = models.CharField(max_length=2, blank=True, default="")
    area_code = models.CharField(max_length=8, blank=True, default="")
    access_code = models.CharField(max_length=4, blank=True, default="")
    permitted = models.JSONField(default=list)
    emergency_trunks = models.JSONField(default=list)
    emergency_caller = models.CharField(max_length=32, blank=True, default="")

    objects = OfTenantQuerySet.as_manager()

    class Meta:
        ordering = ("tenant_id",)

    def __str__(self) -> str:
        return self.country


class AllowedCountry(models.Model):
    """A country whose numbers may be called, by its ISO 3166 code."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
    country = models.CharField(max_length=2)

    objects = OfTenantQuerySet.as_manager()

    class Meta:
        ordering = ("tenant_id", "country")
        constraints = (models.UniqueConstraint(fields=("tenant", "country"), name="one_allowed_country"),)

    def __str__(self) -> str:
        return self.country


class DisallowedCode(models.Model):
    """A beginning of numbers that nobody of the tenant may call, as it was written."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
    prefix = models.CharField(max_length=17)
    description = models.CharField(max_length=200, blank=True, default="")

    objects = OfTenantQuerySet.as_manager()

    class Meta:
        ordering = ("tenant_id", "prefix")
        constraints = (models.UniqueConstraint(fields=("tenant", "prefix"), name="one_disallowed_code"),)

    def __str__(self) -> str:
        return self.prefix


class EmergencyNumber(models.Model):
    """An emergency number beside those of the tenant's country."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
    number = models.CharField(max_length=16)
    description = models.CharField(max_length=200, blank=True, default="")

    objects = OfTenantQuerySet.as_manager()

    class Meta:
        ordering = ("tenant_id", "number")
        constraints = (models.UniqueConstraint(fields=("tenant", "number"), name="one_emergency_number"),)

    def __str__(self) -> str:
        return self.number


class OfficeHours(models.Model):
    """When an office is open. `spans` are [weekday, start, end] in minutes; `closed` days, as 2026-12-24 or --12-24."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=64)
    is_general = models.BooleanField(default=False)
    time_zone = models.CharField(max_length=64, blank=True, default="")
    spans = models.JSONField(default=list)
    holidays_country = models.CharField(max_length=2, blank=True, default="")
    holidays_part = models.CharField(max_length=16, blank=True, default="")
    closed = models.JSONField(default=list)

    objects = OfTenantQuerySet.as_manager()

    class Meta:
        ordering = ("tenant_id", "name", "id")
        constraints = (
            models.UniqueConstraint(fields=("tenant", "name"), name="one_office_hours_of_a_name"),
            models.UniqueConstraint(
                fields=("tenant",), condition=models.Q(is_general=True), name="one_general_office_hours"
            ),
        )

    def __str__(self) -> str:
        return self.name


class Availability(models.TextChoices):
    """When an outbound rule is available."""

    ALWAYS = "always"
    GENERAL = "general"
    OWN = "own"


class OutboundRule(models.Model):
    """One outbound rule. `prefixes` are as written; `routes` are dictionaries of a trunk and what it wants.

    `groups` and `roles` are numbers of rows, so that a rule whose only group is deleted fits nobody and not everybody.
    """

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=64)
    order = models.PositiveIntegerField()
    enabled = models.BooleanField(default=True)
    prefixes = models.JSONField(default=list)
    lengths = models.JSONField(default=list)
    reaches = models.JSONField(default=list)
    callers = models.JSONField(default=list)
    groups = models.JSONField(default=list)
    roles = models.JSONField(default=list)
    availability = models.CharField(max_length=8, choices=Availability.choices, default=Availability.ALWAYS)
    office_hours = models.ForeignKey(
        OfficeHours, null=True, blank=True, on_delete=models.RESTRICT, related_name="rules"
    )
    routes = models.JSONField(default=list)

    objects = OfTenantQuerySet.as_manager()

    class Meta:
        ordering = ("tenant_id", "order")
        constraints = (
            models.UniqueConstraint(fields=("tenant", "name"), name="one_outbound_rule_of_a_name"),
            models.UniqueConstraint(fields=("tenant", "order"), name="one_outbound_rule_at_a_place"),
        )

    def __str__(self) -> str:
        return self.name
