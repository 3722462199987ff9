"""Pages: registrations, live calls, CDRs."""

from collections.abc import Callable
from typing import Any

from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.http import urlencode

from ringfence.portal.access import actor_of, permitted
from ringfence.portal.actor import Actor
from ringfence.portal.calls import live
from ringfence.portal.calls.models import CallRecord
from ringfence.portal.permissions import Permission
from ringfence.portal.problems import Refused

ROWS = 50


@permitted(Permission.CALLS_READ)
def registrations(request: HttpRequest) -> HttpResponse:
    template = "calls/registrations_live.html" if request.headers.get("HX-Request") else "calls/registrations.html"
    facts = _asked(live.registrations, actor_of(request))
    for item in facts["items"]:
        for contact in item.get("contacts", []):
            contact["user_agent"] = contact.get("user_agent") or item.get("user_agent", "")
            contact["source"] = contact.get("source") or item.get("source", "")
    return render(request, template, facts)


@permitted(Permission.CALLS_READ)
def calls(request: HttpRequest) -> HttpResponse:
    template = "calls/calls_live.html" if request.headers.get("HX-Request") else "calls/calls.html"
    facts = _asked(live.calls, actor_of(request))
    now = timezone.now().timestamp()
    for call in facts["items"]:
        call["shown_callee"] = call.get("dialled") or call.get("callee", "")
        call["lasts"] = now - float(call.get("answered_at") or call.get("started_at") or now)
    return render(request, template, facts)


def _asked(question: Callable[[Actor], list[dict[str, Any]]], actor: Actor) -> dict[str, Any]:
    try:
        return {"items": question(actor)}
    except Refused as refused:
        return {"items": [], "guard_down": refused.detail}


@permitted(Permission.CALLS_READ)
def records(request: HttpRequest) -> HttpResponse:
    search = request.GET.get("search", "").strip()
    found = CallRecord.objects.visible_to(actor_of(request)).select_related("tenant")
    if search:
        found = found.filter(Q(caller__icontains=search) | Q(callee__icontains=search) | Q(dialled__icontains=search))
    part = Paginator(found, ROWS).get_page(request.GET.get("page"))
    query = urlencode({"search": search}) + "&" if search else ""
    template = "calls/records_live.html" if request.headers.get("HX-Request") else "calls/records.html"
    return render(request, template, {"part": part, "search": search, "query": query})
