"""Pages: phones, their secret directories, what holds for a tenant's phones."""

from collections.abc import Callable
from typing import Any, Final

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from ringfence.portal.access import actor_of, permitted
from ringfence.portal.actor import Actor
from ringfence.portal.permissions import Permission
from ringfence.portal.problems import NotFound, Refused, refuse
from ringfence.portal.provisioning import changes
from ringfence.portal.provisioning.api import phone_of, shown_with_directory
from ringfence.portal.provisioning.forms import PhoneForm, RulesForm, initial_of
from ringfence.portal.provisioning.models import Opening, Phone, ProvisioningRules
from ringfence.portal.provisioning.qr import picture_of
from ringfence.portal.provisioning.table import PATH, is_open, phones_table
from ringfence.portal.tables import answer
from ringfence.portal.tables.bulk import marked
from ringfence.portal.tenants.models import Tenant

ACTIONS: Final[dict[str, Callable[[Actor, Phone], object]]] = {
    "open": changes.reopen,
    "rotate": changes.rotate,
    "delete": changes.remove,
}


@permitted(Permission.PHONES_READ)
def phones(request: HttpRequest) -> HttpResponse:
    actor = actor_of(request)
    found = Phone.objects.visible_to(actor).whole()
    facts = {"may_add": actor.may(Permission.PHONES_WRITE), "tenants": Tenant.objects.visible_to(actor)[:100]}
    return answer(request, phones_table(actor), found, "provisioning/phones.html", **facts)


@permitted(Permission.PHONES_WRITE)
@require_POST
def bulk(request: HttpRequest) -> HttpResponse:
    """The same for every marked phone, or for none of them."""
    try:
        done = _change_many(actor_of(request), marked(request), request.POST.get("action", ""))
    except Refused as refused:
        messages.error(request, refused.detail)
    else:
        messages.success(
            request, ngettext("%(done)d phone is changed.", "%(done)d phones are changed.", done) % {"done": done}
        )
    return HttpResponseRedirect(PATH)


def _change_many(actor: Actor, ids: list[int], action: str) -> int:
    if action not in ACTIONS:
        raise refuse("action", "phones.action", "There is no such action.")
    if not ids:
        raise refuse("id", "phones.none", "No row is marked.")
    with transaction.atomic():
        found = list(Phone.objects.visible_to(actor).whole().filter(pk__in=ids))
        if len(found) != len(set(ids)):
            raise NotFound(detail="One of these phones does not exist any more; nothing was changed. Look again.")
        for row in found:
            ACTIONS[action](actor, row)
    return len(found)


@permitted(Permission.PHONES_WRITE)
def new(request: HttpRequest) -> HttpResponse:
    """After it the directory and the passwords are on the page."""
    actor = actor_of(request)
    form = PhoneForm(actor, request.POST or None, initial=_asked_for(request))
    if form.is_valid():
        try:
            extension = changes.extension_named(
                actor, form.cleaned_data["tenant_id"], form.cleaned_data["extension"].strip()
            )
            made = changes.add(actor, extension, form.wish())
        except Refused as refused:
            form.explain(refused)
        else:
            return _directory(request, made)
    facts = {
        "form": form,
        "title": _("Add Phone"),
        "button": _("Add Phone"),
        "back": PATH,
        "intro": _("The phone gets a secret address of its own, shown on the next page."),
    }
    return render(request, "system/form_page.html", facts, status=422 if form.errors else 200)


def _asked_for(request: HttpRequest) -> dict[str, str]:
    """What a link to the form fills in already."""
    return {"extension": request.GET.get("extension", "")[:64], "tenant_id": request.GET.get("tenant", "")[:20]}


@permitted(Permission.PHONES_READ, Permission.PHONES_WRITE)
def phone(request: HttpRequest, phone_id: int) -> HttpResponse:
    actor = actor_of(request)
    row = phone_of(actor, phone_id)
    form = PhoneForm(actor, request.POST or None, fixed=True, initial=initial_of(changes.facts(row)))
    if form.is_valid():
        try:
            extension = changes.extension_named(actor, row.tenant_id, form.cleaned_data["extension"].strip())
            changes.alter(actor, row, form.wish(), extension)
        except Refused as refused:
            form.explain(refused)
        else:
            messages.success(request, _("Saved. A registered phone is asked to fetch it now."))
            return HttpResponseRedirect(f"{PATH}/{row.pk}")
    facts = {
        "form": form,
        "row": row,
        "is_open": is_open(row),
        "is_always": row.opening == Opening.ALWAYS,
        "may_change": actor.may(Permission.PHONES_WRITE),
    }
    return render(request, "provisioning/phone.html", facts, status=422 if form.errors else 200)


@permitted(Permission.PHONES_WRITE)
@require_POST
def directory(request: HttpRequest, phone_id: int) -> HttpResponse:
    row = phone_of(actor_of(request), phone_id)
    changes.note_shown(actor_of(request), row)
    return _directory(request, row)


@permitted(Permission.PHONES_WRITE)
@require_POST
def rotate(request: HttpRequest, phone_id: int) -> HttpResponse:
    actor = actor_of(request)
    return _directory(request, changes.rotate(actor, phone_of(actor, phone_id)))


@permitted(Permission.PHONES_WRITE)
@require_POST
def reopen(request: HttpRequest, phone_id: int) -> HttpResponse:
    actor = actor_of(request)
    changes.reopen(actor, phone_of(actor, phone_id))
    messages.success(request, _("The directory is open for 15 minutes; a registered phone is asked to fetch now."))
    return HttpResponseRedirect(f"{PATH}/{phone_id}")


@permitted(Permission.PHONES_WRITE)
@require_POST
def delete(request: HttpRequest, phone_id: int) -> HttpResponse:
    actor = actor_of(request)
    row = phone_of(actor, phone_id)
    try:
        changes.remove(actor, row)
    except Refused as refused:
        messages.error(request, refused.detail)
    else:
        messages.success(request, _("The phone is deleted; its directory leads nowhere."))
    return HttpResponseRedirect(PATH)


@permitted(Permission.PHONES_READ, Permission.PHONES_WRITE)
def rules(request: HttpRequest) -> HttpResponse:
    """What holds for all phones of one tenant; `?tenant=` says which, for who sees several."""
    actor = actor_of(request)
    chosen = request.GET.get("tenant", "")
    tenants = Tenant.objects.visible_to(actor)
    tenant = tenants.filter(pk=int(chosen)).first() if chosen.isdecimal() and len(chosen) < 18 else tenants.first()
    if tenant is None:
        raise NotFound(detail="There is no such tenant.")
    now = changes.rules_facts(ProvisioningRules.of(tenant))
    form = RulesForm(request.POST or None, initial={**now, "networks": "\n".join(now["networks"])})
    if form.is_valid():
        try:
            changes.set_rules(actor, tenant, **form.cleaned_data)
        except Refused as refused:
            form.explain(refused)
        else:
            messages.success(request, _("Saved and in force."))
            return HttpResponseRedirect(PATH)
    facts = {
        "form": form,
        "title": _("Provisioning of %(name)s") % {"name": tenant.name},
        "button": _("Save"),
        "back": PATH,
        "intro": _("What holds for every phone of the tenant that says nothing else itself."),
    }
    return render(request, "system/form_page.html", facts, status=422 if form.errors else 200)


def _directory(request: HttpRequest, row: Phone) -> HttpResponse:
    told: dict[str, Any] = shown_with_directory(row)
    facts = {"row": row, "told": told, "picture": picture_of(told["file"]), "back": f"{PATH}/{row.pk}"}
    return render(request, "provisioning/directory.html", facts)
