"""Page: the audit log."""

from django.http import HttpRequest, HttpResponse

from ringfence.portal.access import actor_of, permitted
from ringfence.portal.audit.models import Entry
from ringfence.portal.audit.table import AUDIT_LOG
from ringfence.portal.permissions import Permission
from ringfence.portal.tables import answer


@permitted(Permission.AUDIT_READ)
def entries(request: HttpRequest) -> HttpResponse:
    return answer(request, AUDIT_LOG, Entry.objects.visible_to(actor_of(request)), "audit/entries.html")
