"""Page: Advanced > Voice Network."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _

from ringfence.portal.access import actor_of, permitted
from ringfence.portal.network import changes
from ringfence.portal.network.forms import VoiceNetworkForm
from ringfence.portal.permissions import Permission
from ringfence.portal.problems import Refused

HERE = "/voice-network"


@permitted(Permission.WEB_WRITE)
def voice_network(request: HttpRequest) -> HttpResponse:
    """One form beside the links of this machine."""
    state, down = _state(request)
    form = VoiceNetworkForm(request.POST or None, initial=state.get("settings"))
    if form.is_valid():
        values = dict(form.cleaned_data)
        try:
            changes.put_in_force(actor_of(request), values, values.pop("interrupt_calls"))
        except Refused as refused:
            form.explain(refused)
        else:
            messages.success(request, _("Saved and in force."))
            return HttpResponseRedirect(HERE)
    facts = {"form": form, "state": state, "down": down}
    return render(request, "network/voice_network.html", facts, status=422 if form.errors else 200)


def _state(request: HttpRequest) -> tuple[dict[str, Any], str]:
    try:
        return changes.current(actor_of(request)), ""
    except Refused as refused:
        return {}, refused.detail
