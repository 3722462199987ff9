"""Pages: how an extension takes its calls, for its user and for administrators."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from ringfence.portal.access import actor_of, permitted, signed_in
from ringfence.portal.calls import control
from ringfence.portal.people import calling
from ringfence.portal.people.api import user_of
from ringfence.portal.people.calling_forms import CallingForm
from ringfence.portal.people.models import Person
from ringfence.portal.people.own import my_extension_of
from ringfence.portal.permissions import Permission
from ringfence.portal.problems import Refused


@signed_in
def my_calling(request: HttpRequest) -> HttpResponse:
    return _page(request, my_extension_of(request).person, "/my")


@signed_in
@require_POST
def call(request: HttpRequest) -> HttpResponse:
    """The own phone rings, then it calls the number."""
    try:
        control.start(actor_of(request), my_extension_of(request).person, request.POST.get("number", "")[:64])
    except Refused as refused:
        messages.error(request, refused.detail)
    else:
        messages.success(request, _("Your phone rings now; when you take it, it calls the number."))
    return HttpResponseRedirect("/my")


@permitted(Permission.USERS_READ)
def calling_of_user(request: HttpRequest, user_id: int) -> HttpResponse:
    return _page(request, user_of(actor_of(request), user_id), f"/users/{user_id}")


def _page(request: HttpRequest, person: Person, back: str) -> HttpResponse:
    extension = person.extension
    form = CallingForm(request.POST or None, initial=calling.shown(calling.calling_of(extension)))
    if form.is_valid():
        try:
            calling.set_calling(actor_of(request), person, **form.cleaned_data)
        except Refused as refused:
            form.explain(refused)
        else:
            messages.success(request, _("Saved: it holds for the next call."))
            return HttpResponseRedirect(back)
    facts = {
        "form": form,
        "title": _("Calls to extension %(number)s") % {"number": extension.number},
        "button": _("Save"),
        "back": back,
        "intro": _("A forward counts as a call of this extension: its role, its limits and its budget decide."),
    }
    return render(request, "system/form_page.html", facts, status=422 if form.errors else 200)
