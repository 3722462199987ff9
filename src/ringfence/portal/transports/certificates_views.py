"""Page: Advanced > Transports > Certificates of domains."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _

from ringfence.portal.access import actor_of, permitted
from ringfence.portal.permissions import Permission
from ringfence.portal.problems import Refused
from ringfence.portal.tenants.api import tenant_of
from ringfence.portal.tenants.models import Tenant
from ringfence.portal.transports import certificates as held
from ringfence.portal.webaccess.forms import CertificateForm

HERE = "/transports/certificates"


class DomainCertificateForm(CertificateForm):
    """The host name is the tenant's domain."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["host"]


@permitted(Permission.WEB_WRITE)
def certificates(request: HttpRequest) -> HttpResponse:
    """Each tenant's domain with what phones are shown that ask for it."""
    actor, problem, found = actor_of(request), "", {}
    try:
        if domain := request.POST.get("drop"):
            held.drop(actor, domain)
            messages.success(request, _("Deleted. The domain is served with the portal’s certificate again."))
            return HttpResponseRedirect(HERE)
        found = held.current(actor)
    except Refused as refused:
        problem = refused.detail
    tenants = {tenant.domain: tenant for tenant in Tenant.objects.all()}
    rows = [
        {"domain": domain, "tenant": tenants.get(domain), "certificate": found.get(domain)}
        for domain in sorted({*tenants, *found})
    ]
    facts = {"rows": rows, "problem": problem}
    return render(request, "transports/certificates.html", facts, status=422 if problem else 200)


@permitted(Permission.WEB_WRITE)
def bring(request: HttpRequest, tenant_id: int) -> HttpResponse:
    tenant = tenant_of(actor_of(request), tenant_id)
    form = DomainCertificateForm(request.POST or None)
    if form.is_valid():
        try:
            held.bring(actor_of(request), tenant.domain, form.cleaned_data["chain"], form.cleaned_data["key"])
        except Refused as refused:
            form.explain(refused)
        else:
            messages.success(
                request, _("The certificate for %(names)s is served from now on.") % {"names": tenant.domain}
            )
            return HttpResponseRedirect(HERE)
    title = f"{tenant.domain}: {_('Upload a certificate')}"
    facts = {"form": form, "title": title, "button": _("Check and use it"), "back": HERE}
    return render(request, "webaccess/certificate.html", facts, status=422 if form.errors else 200)
