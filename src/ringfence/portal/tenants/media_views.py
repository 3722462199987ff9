"""Pages: how the media of a tenant's extensions is encrypted."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _

from ringfence.policy.relay.encryption import Encryption
from ringfence.portal.access import actor_of, permitted
from ringfence.portal.forms import PortalForm
from ringfence.portal.media_fields import aes_256_field, encryption_field
from ringfence.portal.permissions import Permission
from ringfence.portal.tenants import media
from ringfence.portal.tenants.api import tenant_of


class TenantMediaForm(PortalForm):
    encryption = encryption_field(
        _(
            "Of every extension without a setting of its own. Offered, the default: a phone that offers SRTP gets it, a"
            " phone that is called over TLS is told that it may use it (RFC 8643), and a phone without SRTP works as"
            " ever. Required: an offer without SRTP is refused with 488, phones are called with RTP/SAVP only, and a"
            " plain answer ends the call. Off: plain RTP; an offer of SRTP is refused. Browsers always use DTLS-SRTP."
        )
    )
    aes_256_only = aes_256_field()


@permitted(Permission.TENANT_WRITE)
def tenant_media(request: HttpRequest, tenant_id: int) -> HttpResponse:
    actor = actor_of(request)
    tenant = tenant_of(actor, tenant_id)
    form = TenantMediaForm(request.POST or None, initial=media.facts(tenant))
    back = "/tenants" if actor.above_tenants else "/"
    if form.is_valid():
        wanted = Encryption(form.cleaned_data["encryption"])
        media.set_media(actor, tenant, wanted, form.cleaned_data["aes_256_only"])
        messages.success(request, _("The encryption of media is saved and holds for the next call."))
        return HttpResponseRedirect(back)
    facts = {"form": form, "title": f"{tenant.name}: {_('Media encryption')}", "button": _("Save"), "back": back}
    return render(request, "system/form_page.html", facts, status=422 if form.errors else 200)
