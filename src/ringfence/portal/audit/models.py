"""The audit log. Entries are only added; each carries the hash of the one before, so tampering shows."""

import hashlib
import json
from typing import Any

from django.db import models
from django.utils import timezone

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

    def __str__(self) -> str:
        return f"{self.action} {self.object_label}"


class ChainHead(models.Model):
    """The newest entry's number and hash; locking this row puts writers in order."""

    last_id = models.BigIntegerField(default=0)
    last_hash = models.CharField(max_length=64, default="0" * 64)


def append(
    actor: Actor,
    action: str,
    object_id: str = "",
    object_label: str = "",
    changes: dict[str, Any] | None = None,
    tenant_id: int | None = None,
) -> Entry:
    """Adds an entry; call it inside the transaction of the change it describes."""
    head = ChainHead.objects.select_for_update().get_or_create(pk=1)[0]
    entry = Entry(
        id=head.last_id + 1,
        at=timezone.now().isoformat(timespec="microseconds"),
        actor=actor.name,
        address=actor.address,
        action=action,
        object_id=object_id,
        object_label=object_label[:320],
        tenant_id=tenant_id,
        changes=json.loads(json.dumps(changes or {}, default=str)),
        previous_hash=head.last_hash,
    )
    entry.hash = digest_of(entry)
    entry.save(force_insert=True)
    head.last_id, head.last_hash = entry.id, entry.hash
    head.save(update_fields=["last_id", "last_hash"])
    return entry


def digest_of(entry: Entry) -> str:
    """The hash over everything the entry says and the hash before it."""
    parts = [
        entry.id, entry.at, entry.actor, entry.address, entry.action, entry.object_id,
        entry.object_label, entry.tenant_id, entry.changes, entry.previous_hash,
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(parts, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def first_broken_entry() -> int | None:
    """The number of the first entry that does not fit the chain; None while the log is whole."""
    previous, number = "0" * 64, 0
    for entry in Entry.objects.order_by("id").iterator():
        number += 1
        if entry.id != number or entry.previous_hash != previous or entry.hash != digest_of(entry):
            return number
        previous = entry.hash
    head = ChainHead.objects.filter(pk=1).first()
    return None if head is None or head.last_hash == previous else number + 1
