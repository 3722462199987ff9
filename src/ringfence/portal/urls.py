"""Every address of the portal."""

from mimetypes import guess_type
from pathlib import Path

from django.core.exceptions import SuspiciousFileOperation
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import include, path
from django.utils._os import safe_join

from ringfence.portal.api import api
from ringfence.portal.problems import NotFound, problem_response
from ringfence.portal.system.assets import STATIC


def static_file(request: HttpRequest, name: str) -> HttpResponse:
    """nginx answers for these where it runs; alone, the portal does it itself."""
    try:
        content = Path(safe_join(STATIC, name)).read_bytes()
    except (OSError, SuspiciousFileOperation) as error:
        raise Http404 from error
    response = HttpResponse(content, content_type=guess_type(name)[0] or "application/octet-stream")
    response["Cache-Control"] = "public, max-age=3600"
    return response


urlpatterns = [
    path("api/v1/", api.urls),
    path("", include("ringfence.portal.system.urls")),
    path("", include("ringfence.portal.signin.urls")),
    path("", include("ringfence.portal.tenants.urls")),
    path("", include("ringfence.portal.people.urls")),
    path("", include("ringfence.portal.security.urls")),
    path("", include("ringfence.portal.notices.urls")),
    path("", include("ringfence.portal.calls.urls")),
    path("", include("ringfence.portal.spending.urls")),
    path("", include("ringfence.portal.audit.urls")),
    path("", include("ringfence.portal.confirm.urls")),
    path("", include("ringfence.portal.webaccess.urls")),
    path("", include("ringfence.portal.acme.urls")),
    path("", include("ringfence.portal.firewall.urls")),
    path("", include("ringfence.portal.transports.urls")),
    path("", include("ringfence.portal.phonecertificates.urls")),
    path("", include("ringfence.portal.network.urls")),
    path("", include("ringfence.portal.retention.urls")),
    path("", include("ringfence.portal.sbc.urls")),
    path("", include("ringfence.portal.trunks.urls")),
    path("", include("ringfence.portal.voicemail.urls")),
    path("", include("ringfence.portal.recordings.urls")),
    path("", include("ringfence.portal.outbound.urls")),
    path("", include("ringfence.portal.inbound.urls")),
    path("", include("ringfence.portal.answering.urls")),
    path("", include("ringfence.portal.backups.urls")),
    path("", include("ringfence.portal.doctor.urls")),
    path("", include("ringfence.portal.provisioning.urls")),
    path("", include("ringfence.portal.webphone.urls")),
    path("static/<path:name>", static_file),
]


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    refused = NotFound(detail="There is nothing at this address.")
    if request.path.startswith("/api/"):
        return problem_response(request, refused)
    return render(request, "system/refused.html", {"refused": refused}, status=404)


handler404 = not_found
