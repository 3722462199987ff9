"""Phones in the database, and what holds for all phones of a tenant."""

from enum import StrEnum
from typing import Any

from django.db import models

from ringfence.portal.actor import Actor
from ringfence.portal.people.models import Extension
from ringfence.portal.provisioning.vendors import PROFILES, Codec, Srtp, Transport, Vendor
from ringfence.portal.tenants.models import Tenant

USUAL_CODECS = (Codec.OPUS, Codec.G722, Codec.PCMA, Codec.PCMU)


def usual_codecs() -> list[str]:
    return [codec.value for codec in USUAL_CODECS]


class Opening(StrEnum):
    """When a phone's directory answers."""

    ONCE = "once"
    ALWAYS = "always"


class PhoneQuerySet(models.QuerySet["Phone"]):
    def visible_to(self, actor: Actor) -> "PhoneQuerySet":
        if actor.above_tenants:
            return self.all()
        return self.none() if actor.tenant_id is None else self.filter(tenant_id=actor.tenant_id)

    def whole(self) -> "PhoneQuerySet":
        """With all that a row shows or a file says, in one question."""
        return self.select_related("extension__person", "tenant__provisioning")


class Phone(models.Model):
    """One device of an extension.

    `token_digest` finds the directory; the token itself, the phone's own administrator password and its login are
    sealed. While `opening` is once, the directory answers until `open_until`, after the first fetch only to `bound_to`.
    """

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="phones")
    extension = models.ForeignKey(Extension, on_delete=models.CASCADE, related_name="phones")
    mac = models.CharField(max_length=12, blank=True, default="")
    vendor = models.CharField(max_length=16, choices=[(item.value, PROFILES[item].title) for item in Vendor])
    model = models.CharField(max_length=64, blank=True, default="")

    transport = models.CharField(max_length=4, choices=[(item.value, item.value.upper()) for item in Transport])
    srtp = models.CharField(max_length=8, choices=[(item.value, item.value) for item in Srtp])
    codecs = models.JSONField(default=usual_codecs)
    keys = models.JSONField(default=list)
    voice_vlan = models.PositiveIntegerField(null=True, blank=True)
    time_server = models.CharField(max_length=253, blank=True, default="")
    firmware = models.CharField(max_length=500, blank=True, default="")
    web_page = models.BooleanField(default=False)

    networks = models.JSONField(default=list)
    needs_login = models.BooleanField(default=False)
    opening = models.CharField(max_length=8, choices=[(item.value, item.value) for item in Opening])
    grace_minutes = models.PositiveIntegerField(default=15)

    token_digest = models.CharField(max_length=64, unique=True)
    previous_digest = models.CharField(max_length=64, blank=True, default="", db_index=True)
    sealed_token = models.BinaryField()
    sealed_admin_password = models.BinaryField()
    sealed_login = models.BinaryField()
    open_until = models.DateTimeField(null=True, blank=True)
    bound_to = models.CharField(max_length=64, blank=True, default="")
    refused_at = models.DateTimeField(null=True, blank=True)
    fetched_at = models.DateTimeField(null=True, blank=True)
    fetched_from = models.CharField(max_length=64, blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = PhoneQuerySet.as_manager()

    class Meta:
        ordering = ("id",)
        constraints = (
            models.UniqueConstraint(
                fields=("tenant", "mac"), condition=~models.Q(mac=""), name="one_phone_of_a_mac_in_a_tenant"
            ),
        )

    def __str__(self) -> str:
        return f"{self.extension.number} {self.mac or self.get_vendor_display()}"

    @property
    def bound_secret(self) -> str:
        """What its secrets are sealed to; each has its own word in front."""
        return f"phone:{self.pk}"


class ProvisioningRules(models.Model):
    """What holds for every phone of a tenant that says nothing else itself.

    `server` is the name phones know this system by; "" is its address.
    """

    tenant = models.OneToOneField(Tenant, primary_key=True, on_delete=models.CASCADE, related_name="provisioning")
    server = models.CharField(max_length=253, blank=True, default="")
    networks = models.JSONField(default=list)
    time_server = models.CharField(max_length=253, blank=True, default="")
    voice_vlan = models.PositiveIntegerField(null=True, blank=True)

    @classmethod
    def of(cls, tenant: Tenant) -> "ProvisioningRules":
        """The stored row, or a new one with the defaults."""
        found: Any = getattr(tenant, "provisioning", None)
        return found if found is not None else cls(tenant=tenant)
