"""Tenants in the database."""

from django.db import models

from ringfence.policy.relay.encryption import Encryption
from ringfence.portal.actor import Actor


class TenantQuerySet(models.QuerySet["Tenant"]):
    def visible_to(self, actor: Actor) -> "TenantQuerySet":
        if actor.above_tenants:
            return self.all()
        return self.none() if actor.tenant_id is None else self.filter(pk=actor.tenant_id)


class Tenant(models.Model):
    """One customer. The domain is the digest realm, so it never changes after creation. A limit of null is none."""

    name = models.CharField(max_length=64, unique=True)
    domain = models.CharField(max_length=253, unique=True)
    time_zone = models.CharField(max_length=64, default="UTC")
    max_extensions = models.PositiveIntegerField(null=True, blank=True)
    max_concurrent_calls = models.PositiveIntegerField(null=True, blank=True)
    max_call_minutes = models.PositiveIntegerField(null=True, blank=True)
    media_encryption = models.CharField(
        max_length=8, choices=[(item.value, item.value) for item in Encryption], default=Encryption.OFFERED.value
    )
    aes_256_only = models.BooleanField(default=False)
    tls_only = models.BooleanField(default=False)
    sha_256_digests = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = TenantQuerySet.as_manager()

    class Meta:
        ordering = ("id",)

    def __str__(self) -> str:
        return self.name
