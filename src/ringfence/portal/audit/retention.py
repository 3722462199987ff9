"""Deletes what is older than the setting says; a signed checkpoint stands in its place, so the rest stays provable."""

from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.utils import timezone

from ringfence.portal.actor import Actor
from ringfence.portal.audit import anchor
from ringfence.portal.audit.chain import append
from ringfence.portal.audit.models import Checkpoint, Entry
from ringfence.portal.security.models import SecurityValues

RETENTION: Final = Actor("retention", "local", administers_system=True)


def delete_old(now: datetime | None = None) -> int:
    """How many entries went. The newest entry of all stays, whatever its age: the chain needs its end."""
    now = now or timezone.now()
    border = (now - timedelta(days=SecurityValues.current().web_audit_retention)).isoformat(timespec="microseconds")
    last = Entry.objects.filter(at__lt=border).order_by("-id").first()
    if last is None:
        return 0
    with transaction.atomic():
        append(RETENTION, "audit.deleted", str(last.id), f"Entries up to {last.id}", {"older_than": {"new": border}})
        checkpoint = Checkpoint(last_id=last.id, last_hash=last.hash, at=now.isoformat(timespec="microseconds"))
        checkpoint.signature = anchor.sign(checkpoint.words)
        checkpoint.save(force_insert=True)
        return Entry.objects.filter(id__lte=last.id).delete()[0]
