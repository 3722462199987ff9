"""Pages: the security dashboard."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from ringfence.portal.access import permitted
from ringfence.portal.permissions import Permission
from ringfence.portal.security.dashboard import SPANS, chart, facts


@permitted(Permission.SECURITY_READ)
def dashboard(request: HttpRequest) -> HttpResponse:
    shown = {**facts(request.GET.get("span", "")), "spans": [(name, span.title) for name, span in SPANS.items()]}
    return render(request, "security/dashboard.html", shown)


@permitted(Permission.SECURITY_READ)
def now(request: HttpRequest) -> HttpResponse:
    return render(request, "security/dashboard_now.html", facts(request.GET.get("span", "")))


@permitted(Permission.SECURITY_READ)
def attacks_chart(request: HttpRequest) -> HttpResponse:
    return JsonResponse(chart(request.GET.get("span", ""), request.GET.get("of", "")))
