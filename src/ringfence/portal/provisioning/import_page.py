"""Page: phones from a CSV file, in two steps."""

from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import ngettext

from ringfence.portal.access import actor_of, permitted
from ringfence.portal.permissions import Permission
from ringfence.portal.problems import Refused
from ringfence.portal.provisioning import importing
from ringfence.portal.provisioning.forms import PhoneFileForm
from ringfence.portal.provisioning.table import PATH

SHOWN_FAULTS: Final = 200


@permitted(Permission.PHONES_WRITE)
def import_phones(request: HttpRequest) -> HttpResponse:
    """First a look at the whole file, then all of it or nothing."""
    form = PhoneFileForm(actor_of(request), request.POST or None, request.FILES or None)
    facts: dict[str, Any] = {"form": form}
    if form.is_valid():
        try:
            facts |= _carried_out(request, form)
        except Refused as refused:
            form.explain(refused)
    if "made" in facts:
        done = facts["made"]
        messages.success(
            request, ngettext("%(done)d phone is made.", "%(done)d phones are made.", done) % {"done": done}
        )
        return HttpResponseRedirect(PATH)
    return render(request, "provisioning/import.html", facts, status=422 if form.errors else 200)


def _carried_out(request: HttpRequest, form: PhoneFileForm) -> dict[str, Any]:
    actor, text = actor_of(request), form.content()
    lines = importing.read(text, form.cleaned_data["tenant_id"])
    if "make" in request.POST:
        return {"made": len(importing.make_all(actor, lines))}
    tried = importing.try_out(actor, lines)
    faulty = [line for line in tried if line.faults]
    return {"lines": tried, "faulty": faulty[:SHOWN_FAULTS], "faults": len(faulty), "text": text}
