"""Page: Advanced > SBC; the same is served on the SBC's own port."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _

from ringfence.portal.access import actor_of, permitted
from ringfence.portal.permissions import Permission
from ringfence.portal.problems import Refused
from ringfence.portal.sbc import changes
from ringfence.portal.sbc.status import status
from ringfence.portal.transports.views import CLIENTS, wanted_clients


@permitted(Permission.WEB_WRITE)
def sbc(request: HttpRequest) -> HttpResponse:
    """What it does now, and whether it asks phones for certificates; it is switched on the server."""
    problem = ""
    if request.method == "POST":
        try:
            changes.ask(actor_of(request), wanted_clients(request.POST.get("clients", "")))
        except Refused as refused:
            problem = refused.problems[0].message if refused.problems else refused.detail
        else:
            messages.success(request, _("Saved and in force."))
            return HttpResponseRedirect("/sbc")
    facts = {"sbc": status(actor_of(request)), "choices": CLIENTS, "problem": problem}
    return render(request, "sbc/sbc.html", facts, status=422 if problem else 200)
