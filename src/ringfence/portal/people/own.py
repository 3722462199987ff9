"""Pages of a person with an extension: the own phones, the own calls. Nothing of anybody else."""

from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from ringfence.portal.access import actor_of, signed_in
from ringfence.portal.calls import live
from ringfence.portal.calls.models import CallRecord
from ringfence.portal.calls.tables import records_table
from ringfence.portal.people.calling import calling_of
from ringfence.portal.people.models import Extension
from ringfence.portal.people.templatetags.phones import server_of, ways_of_phones
from ringfence.portal.problems import NotFound, Refused
from ringfence.portal.spending.currency import with_currency
from ringfence.portal.tables import answer


def my_extension_of(request: HttpRequest) -> Extension:
    """Raises NotFound for who has none, such as the system administrator."""
    found = (
        Extension.objects.select_related("tenant", "person__role")
        .filter(person_id=actor_of(request).person_id or 0)
        .first()
    )
    if found is None:
        raise NotFound(detail="You have no extension.")
    return found


@signed_in
def my_extension(request: HttpRequest) -> HttpResponse:
    extension = my_extension_of(request)
    facts = {
        "extension": extension,
        "calling": calling_of(extension),
        "server": server_of(extension.tenant),
        "ways": ways_of_phones(extension.tenant.tls_only),
        **_devices(request, extension),
    }
    return render(request, "people/my_extension.html", facts)


@signed_in
def my_devices(request: HttpRequest) -> HttpResponse:
    return render(request, "people/my_devices.html", _devices(request, my_extension_of(request)))


def _devices(request: HttpRequest, extension: Extension) -> dict[str, Any]:
    """The phones that are registered as this extension now."""
    try:
        part, _ = live.registrations_page(actor_of(request), extension.aor, "", "", 50)
    except Refused as refused:
        return {"devices": [], "guard_down": refused.detail}
    own = [item for item in part.rows if item["aor"] == extension.aor]
    return {"devices": [contact for item in own for contact in item["contacts"]]}


@signed_in
def my_calls(request: HttpRequest) -> HttpResponse:
    return answer(
        request, records_table("/my/calls"), with_currency(calls_of(my_extension_of(request))), "people/my_calls.html"
    )


def calls_of(extension: Extension) -> QuerySet[CallRecord]:
    """The calls this extension made and those made to it."""
    made = Q(caller=extension.aor) | Q(callee=extension.aor) | Q(dialled__in=(extension.number, extension.aor))
    return CallRecord.objects.filter(tenant_id=extension.tenant_id).filter(made)
