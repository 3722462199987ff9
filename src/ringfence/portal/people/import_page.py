"""Page: extensions from a CSV file, in two steps. The secrets are on the last page, and nowhere else."""

import base64
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from ringfence.portal.access import actor_of, permitted
from ringfence.portal.people import importing
from ringfence.portal.people.forms import ImportForm
from ringfence.portal.people.importing import Made
from ringfence.portal.permissions import Permission
from ringfence.portal.problems import Refused
from ringfence.portal.tables.csvfile import csv_text

SHOWN_FAULTS = 200


@permitted(Permission.USERS_WRITE)
def import_users(request: HttpRequest) -> HttpResponse:
    """First a look at the whole file, then all of it or nothing."""
    form = ImportForm(actor_of(request), request.POST or None, request.FILES or None)
    facts: dict[str, Any] = {"form": form}
    if form.is_valid():
        try:
            facts |= _carried_out(request, form)
        except Refused as refused:
            form.explain(refused)
    if "made" in facts:
        return render(request, "people/imported.html", facts)
    return render(request, "people/import.html", facts, status=422 if form.errors else 200)


def _carried_out(request: HttpRequest, form: ImportForm) -> dict[str, Any]:
    actor, text = actor_of(request), form.content()
    lines = importing.read(text, form.cleaned_data["tenant_id"])
    if "make" in request.POST:
        made = importing.make_all(actor, lines)
        return {"made": made, "file": _file(made)}
    tried = importing.try_out(actor, lines)
    faulty = [line for line in tried if line.faults]
    return {"lines": tried, "faulty": faulty[:SHOWN_FAULTS], "faults": len(faulty), "text": text}


def _file(made: list[Made]) -> str:
    """The secrets as a file to save, inside the page: it is on no disk of the server."""
    rows = [
        (item.person.extension.number, item.person.extension.tenant.domain, item.person.display_name, item.secret)
        for item in made
    ]
    text = csv_text(("extension", "domain", "display_name", "sip_secret"), rows)
    return "data:text/csv;charset=utf-8;base64," + base64.b64encode(text.encode()).decode()
