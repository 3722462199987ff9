"""Pages: how the media of one extension is encrypted."""

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _

from ringfence.policy.relay.encryption import Encryption
from ringfence.portal.access import actor_of, permitted
from ringfence.portal.forms import PortalForm
from ringfence.portal.media_fields import CHOICES
from ringfence.portal.people import calling
from ringfence.portal.people.api import user_of
from ringfence.portal.permissions import Permission
from ringfence.portal.problems import Refused


class UserMediaForm(PortalForm):
    encryption = forms.ChoiceField(
        required=False,
        choices=[("", _("as the tenant")), *CHOICES],
        label=_("Media encryption"),
        help_text=_(
            "Default: as the tenant. Choose required for phones that take no call without SRTP: they are called with"
            " RTP/SAVP, and nothing plain is accepted. Off is for a phone that cannot encrypt. Browsers always use"
            " DTLS-SRTP."
        ),
    )


@permitted(Permission.USERS_WRITE)
def user_media(request: HttpRequest, user_id: int) -> HttpResponse:
    actor = actor_of(request)
    person = user_of(actor, user_id)
    form = UserMediaForm(request.POST or None, initial={"encryption": calling.calling_of(person.extension).encryption})
    if form.is_valid():
        wanted = form.cleaned_data["encryption"]
        try:
            calling.set_limits(actor, person, encryption=Encryption(wanted) if wanted else None)
        except Refused as refused:
            form.explain(refused)
        else:
            messages.success(request, _("The encryption of media is saved and holds for the next call."))
            return HttpResponseRedirect(f"/users/{person.pk}")
    title = f"{person.extension.number}: {_('Media encryption')}"
    facts = {"form": form, "title": title, "button": _("Save"), "back": f"/users/{person.pk}"}
    return render(request, "system/form_page.html", facts, status=422 if form.errors else 200)
