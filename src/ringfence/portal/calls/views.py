"""Pages: registrations, live calls, CDRs."""

from functools import partial
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from ringfence.portal.access import actor_of, permitted
from ringfence.portal.calls import control, live
from ringfence.portal.calls.hours import calls_by_day
from ringfence.portal.calls.models import CallRecord
from ringfence.portal.calls.tables import LIVE_CALLS, REGISTRATIONS, records_table
from ringfence.portal.permissions import Permission
from ringfence.portal.problems import Refused
from ringfence.portal.recordings.running import running_of
from ringfence.portal.spending.currency import with_currency
from ringfence.portal.tables import Remote, answer
from ringfence.portal.tenants.narrowing import by_tenant


@permitted(Permission.CALLS_READ)
def registrations(request: HttpRequest) -> HttpResponse:
    """While the guard does not answer, the page says so and asks again."""
    found = Remote(partial(live.registrations_page, actor_of(request)), lambda item: str(item["aor"]))
    try:
        return answer(request, REGISTRATIONS, found, "calls/registrations.html")
    except Refused as refused:
        return answer(request, REGISTRATIONS, [], "calls/registrations.html", guard_down=refused.detail)


@permitted(Permission.CALLS_READ)
def calls(request: HttpRequest) -> HttpResponse:
    try:
        actor = actor_of(request)
        may = {"may_end": actor.may(Permission.CALLS_WRITE), "may_record": actor.may(Permission.RECORDINGS_WRITE)}
        recorded = running_of(actor)
        found = [
            {**_with_length(call), **may, "recorded": call.get("call_id") in recorded} for call in live.calls(actor)
        ]
        down = ""
    except Refused as refused:
        found, down = [], refused.detail
    return answer(request, LIVE_CALLS, found, "calls/calls.html", guard_down=down)


@permitted(Permission.CALLS_WRITE)
@require_POST
def hang_up(request: HttpRequest, call_id: str) -> HttpResponse:
    try:
        control.hang_up(actor_of(request), call_id)
    except Refused as refused:
        messages.error(request, refused.detail)
    else:
        messages.success(request, _("The call is ended."))
    return HttpResponseRedirect("/calls")


def _with_length(call: dict[str, Any]) -> dict[str, Any]:
    now = timezone.now().timestamp()
    since = float(call.get("answered_at") or call.get("started_at") or now)
    return {**call, "shown_callee": call.get("dialled") or call.get("callee", ""), "lasts": now - since}


@permitted(Permission.CALLS_READ)
def records(request: HttpRequest) -> HttpResponse:
    found = with_currency(CallRecord.objects.visible_to(actor_of(request)))
    return answer(request, by_tenant(records_table(), actor_of(request)), found, "calls/records.html")


@permitted(Permission.CALLS_READ)
def days_chart(request: HttpRequest) -> JsonResponse:
    return JsonResponse(calls_by_day(actor_of(request)))
