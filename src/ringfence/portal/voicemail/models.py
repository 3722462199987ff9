"""Mailboxes and messages. The audio lies sealed in files that only the portal can open."""

from datetime import datetime

from django.db import models

from ringfence.policy.people.pins import SHORTEST, PinRules
from ringfence.portal.actor import Actor
from ringfence.portal.people.models import Extension
from ringfence.portal.tenants.models import Tenant


class VoicemailSettings(models.Model):
    """What holds for all mailboxes of a tenant; a tenant without a row has the defaults."""

    tenant = models.OneToOneField(Tenant, on_delete=models.CASCADE, related_name="voicemail_settings")
    longest_seconds = models.PositiveIntegerField(default=180)
    quota_seconds = models.PositiveIntegerField(default=3600)
    retention_days = models.PositiveIntegerField(default=180)
    pin_shortest = models.PositiveIntegerField(default=SHORTEST)
    pin_no_pattern = models.BooleanField(default=True)
    pin_no_own_number = models.BooleanField(default=True)

    @property
    def pin_rules(self) -> PinRules:
        return PinRules(self.pin_shortest, self.pin_no_pattern, self.pin_no_own_number)

    @classmethod
    def of(cls, tenant_id: int) -> "VoicemailSettings":
        return cls.objects.filter(tenant_id=tenant_id).first() or cls(tenant_id=tenant_id)


class Mailbox(models.Model):
    """What one extension has set. Without a PIN nobody can listen by phone."""

    extension = models.OneToOneField(Extension, on_delete=models.CASCADE, related_name="mailbox")
    pin = models.CharField(max_length=128, blank=True, default="")
    pin_failures = models.PositiveIntegerField(default=0)
    locked_until = models.DateTimeField(null=True)
    has_greeting = models.BooleanField(default=False)
    email = models.EmailField(max_length=254, blank=True, default="")
    email_audio = models.BooleanField(default=False)

    @classmethod
    def of(cls, extension: Extension) -> "Mailbox":
        return cls.objects.filter(extension=extension).first() or cls(extension=extension)

    def is_locked(self, now: datetime) -> bool:
        return self.locked_until is not None and self.locked_until > now


class MessageQuerySet(models.QuerySet["Message"]):
    def visible_to(self, actor: Actor) -> "MessageQuerySet":
        if actor.above_tenants:
            return self.all()
        return self.none() if actor.tenant_id is None else self.filter(extension__tenant_id=actor.tenant_id)


class Message(models.Model):
    """One message. `size` is bytes of u-law; `whole` is false if its writer was killed."""

    uid = models.CharField(max_length=32, unique=True)
    extension = models.ForeignKey(Extension, on_delete=models.CASCADE, related_name="messages")
    caller = models.CharField(max_length=255, blank=True, default="")
    call_id = models.CharField(max_length=255, blank=True, default="")
    missed = models.CharField(max_length=16, blank=True, default="")
    left_at = models.DateTimeField()
    seconds = models.FloatField(default=0.0)
    size = models.PositiveBigIntegerField(default=0)
    whole = models.BooleanField(default=True)
    heard_at = models.DateTimeField(null=True)
    mail_due = models.BooleanField(default=False)

    objects = MessageQuerySet.as_manager()

    class Meta:
        ordering = ("-left_at", "-id")
        indexes = (models.Index(fields=("extension", "-left_at", "-id"), name="messages_newest_first"),)

    def __str__(self) -> str:
        return f"{self.caller} to {self.extension}"
