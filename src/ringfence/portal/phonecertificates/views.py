"""Pages: certificates of phones, and who signs them."""

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from ringfence.portal.access import actor_of, permitted
from ringfence.portal.permissions import Permission
from ringfence.portal.phonecertificates import authority, changes
from ringfence.portal.phonecertificates.api import certificate_of
from ringfence.portal.phonecertificates.forms import AuthorityForm, MakeForm
from ringfence.portal.phonecertificates.models import PhoneCertificate
from ringfence.portal.phonecertificates.table import CERTIFICATES, PATH
from ringfence.portal.problems import Refused
from ringfence.portal.provisioning.changes import extension_named
from ringfence.portal.tables import answer


@permitted(Permission.PHONES_READ)
def certificates(request: HttpRequest) -> HttpResponse:
    actor = actor_of(request)
    facts = {"may_add": actor.may(Permission.PHONES_WRITE), "may_trust": actor.may(Permission.WEB_WRITE)}
    found = PhoneCertificate.objects.visible_to(actor)
    return answer(request, CERTIFICATES, found, "phonecertificates/certificates.html", **facts)


@permitted(Permission.PHONES_WRITE)
def make(request: HttpRequest) -> HttpResponse:
    """The answer is the file itself: the key is nowhere else."""
    actor = actor_of(request)
    form = MakeForm(actor, request.POST or None)
    if form.is_valid():
        try:
            extension = extension_named(actor, form.cleaned_data["tenant_id"], form.cleaned_data["extension"])
            row, issued = changes.make(actor, extension)
        except Refused as refused:
            form.explain(refused)
        else:
            passphrase = form.cleaned_data["passphrase"]
            if passphrase:
                return _file(issued.pkcs12(row.aor, passphrase), "application/x-pkcs12", f"{extension.number}.p12")
            text = issued.pem + issued.key_pem + issued.authority_pem
            return _file(text.encode(), "application/x-pem-file", f"{extension.number}.pem")
    title, button = _("Make a certificate for a phone"), _("Make and download")
    facts = {"form": form, "title": title, "button": button, "back": PATH}
    return render(request, "system/form_page.html", facts, status=422 if form.errors else 200)


def _file(content: bytes, kind: str, name: str) -> HttpResponse:
    response = HttpResponse(content, content_type=kind)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "no-store"
    return response


@permitted(Permission.PHONES_WRITE)
@require_POST
def revoke(request: HttpRequest, certificate_id: int) -> HttpResponse:
    actor = actor_of(request)
    try:
        changes.revoke(actor, certificate_of(actor, certificate_id))
    except Refused as refused:
        messages.error(request, refused.detail)
    else:
        messages.success(request, _("Revoked and in force."))
    return HttpResponseRedirect(PATH)


@permitted(Permission.WEB_WRITE)
def signer(request: HttpRequest) -> HttpResponse:
    """Who signs: this system's own authority, or another."""
    with transaction.atomic():
        row = authority.own()
    initial = {"authorities": row.brought, "revoked": row.brought_revoked}
    form = AuthorityForm(request.POST or None, initial=initial)
    if form.is_valid():
        try:
            changes.trust(actor_of(request), form.cleaned_data["authorities"], form.cleaned_data["revoked"])
        except Refused as refused:
            form.explain(refused)
        else:
            messages.success(request, _("Saved and in force."))
            return HttpResponseRedirect(PATH)
    facts = {"form": form, "title": _("Authority of phones"), "button": _("Save"), "back": PATH}
    return render(request, "system/form_page.html", facts, status=422 if form.errors else 200)
