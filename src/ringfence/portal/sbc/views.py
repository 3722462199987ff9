"""Page: Advanced > SBC; the same is served on the SBC's own port."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from ringfence.portal.access import actor_of, permitted
from ringfence.portal.permissions import Permission
from ringfence.portal.sbc.status import status


@permitted(Permission.WEB_WRITE)
def sbc(request: HttpRequest) -> HttpResponse:
    """What it does now; it is switched on the server."""
    return render(request, "sbc/sbc.html", {"sbc": status(actor_of(request))})
