"""Page: Advanced > Kept Data."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _

from ringfence.portal.access import actor_of, permitted
from ringfence.portal.permissions import Permission
from ringfence.portal.problems import Refused
from ringfence.portal.retention import changes
from ringfence.portal.retention.forms import RetentionForm

HERE = "/kept-data"


@permitted(Permission.WEB_WRITE)
def kept_data(request: HttpRequest) -> HttpResponse:
    """One form beside the list of all that is kept."""
    actor = actor_of(request)
    form = RetentionForm(request.POST or None, initial=changes.current(actor))
    if form.is_valid():
        try:
            changes.change_retention(actor, form.cleaned_data)
        except Refused as refused:
            form.explain(refused)
        else:
            messages.success(request, _("Saved and in force."))
            return HttpResponseRedirect(HERE)
    facts = {"form": form, "rows": changes.listed(actor)}
    return render(request, "retention/kept_data.html", facts, status=422 if form.errors else 200)
