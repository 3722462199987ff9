"""What the portal does about old data, once an hour."""

import json
from datetime import datetime, timedelta
from typing import Final

from django.utils import timezone

from ringfence.hosts.jsonfile import replace_json
from ringfence.portal import places
from ringfence.portal.actor import Actor
from ringfence.portal.audit.chain import append
from ringfence.portal.calls.models import CallRecord
from ringfence.portal.retention.models import KeptData

RETENTION: Final = Actor("retention", "local", administers_system=True)
BATCH: Final = 5_000
"""Call records that go in one step, so that nobody waits for the database."""


def delete_old_call_records(now: datetime | None = None) -> int:
    """How many went; an audit entry says so."""
    days = KeptData.current().call_record_days
    if days == 0:
        return 0
    border = (now or timezone.now()) - timedelta(days=days)
    gone = 0
    while found := list(CallRecord.objects.filter(ended_at__lt=border).values_list("pk", flat=True)[:BATCH]):
        gone += CallRecord.objects.filter(pk__in=found).delete()[0]
    if gone:
        append(
            RETENTION, "call_records.deleted", "", f"{gone} call records", {"older_than": {"new": border.isoformat()}}
        )
    return gone


def write_log_rules() -> int:
    """Tells the supervisor how much of the logs is kept; 1 if that is new to it."""
    kept, path = KeptData.current(), places.PATHS.log_rules
    wanted = {"megabytes": kept.log_megabytes, "files": kept.log_files, "days": kept.log_days}
    if path.exists() and path.read_text(encoding="utf-8") == json.dumps(wanted):
        return 0
    replace_json(path, wanted)
    return 1
