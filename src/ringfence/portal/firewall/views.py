"""Page: Advanced > Firewall."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _

from ringfence.hosts.firewall import aws
from ringfence.hosts.firewall.apply import NOTHING
from ringfence.portal.access import actor_of, permitted
from ringfence.portal.firewall import changes, plan
from ringfence.portal.firewall.forms import ReachForm
from ringfence.portal.firewall.models import Area
from ringfence.portal.permissions import Permission
from ringfence.portal.problems import Refused

HERE = "/firewall"


@permitted(Permission.WEB_WRITE)
def firewall(request: HttpRequest) -> HttpResponse:
    """The plan, who may come to what, and the plan in the words of each firewall."""
    networks = plan.reach()
    shown = {area.value: "\n".join(getattr(networks, area.value)) for area in Area}
    form = ReachForm(request.POST or None, initial=shown)
    if form.is_valid() and _saved(request, form):
        return HttpResponseRedirect(HERE)
    try:
        current, down = plan.current_plan(), ""
    except Refused as refused:
        current, down = NOTHING, refused.detail
    facts = {
        "form": form,
        "openings": plan.facts(current),
        "limits": current.limits,
        "down": down,
        "renderings": plan.RENDERINGS,
        "aws_quota": aws.QUOTA,
        "aws_needed": aws.quota_needed(current),
    }
    return render(request, "firewall/firewall.html", facts, status=422 if form.errors else 200)


def _saved(request: HttpRequest, form: ReachForm) -> bool:
    before = plan.reach()
    try:
        for area in Area:
            wanted = form.networks(area)
            if wanted != list(getattr(before, area.value)):
                changes.admit(actor_of(request), area, wanted)
    except Refused as refused:
        form.explain(refused)
        return False
    messages.success(request, _("Saved. Put the plan in force on the server with: ringfence firewall apply"))
    return True


@permitted(Permission.WEB_WRITE)
def rendering(request: HttpRequest, form: str) -> HttpResponse:
    """The plan as a file."""
    wanted = plan.RENDERINGS.get(form)
    if wanted is None:
        raise Http404
    answer = HttpResponse(wanted.text(plan.current_plan()), content_type="text/plain; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{wanted.file}"'
    return answer
