"""Where events come from. Blocking questions to the guard and the database, asked in threads of their own."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db import close_old_connections
from django.db.models import Max, Min

from ringfence.policy.people.subscriptions import audit_kind, ledger_kinds
from ringfence.portal import guard
from ringfence.portal.audit.models import Entry
from ringfence.portal.wsi.cursor import Cursor, Stream

PAGE: Final = 500


@dataclass(frozen=True, slots=True)
class Item:
    """One event in its stream."""

    stream: Stream
    number: int
    kind: str
    at: float
    event: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Page:
    """What one question yielded. `after` is where the next one begins; the stream itself holds `oldest` to `last`, but
    no registrations up to `thinned` for sure.
    """

    items: tuple[Item, ...]
    after: int
    oldest: int
    last: int
    thinned: int = 0


def ledger_page(cursor: int, wait: float) -> Page:
    """The guard's next events; waits up to `wait` seconds for the first. Raises Refused."""
    kinds = [str(kind) for kind in ledger_kinds()]
    answer = guard.ask("events.since", wait + 5, cursor=cursor, kinds=kinds, limit=PAGE, wait=wait)
    items = tuple(_of_ledger(event) for event in answer["events"])
    return Page(
        items,
        int(answer["cursor"]),
        int(answer.get("oldest", 0)),
        int(answer.get("last", answer["cursor"])),
        int(answer.get("thinned", 0)),
    )


def audit_page(cursor: int) -> Page:
    """The next entries of the audit log. Raises DatabaseError."""
    close_old_connections()
    # the end is asked for first: what is written between the two questions is then found, never skipped
    ends = Entry.objects.aggregate(oldest=Min("id"), last=Max("id"))
    found = Entry.objects.filter(id__gt=cursor).order_by("id")[:PAGE]
    items = tuple(_of_audit(entry) for entry in found)
    after = items[-1].number if items else max(cursor, ends["last"] or 0)
    return Page(items, after, ends["oldest"] or 0, ends["last"] or 0)


def present() -> Cursor:
    """Where both streams end now. Raises Refused or DatabaseError."""
    return Cursor(ledger_page(1 << 61, 0).last, audit_page(1 << 61).last)


def _of_ledger(event: dict[str, Any]) -> Item:
    return Item(Stream.LEDGER, int(event["id"]), str(event["kind"]), float(event["t"]), event)


def _of_audit(entry: Entry) -> Item:
    event = {
        "audit_id": entry.id,
        "actor": entry.actor,
        "address": entry.address,
        "action": entry.action,
        "object_id": entry.object_id,
        "object_label": entry.object_label,
        "tenant_id": entry.tenant_id,
        "changes": entry.changes,
    }
    at = datetime.fromisoformat(entry.at).timestamp()
    return Item(Stream.AUDIT, entry.id, str(audit_kind(entry.action)), at, event)
