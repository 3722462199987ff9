"""Credentials of browser phones."""

from datetime import datetime

from django.db import models

from ringfence.portal.people.models import Extension
from ringfence.portal.signin.models import PortalSession


class PhoneCredentialQuerySet(models.QuerySet["PhoneCredential"]):
    def valid(self, now: datetime) -> "PhoneCredentialQuerySet":
        """Those whose time is not over and whose session goes on."""
        return self.filter(expires_at__gt=now, session__ended_at__isnull=True)


class PhoneCredential(models.Model):
    """What one browser of one session registers with. Holds a digest, never the secret."""

    session = models.ForeignKey(PortalSession, on_delete=models.CASCADE, related_name="phone_credentials")
    extension = models.ForeignKey(Extension, on_delete=models.CASCADE, related_name="phone_credentials")
    name = models.CharField(max_length=96, unique=True)
    ha1_md5 = models.CharField(max_length=32)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)

    objects = PhoneCredentialQuerySet.as_manager()

    class Meta:
        ordering = ("id",)

    def __str__(self) -> str:
        return self.name
