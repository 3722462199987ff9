"""Page: the audit log."""

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from ringfence.portal.access import actor_of, permitted
from ringfence.portal.audit.models import Entry
from ringfence.portal.permissions import Permission

ROWS = 50


@permitted(Permission.AUDIT_READ)
def entries(request: HttpRequest) -> HttpResponse:
    part = Paginator(Entry.objects.visible_to(actor_of(request)), ROWS).get_page(request.GET.get("page"))
    return render(request, "audit/entries.html", {"part": part, "query": ""})
