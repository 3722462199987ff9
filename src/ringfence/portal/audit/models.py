"""The audit log. Entries are only added; each carries the hash of the one before, so tampering shows."""

from datetime import datetime

from django.db import models

from ringfence.portal.actor import Actor


class EntryQuerySet(models.QuerySet["Entry"]):
    def visible_to(self, actor: Actor) -> "EntryQuerySet":
        if actor.above_tenants:
            return self.all()
        return self.none() if actor.tenant_id is None else self.filter(tenant_id=actor.tenant_id)


class Entry(models.Model):
    """Who did what, from where, to which object, and what changed. The database refuses updates and deletions."""

    id = models.BigIntegerField(primary_key=True)
    at = models.CharField(max_length=32)
    actor = models.CharField(max_length=320)
    address = models.CharField(max_length=64, blank=True)
    action = models.CharField(max_length=64)
    object_id = models.CharField(max_length=64, blank=True)
    object_label = models.CharField(max_length=320, blank=True)
    tenant_id = models.BigIntegerField(null=True, db_index=True)
    changes = models.JSONField(default=dict)
    previous_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    objects = EntryQuerySet.as_manager()

    class Meta:
        ordering = ("-id",)
        indexes = (
            models.Index(fields=("tenant_id", "id"), name="audit_by_tenant"),
            models.Index(fields=("object_id", "id"), name="audit_by_object"),
            models.Index(fields=("actor", "id"), name="audit_by_actor"),
            models.Index(fields=("at",), name="audit_by_time"),
        )

    def __str__(self) -> str:
        return f"{self.action} {self.object_label}"

    @property
    def moment(self) -> datetime:
        """`at`, which is text because it is hashed, as a time."""
        return datetime.fromisoformat(self.at)


class ChainHead(models.Model):
    """The newest entry's number and hash; locking this row puts writers in order."""

    last_id = models.BigIntegerField(default=0)
    last_hash = models.CharField(max_length=64, default="0" * 64)


class Checkpoint(models.Model):
    """Stands for entries that retention deleted: the last of them, signed with a key outside the database."""

    last_id = models.BigIntegerField(unique=True)
    last_hash = models.CharField(max_length=64)
    at = models.CharField(max_length=32)
    signature = models.CharField(max_length=64)

    @property
    def words(self) -> str:
        """What is signed."""
        return f"audit checkpoint {self.last_id} {self.last_hash} {self.at}"
