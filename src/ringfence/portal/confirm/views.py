"""The banner with the countdown, on every page of whoever may confirm, and its two buttons."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_POST

from ringfence.portal.access import actor_of, permitted
from ringfence.portal.confirm import changes
from ringfence.portal.confirm.connection import connection_of
from ringfence.portal.confirm.moment import present
from ringfence.portal.confirm.said import in_words
from ringfence.portal.permissions import Permission


def unconfirmed(request: HttpRequest) -> dict[str, Any]:
    """For every page: what waits, how long, and whether this very connection may confirm it."""
    person = getattr(request, "user", None)
    if person is None or not person.is_authenticated or not actor_of(request).may(Permission.SECURITY_WRITE):
        return {}
    connection, now = connection_of(request), present()
    rows = [
        {
            "row": row,
            "what": in_words(row),
            "left": row.seconds_left(now),
            "may_confirm": changes.objection_to(row, connection) is None,
        }
        for row in changes.waiting().order_by("reverts_at")
    ]
    return {"unconfirmed": rows}


@permitted(Permission.SECURITY_WRITE)
def banner(request: HttpRequest) -> HttpResponse:
    return render(request, "confirm/banner.html")


@permitted(Permission.SECURITY_WRITE)
@require_POST
def confirm(request: HttpRequest, number: int) -> HttpResponse:
    changes.confirm(actor_of(request), changes.found(number), connection_of(request))
    messages.success(request, "Confirmed: the change stays.")
    return HttpResponseRedirect("/")


@permitted(Permission.SECURITY_WRITE)
@require_POST
def revert(request: HttpRequest, number: int) -> HttpResponse:
    changes.revert(actor_of(request), changes.found(number))
    messages.success(request, "Taken back: it is as it was before the change.")
    return HttpResponseRedirect("/")
