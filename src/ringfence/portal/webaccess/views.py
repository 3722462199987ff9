"""Pages: Advanced > Web Access."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _

from ringfence.portal.access import actor_of, permitted
from ringfence.portal.permissions import Permission
from ringfence.portal.problems import Refused
from ringfence.portal.webaccess import changes
from ringfence.portal.webaccess.forms import CertificateForm, ListenersForm, NetworksForm

HERE = "/web-access"


@permitted(Permission.WEB_WRITE)
def web_access(request: HttpRequest) -> HttpResponse:
    """Two forms beside the certificate: listeners and administrators' networks."""
    state, down = _state(request)
    listeners = ListenersForm(request.POST if "listen" in request.POST else None, initial=state)
    networks = NetworksForm(
        request.POST if "admit" in request.POST else None,
        initial={"administrator_networks": "\n".join(changes.networks())},
    )
    if _saved(request, listeners, networks):
        return HttpResponseRedirect(HERE)
    facts = {"listeners": listeners, "networks": networks, "state": state, "web_server_down": down}
    return render(
        request, "webaccess/web_access.html", facts, status=422 if listeners.errors or networks.errors else 200
    )


def _state(request: HttpRequest) -> tuple[dict[str, Any], str]:
    try:
        return changes.current(actor_of(request)), ""
    except Refused as refused:
        return {}, refused.detail


def _saved(request: HttpRequest, listeners: ListenersForm, networks: NetworksForm) -> bool:
    actor = actor_of(request)
    form = listeners if "listen" in request.POST else networks
    if not form.is_valid():
        return False
    try:
        if form is listeners:
            changes.switch_listeners(actor, listeners.cleaned_data)
        else:
            changes.admit_administrators(actor, networks.networks())
    except Refused as refused:
        form.explain(refused)
        return False
    messages.success(request, _("Saved and in force."))
    return True


@permitted(Permission.WEB_WRITE)
def certificate(request: HttpRequest) -> HttpResponse:
    form = CertificateForm(request.POST or None, initial={"host": request.get_host().partition(":")[0]})
    if form.is_valid():
        try:
            after = changes.bring_certificate(actor_of(request), **form.cleaned_data)
        except Refused as refused:
            form.explain(refused)
        else:
            names = ", ".join(after["certificate"]["names"])
            messages.success(request, _("The certificate for %(names)s is served from now on.") % {"names": names})
            return HttpResponseRedirect(HERE)
    facts = {"form": form, "title": _("Upload a certificate"), "button": _("Check and use it"), "back": HERE}
    return render(request, "webaccess/certificate.html", facts, status=422 if form.errors else 200)
