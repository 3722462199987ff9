"""Page: outbound rules from a CSV file, in two steps."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _

from ringfence.portal.access import actor_of, permitted
from ringfence.portal.outbound import changes, importing
from ringfence.portal.people.forms import ImportForm
from ringfence.portal.permissions import Permission
from ringfence.portal.problems import NotFound, Refused

SHOWN_FAULTS = 200


@permitted(Permission.OUTBOUND_WRITE)
def import_rules(request: HttpRequest) -> HttpResponse:
    """First a look at the whole file, then all of it or nothing."""
    form = ImportForm(actor_of(request), request.POST or None, request.FILES or None)
    form.fields["file"].help_text = _("UTF-8, the first line names the columns: ") + ", ".join(importing.COLUMNS)
    form.fields["text"].widget.attrs["placeholder"] = "name,order,prefixes,trunks\nGermany,10,+49,Carrier"
    facts: dict[str, Any] = {"form": form}
    if form.is_valid():
        try:
            facts |= _carried_out(request, form)
        except (Refused, NotFound) as refused:
            form.explain(refused)
    if facts.get("made"):
        messages.success(request, _("The rules are made and in force."))
        return HttpResponseRedirect("/outbound-rules")
    return render(request, "outbound/import.html", facts, status=422 if form.errors else 200)


def _carried_out(request: HttpRequest, form: ImportForm) -> dict[str, Any]:
    actor, text = actor_of(request), form.content()
    tenant = changes.tenant_for(actor, form.cleaned_data["tenant_id"])
    lines = importing.read(text, tenant)
    if "make" in request.POST:
        return {"made": importing.make_all(actor, tenant, lines)}
    tried = importing.try_out(actor, tenant, lines)
    faulty = [line for line in tried if line.faults]
    return {"lines": tried, "faulty": faulty[:SHOWN_FAULTS], "faults": len(faulty), "text": text}
