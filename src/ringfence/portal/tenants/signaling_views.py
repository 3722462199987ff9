"""Pages: how a tenant's extensions speak SIP."""

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _

from ringfence.portal.access import actor_of, permitted
from ringfence.portal.forms import PortalForm
from ringfence.portal.permissions import Permission
from ringfence.portal.problems import Refused
from ringfence.portal.tenants import signaling
from ringfence.portal.tenants.api import tenant_of


class TenantSignalingForm(PortalForm):
    tls_only = forms.BooleanField(
        required=False,
        label=_("TLS only"),
        help_text=_(
            "REGISTER and calls of this tenant's extensions over UDP or TCP are refused with 403 Use TLS, before a"
            " password is asked; phones that registered in the clear before are not called any more. TLS and WSS count"
            " as encrypted, also through the SBC. Trunks have their own transport, and emergency calls are never"
            " refused. Phones that this system provisions get TLS. Default: off."
        ),
    )
    sha_256_digests = forms.BooleanField(
        required=False,
        label=_("SHA-256 digests"),
        help_text=_(
            "Phones prove their password with SHA-256 instead of MD5 (RFC 8760). A phone that knows nothing but MD5"
            " does not register any more: each attempt gets a new 401, and none counts as a failed authentication."
            " Browser phones go on with MD5, inside TLS. Default: off, because many phones know nothing but MD5."
        ),
    )


@permitted(Permission.TENANT_WRITE)
def tenant_signaling(request: HttpRequest, tenant_id: int) -> HttpResponse:
    actor = actor_of(request)
    tenant = tenant_of(actor, tenant_id)
    form = TenantSignalingForm(request.POST or None, initial=signaling.facts(tenant))
    back = "/tenants" if actor.above_tenants else "/"
    if form.is_valid():
        try:
            wanted = form.cleaned_data
            signaling.set_signaling(actor, tenant, wanted["tls_only"], wanted["sha_256_digests"])
        except Refused as refused:
            form.explain(refused)
        else:
            messages.success(request, _("Saved and in force."))
            return HttpResponseRedirect(back)
    facts = {"form": form, "title": f"{tenant.name}: {_('Signaling')}", "button": _("Save"), "back": back}
    return render(request, "system/form_page.html", facts, status=422 if form.errors else 200)
