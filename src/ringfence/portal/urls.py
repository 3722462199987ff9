"""Every address of the portal."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import include, path, re_path
from django.views.static import serve

from ringfence.portal.api import api
from ringfence.portal.problems import NotFound, problem_response
from ringfence.portal.system.assets import STATIC

urlpatterns = [
    path("api/v1/", api.urls),
    path("", include("ringfence.portal.system.urls")),
    path("", include("ringfence.portal.tenants.urls")),
    path("", include("ringfence.portal.people.urls")),
    path("", include("ringfence.portal.security.urls")),
    path("", include("ringfence.portal.calls.urls")),
    path("", include("ringfence.portal.audit.urls")),
    re_path(r"^static/(?P<path>.*)$", serve, {"document_root": STATIC}),  # nginx answers these itself where it runs
]


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    refused = NotFound(detail="There is nothing at this address.")
    if request.path.startswith("/api/"):
        return problem_response(request, refused)
    return render(request, "system/refused.html", {"refused": refused}, status=404)


handler404 = not_found
