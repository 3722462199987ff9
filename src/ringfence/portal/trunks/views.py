"""Pages: trunks."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from ringfence.policy.trunking.trunks import TrunkKind
from ringfence.portal.access import actor_of, permitted
from ringfence.portal.permissions import Permission
from ringfence.portal.problems import NotFound, Refused
from ringfence.portal.tables import answer
from ringfence.portal.trunks import changes
from ringfence.portal.trunks.api import trunk_of
from ringfence.portal.trunks.forms import ADVICE, TrunkForm, initial_of
from ringfence.portal.trunks.models import Trunk
from ringfence.portal.trunks.state import told
from ringfence.portal.trunks.table import KINDS, TRUNKS

HERE = "/trunks"


@permitted(Permission.TRUNKS_READ)
def trunks(request: HttpRequest) -> HttpResponse:
    found = Trunk.objects.select_related("tenant")
    may_add = actor_of(request).may(Permission.TRUNKS_WRITE)
    kinds = [(kind.value, title) for kind, title in KINDS.items()]
    return answer(request, TRUNKS, found, "trunks/trunks.html", known=told(), kinds=kinds, may_add=may_add)


@permitted(Permission.TRUNKS_WRITE)
def new(request: HttpRequest, kind: str) -> HttpResponse:
    if kind not in [item.value for item in TrunkKind]:
        raise NotFound(detail="There is no such kind of trunk.")
    wanted = TrunkKind(kind)
    form = TrunkForm(actor_of(request), wanted, request.POST or None)
    if form.is_valid():
        try:
            made, password = changes.add(actor_of(request), wanted, form.cleaned_data["tenant_id"], form.wish())
        except Refused as refused:
            form.explain(refused)
        else:
            return _made(request, made, password)
    facts = {"form": form, "title": KINDS[wanted], "intro": ADVICE[wanted], "button": _("Add Trunk"), "back": HERE}
    return render(request, "system/form_page.html", facts, status=422 if form.errors else 200)


def _made(request: HttpRequest, made: Trunk, password: str) -> HttpResponse:
    if password:
        return render(request, "trunks/password.html", {"trunk": made, "password": password, "back": HERE})
    messages.success(request, _("The trunk %(name)s is ready.") % {"name": made.name})
    return HttpResponseRedirect(HERE)


@permitted(Permission.TRUNKS_WRITE)
def edit(request: HttpRequest, trunk_id: int) -> HttpResponse:
    row = trunk_of(trunk_id)
    kind = TrunkKind(row.kind)
    now = changes.facts(row)
    form = TrunkForm(actor_of(request), kind, request.POST or None, fixed=True, initial=initial_of(now))
    if form.is_valid():
        try:
            changes.alter(actor_of(request), row, form.wish())
        except Refused as refused:
            form.explain(refused)
        else:
            messages.success(request, _("Saved and in force."))
            return HttpResponseRedirect(HERE)
    facts = {"form": form, "title": row.name, "intro": ADVICE[kind], "button": _("Save"), "back": HERE}
    facts["delete"] = f"{HERE}/{row.pk}/delete"
    return render(request, "system/form_page.html", facts, status=422 if form.errors else 200)


@permitted(Permission.TRUNKS_WRITE)
@require_POST
def delete(request: HttpRequest, trunk_id: int) -> HttpResponse:
    row = trunk_of(trunk_id)
    try:
        changes.remove(actor_of(request), row)
    except Refused as refused:
        messages.error(request, refused.detail)
    else:
        messages.success(request, _("The trunk %(name)s is deleted.") % {"name": row.name})
    return HttpResponseRedirect(HERE)
