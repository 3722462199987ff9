"""Pages: Advanced > Web Access > Certificate of an authority."""

from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from ringfence.portal.access import actor_of, permitted
from ringfence.portal.acme import changes
from ringfence.portal.acme.forms import AcmeForm
from ringfence.portal.acme.models import AcmeSettings, CertificateOrder
from ringfence.portal.acme.table import ORDERS
from ringfence.portal.language import told
from ringfence.portal.permissions import Permission
from ringfence.portal.problems import Refused
from ringfence.portal.tables import answer

HERE: Final = "/web-access/acme"


@permitted(Permission.WEB_WRITE)
def acme(request: HttpRequest) -> HttpResponse:
    """The settings beside the orders."""
    form = AcmeForm(request.POST or None, initial=_initial(request))
    if form.is_valid():
        try:
            changes.configure(actor_of(request), form.values())
        except Refused as refused:
            form.explain(refused)
        else:
            messages.success(request, _("Saved."))
            return HttpResponseRedirect(HERE)
    facts = {"form": form, "settings": AcmeSettings.current()}
    response = answer(request, ORDERS, CertificateOrder.objects.all(), "acme/acme.html", **facts)
    if form.errors:
        response.status_code = 422
    return response


def _initial(request: HttpRequest) -> dict[str, Any]:
    found = changes.current(actor_of(request))
    return {**found, "names": "\n".join(found["names"])}


@permitted(Permission.WEB_WRITE)
@require_POST
def order(request: HttpRequest) -> HttpResponse:
    try:
        changes.ask_for_one(actor_of(request))
    except Refused as refused:
        messages.error(request, told(refused.detail))
    return HttpResponseRedirect(HERE)
