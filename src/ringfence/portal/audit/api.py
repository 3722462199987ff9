"""REST: the audit log, read only."""

from typing import Any

from ninja import Router

from ringfence.portal.access import needs
from ringfence.portal.actor import ApiRequest
from ringfence.portal.audit.models import Entry
from ringfence.portal.paging import PageQuery, rows
from ringfence.portal.permissions import Permission

router = Router()


def entry_facts(entry: Entry) -> dict[str, Any]:
    names = (
        "id",
        "at",
        "actor",
        "address",
        "action",
        "object_id",
        "object_label",
        "tenant_id",
        "changes",
        "previous_hash",
        "hash",
    )
    return {name: getattr(entry, name) for name in names}


@router.get("audit-log")
@needs(Permission.AUDIT_READ)
def list_entries(request: ApiRequest, page: PageQuery, action: str = "", actor: str = "") -> dict[str, Any]:
    """Newest first."""
    found = Entry.objects.visible_to(request.auth)
    if action:
        found = found.filter(action__startswith=action)
    if actor:
        found = found.filter(actor=actor)
    return rows(found, page, entry_facts)
