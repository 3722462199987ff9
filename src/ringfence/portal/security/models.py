"""Security settings, address entries and blocked user agents in the database."""

from dataclasses import asdict

from django.db import models

from ringfence.policy.book import MatchKind, Protection, Target
from ringfence.policy.settings import SecuritySettings, setting_names
from ringfence.portal.security.history_models import AttackCase, AttackMinute, AttackSource

__all__ = [
    "AddressEntry",
    "AttackCase",
    "AttackMinute",
    "AttackSource",
    "BlockedUserAgent",
    "SecurityValues",
]


class SecurityValues(models.Model):
    """The one row of settings; a setting that is not stored has the default of `ringfence.policy.settings`."""

    values = models.JSONField(default=dict)

    @classmethod
    def current(cls) -> SecuritySettings:
        row = cls.objects.filter(pk=1).first()
        stored = row.values if row else {}
        return SecuritySettings(**{name: stored[name] for name in setting_names() if name in stored})

    @classmethod
    def store(cls, settings: SecuritySettings) -> None:
        cls.objects.update_or_create(pk=1, defaults={"values": asdict(settings)})


class AddressEntry(models.Model):
    """An allow or block entry of the IP blacklist. One prefix has one entry, so no tie is possible.

    `sort_key` orders prefixes as addresses; with it the list is read, searched and published without sorting.
    """

    cidr = models.CharField(max_length=64, unique=True)
    sort_key = models.CharField(max_length=40, unique=True)
    target = models.CharField(max_length=5, choices=[(item.value, item.name.capitalize()) for item in Target])
    expires_at = models.DateTimeField(null=True, blank=True)
    description = models.CharField(max_length=200, blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.CharField(max_length=320, default="")

    class Meta:
        ordering = ("-id",)
        indexes = (
            models.Index(fields=("target", "id"), name="entries_by_target"),
            models.Index(fields=("expires_at", "id"), name="entries_by_end"),
        )

    def __str__(self) -> str:
        return f"{self.target} {self.cidr}"


class BlockedUserAgent(models.Model):
    """A user agent whose messages are dropped without an answer."""

    pattern = models.CharField(max_length=128)
    match = models.CharField(
        max_length=8, choices=[(item.value, item.value) for item in MatchKind], default=MatchKind.CONTAINS.value
    )
    description = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        constraints = (models.UniqueConstraint(fields=("pattern", "match"), name="one_entry_per_user_agent"),)
        ordering = ("pattern",)

    def __str__(self) -> str:
        return self.pattern


class ProtectedAddress(models.Model):
    """A member of the never-block set that only the configuration knows: a cluster peer, the front proxy, a trunk.

    Rows of trunks are written with the trunk; `owner` names it, so that they go when it goes.
    """

    cidr = models.CharField(max_length=64, unique=True)
    kind = models.CharField(max_length=16, choices=[(item.value, item.value) for item in Protection])
    name = models.CharField(max_length=100)
    user_agent = models.CharField(max_length=128, blank=True, default="")
    owner = models.CharField(max_length=64, blank=True, default="")

    class Meta:
        ordering = ("kind", "cidr")

    def __str__(self) -> str:
        return f"{self.kind} {self.cidr}"
