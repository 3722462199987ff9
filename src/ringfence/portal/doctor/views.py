"""Page: Advanced > Doctor."""

from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from ringfence.doctor import report
from ringfence.portal.access import actor_of, permitted
from ringfence.portal.doctor import fixes, history
from ringfence.portal.permissions import Permission
from ringfence.portal.problems import Refused

HERE: Final = "/doctor"
COLORS: Final = {"critical": "red", "high": "orange", "medium": "yellow", "low": "azure"}
NAMES: Final = {"critical": _("critical"), "high": _("high"), "medium": _("medium"), "low": _("low")}


@permitted(Permission.SECURITY_READ)
def doctor(request: HttpRequest) -> HttpResponse:
    """Score, history and every finding with its way out."""
    found = report.plain(history.examine(), fixes.is_fixable)
    counts = [(NAMES[name], count, COLORS[name]) for name, count in found["counts"].items()]
    for finding in found["findings"]:
        finding |= {"color": COLORS[finding["severity"]], "named": NAMES[finding["severity"]]}
    may_fix = actor_of(request).may(Permission.SECURITY_WRITE)
    facts: dict[str, Any] = {"report": found, "counts": counts, "may_fix": may_fix}
    return render(request, "doctor/doctor.html", facts)


@permitted(Permission.SECURITY_READ)
def scores(request: HttpRequest) -> HttpResponse:
    plotted = history.plot()
    series = [{"label": gettext("Score"), "color": "--tblr-primary", "values": plotted["scores"]}]
    return JsonResponse({"times": plotted["times"], "step": 86_400, "series": series})


@require_POST
@permitted(Permission.SECURITY_WRITE)
def keep(request: HttpRequest) -> HttpResponse:
    row = history.keep(history.examine())
    messages.success(request, gettext("Kept in the history: %(score)s of 100.") % {"score": row.score})
    return HttpResponseRedirect(HERE)


@require_POST
@permitted(Permission.SECURITY_WRITE)
def fix(request: HttpRequest, check_id: str) -> HttpResponse:
    try:
        fixes.apply(actor_of(request), check_id)
    except Refused as refused:
        messages.error(request, refused.detail)
    else:
        messages.success(request, gettext("Mended and in force."))
    return HttpResponseRedirect(HERE)
