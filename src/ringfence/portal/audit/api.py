"""REST: the audit log, read only."""

from datetime import datetime
from typing import Annotated, Any

from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from ninja import Field, Query, Router, Schema

from ringfence.portal.access import needs
from ringfence.portal.actor import Actor, ApiRequest
from ringfence.portal.audit import export
from ringfence.portal.audit.export import FileFormat, entry_facts
from ringfence.portal.audit.models import Entry
from ringfence.portal.paging import PageOut, PageQuery, rows
from ringfence.portal.permissions import Permission
from ringfence.portal.schema import Instant, Out

router = Router()


class AuditEntryOut(Out):
    id: int
    at: str
    actor: str
    address: str
    action: str
    object_id: str
    object_label: str
    tenant_id: int | None
    changes: dict[str, Any]
    previous_hash: str
    hash: str


class AuditEntryPage(PageOut):
    items: list[AuditEntryOut]


class Wanted(Schema):
    """Which entries. `action` is a beginning, such as `user.`; `object` is a kind and an id, such as `user:17`."""

    action: str = Field("", max_length=64)
    actor: str = Field("", max_length=320)
    object: str = Field("", max_length=128, pattern=r"^$|^[a-z_.]+:[^\x00]*$")
    since: Instant | None = None
    until: Instant | None = None


class ExportFormat(Schema):
    """How the file is written."""

    format: FileFormat = FileFormat.CSV


WantedQuery = Annotated[Wanted, Query(...)]
FormQuery = Annotated[ExportFormat, Query(...)]


def entries(actor: Actor, wanted: Wanted) -> QuerySet[Entry]:
    """The entries that the actor may see and wants."""
    found: QuerySet[Entry] = Entry.objects.visible_to(actor)
    if wanted.action:
        found = found.filter(action__startswith=wanted.action)
    if wanted.actor:
        found = found.filter(actor=wanted.actor)
    if wanted.object:
        kind, _, object_id = wanted.object.partition(":")
        found = found.filter(object_id=object_id, action__startswith=f"{kind}.")
    if wanted.since:
        found = found.filter(at__gte=_text(wanted.since))
    if wanted.until:
        found = found.filter(at__lt=_text(wanted.until))
    return found


@router.get("audit-log", response=AuditEntryPage)
@needs(Permission.AUDIT_READ)
def list_entries(request: ApiRequest, page: PageQuery, wanted: WantedQuery) -> dict[str, Any]:
    """Newest first."""
    return rows(entries(request.auth, wanted), page, entry_facts)


@router.get("audit-log/export")
@needs(Permission.AUDIT_READ)
def export_entries(request: ApiRequest, wanted: WantedQuery, form: FormQuery) -> StreamingHttpResponse:
    """A file, oldest first."""
    return export.answer(entries(request.auth, wanted), form.format)


def _text(moment: datetime) -> str:
    """As it stands in the table: UTC with microseconds."""
    return moment.isoformat(timespec="microseconds")
