"""Certificates of phones in the database. No private key of a phone is kept."""

from django.db import models

from ringfence.portal.actor import Actor
from ringfence.portal.tenants.models import Tenant


class Authority(models.Model):
    """Who signs. One row: our own authority with its sealed key, and the one that was brought instead, if any."""

    certificate = models.TextField()
    sealed_key = models.BinaryField()
    brought = models.TextField(default="")
    brought_revoked = models.TextField(default="")


class PhoneCertificateQuerySet(models.QuerySet["PhoneCertificate"]):
    def visible_to(self, actor: Actor) -> "PhoneCertificateQuerySet":
        if actor.above_tenants:
            return self.all()
        return self.none() if actor.tenant_id is None else self.filter(tenant_id=actor.tenant_id)


class PhoneCertificate(models.Model):
    """One that our authority made. It outlives its extension and its tenant, because it stays revoked."""

    tenant = models.ForeignKey(Tenant, null=True, on_delete=models.SET_NULL)
    aor = models.CharField(max_length=320)
    serial = models.CharField(max_length=40, unique=True)
    fingerprint = models.CharField(max_length=95)
    created_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = PhoneCertificateQuerySet.as_manager()

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return self.aor
