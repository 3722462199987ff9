"""Pages: how many calls an extension may be part of, and the number it shows outside."""

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _

from ringfence.policy.calls.limits import MOST_CALLS
from ringfence.portal.access import actor_of, permitted
from ringfence.portal.forms import PortalForm
from ringfence.portal.people import calling
from ringfence.portal.people.api import user_of
from ringfence.portal.permissions import Permission
from ringfence.portal.problems import Refused


class CallLimitForm(PortalForm):
    max_calls = forms.IntegerField(
        min_value=0,
        max_value=MOST_CALLS,
        label=_("Concurrent calls at most"),
        required=False,
        help_text=_(
            "Calls of this extension at once, made and received. When it makes one more, it hears 480 (all lines busy);"
            " who calls it then hears 486 (busy). Empty, the default: it makes no further call while it has 30, and"
            " takes any number. 0 forbids every call. Emergency calls are always put through."
        ),
    )
    caller_number = forms.CharField(
        max_length=24,
        label=_("Number shown outside"),
        required=False,
        help_text=_(
            "With country code, as +493012345. It goes out as the caller where the trunk owns this number and its route"
            " sets none; otherwise the trunk's own number is shown. Empty, the default: the trunk's own."
        ),
    )


@permitted(Permission.USERS_WRITE)
def call_limit(request: HttpRequest, user_id: int) -> HttpResponse:
    actor = actor_of(request)
    person = user_of(actor, user_id)
    settings = calling.calling_of(person.extension)
    initial = {name: getattr(settings, name) for name in calling.LIMITS}
    form = CallLimitForm(request.POST or None, initial=initial)
    if form.is_valid():
        try:
            calling.set_limits(actor, person, **form.cleaned_data)
        except Refused as refused:
            form.explain(refused)
        else:
            messages.success(request, _("Saved and in force."))
            return HttpResponseRedirect(f"/users/{person.pk}")
    number = person.extension.number
    facts = {"form": form, "title": f"{number}: {_('Calls')}", "button": _("Save"), "back": f"/users/{person.pk}"}
    return render(request, "system/form_page.html", facts, status=422 if form.errors else 200)
