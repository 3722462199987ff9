"""Pages of a person with an extension: the own phones, and apps set up by a QR code that works once."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from ringfence.portal.access import actor_of, signed_in
from ringfence.portal.people.own import my_extension_of
from ringfence.portal.problems import NotFound, Refused
from ringfence.portal.provisioning import changes
from ringfence.portal.provisioning.api import shown_with_directory
from ringfence.portal.provisioning.models import Phone
from ringfence.portal.provisioning.qr import picture_of
from ringfence.portal.provisioning.vendors import Vendor
from ringfence.portal.provisioning.wish import Wish

HERE = "/my/phones"


@signed_in
def my_phones(request: HttpRequest) -> HttpResponse:
    found = my_extension_of(request).phones.whole().order_by("pk")
    return render(request, "provisioning/my_phones.html", {"phones": found, "app": Vendor.GENERIC.value})


@signed_in
@require_POST
def add_app(request: HttpRequest) -> HttpResponse:
    """The code on the page leads to a file that can be fetched once, within half an hour."""
    try:
        made = changes.add_app(actor_of(request), my_extension_of(request), Wish(Vendor.GENERIC))
    except Refused as refused:
        messages.error(request, refused.detail)
        return HttpResponseRedirect(HERE)
    told = shown_with_directory(made)
    return render(
        request, "provisioning/my_app.html", {"told": told, "picture": picture_of(told["file"]), "back": HERE}
    )


@signed_in
@require_POST
def delete(request: HttpRequest, phone_id: int) -> HttpResponse:
    """Only apps: desk phones belong to whoever administers them."""
    row: Phone | None = my_extension_of(request).phones.whole().filter(pk=phone_id, vendor=Vendor.GENERIC.value).first()
    if row is None:
        raise NotFound(detail="There is no such app.")
    changes.remove(actor_of(request), row)
    messages.success(request, _("The app is deleted from the list. A new SIP password signs it out."))
    return HttpResponseRedirect(HERE)
