"""Page: the audit log."""

from django.http import HttpRequest, HttpResponse

from ringfence.portal.access import actor_of, administrators
from ringfence.portal.audit.models import Entry
from ringfence.portal.audit.table import AUDIT_LOG
from ringfence.portal.tables import answer


@administrators
def entries(request: HttpRequest) -> HttpResponse:
    return answer(request, AUDIT_LOG, Entry.objects.visible_to(actor_of(request)), "audit/entries.html")
