"""Pages: messages with a player, mailboxes, the tenants' voicemail settings."""

from dataclasses import replace
from typing import Final

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from ringfence.portal import audio
from ringfence.portal.access import actor_of, permitted, signed_in
from ringfence.portal.people.models import Extension
from ringfence.portal.people.own import my_extension_of
from ringfence.portal.permissions import Permission
from ringfence.portal.problems import NotFound, Refused
from ringfence.portal.tables import answer
from ringfence.portal.tables.bulk import Bulk, deleting, marked
from ringfence.portal.tenants.api import tenant_of
from ringfence.portal.tenants.models import Tenant
from ringfence.portal.tenants.narrowing import by_tenant
from ringfence.portal.voicemail import changes
from ringfence.portal.voicemail.api import message_of
from ringfence.portal.voicemail.forms import GreetingForm, MailboxForm, SettingsForm, initial_of
from ringfence.portal.voicemail.models import Mailbox, Message, VoicemailSettings
from ringfence.portal.voicemail.table import messages_of, messages_table, own_messages

ALL: Final = "/voicemail"
OWN: Final = "/my/voicemail"
LONGEST_FILE: Final = 12 * 1024 * 1024
DELETE: Final = deleting(gettext_lazy("Delete these messages? Their sound is gone."))
BULK: Final = Bulk(messages_table(ALL), Permission.VOICEMAILS_WRITE, messages_of, ((DELETE, changes.delete_message),))


@permitted(Permission.VOICEMAILS_READ)
def list_messages(request: HttpRequest) -> HttpResponse:
    actor = actor_of(request)
    tenants = Tenant.objects.visible_to(actor)[:100] if actor.may(Permission.VOICEMAILS_WRITE) else []
    facts = {"base": ALL, "tenants": tenants}
    return answer(
        request,
        by_tenant(BULK.shown_to(actor), actor, "extension__tenant_id"),
        messages_of(actor),
        "voicemail/messages.html",
        **facts,
    )


@signed_in
def my_messages(request: HttpRequest) -> HttpResponse:
    found = own_messages(my_extension_of(request))
    table = replace(messages_table(OWN), bulk=(DELETE,))
    return answer(request, table, found, "voicemail/my_messages.html", base=OWN)


@permitted(Permission.VOICEMAILS_READ)
def message_audio(request: HttpRequest, message_id: int) -> HttpResponseBase:
    """Somebody else's listening is written down and does not make the message a heard one."""
    actor = actor_of(request)
    message = message_of(actor, message_id)
    return _audio(request, message, mark=actor.person_id == message.extension.person_id)


@signed_in
def my_audio(request: HttpRequest, message_id: int) -> HttpResponseBase:
    return _audio(request, _own(request, message_id), mark=True)


def _audio(request: HttpRequest, message: Message, *, mark: bool) -> HttpResponseBase:
    found = audio.wav_answer(request, message.uid, message.size, 1, f"voicemail-{message.pk}")
    changes.hear(actor_of(request), message, mark=mark)
    return found


@permitted(Permission.VOICEMAILS_WRITE)
@require_POST
def delete_message(request: HttpRequest, message_id: int) -> HttpResponse:
    actor = actor_of(request)
    changes.delete_message(actor, message_of(actor, message_id))
    return HttpResponseRedirect(ALL)


@signed_in
@require_POST
def delete_own(request: HttpRequest, message_id: int) -> HttpResponse:
    changes.delete_message(actor_of(request), _own(request, message_id))
    return HttpResponseRedirect(OWN)


@signed_in
@require_POST
def delete_own_marked(request: HttpRequest) -> HttpResponse:
    """The own messages that are marked: all of them or none."""
    with transaction.atomic():
        for message_id in marked(request):
            changes.delete_message(actor_of(request), _own(request, message_id))
    return HttpResponseRedirect(OWN)


def _own(request: HttpRequest, message_id: int) -> Message:
    """Raises NotFound for a message of anybody else."""
    found = own_messages(my_extension_of(request)).filter(pk=message_id).first()
    if found is None:
        raise NotFound(detail="There is no such message.")
    return found


@signed_in
def my_mailbox(request: HttpRequest) -> HttpResponse:
    return _mailbox(request, my_extension_of(request), f"{OWN}/settings", OWN)


@permitted(Permission.VOICEMAILS_WRITE)
def mailbox(request: HttpRequest, user_id: int) -> HttpResponse:
    extension = changes.extension_of(actor_of(request), user_id)
    return _mailbox(request, extension, f"/users/{user_id}/voicemail", f"/users/{user_id}")


def _mailbox(request: HttpRequest, extension: Extension, here: str, back: str) -> HttpResponse:
    form = MailboxForm(request.POST or None, initial=initial_of(extension))
    if form.is_valid():
        wish = changes.MailboxWish(**{**form.cleaned_data, "pin": form.cleaned_data["pin"] or None})
        try:
            changes.change_mailbox(actor_of(request), extension, wish)
        except Refused as refused:
            form.explain(refused)
        else:
            messages.success(request, _("Voicemail is saved and in force."))
            return HttpResponseRedirect(here)
    box = Mailbox.of(extension)
    facts = {"form": form, "greeting": GreetingForm(), "box": box, "extension": extension, "here": here, "back": back}
    return render(request, "voicemail/mailbox.html", facts, status=422 if form.errors else 200)


@signed_in
@require_POST
def my_greeting(request: HttpRequest) -> HttpResponse:
    return _greeting(request, my_extension_of(request), f"{OWN}/settings")


@permitted(Permission.VOICEMAILS_WRITE)
@require_POST
def greeting(request: HttpRequest, user_id: int) -> HttpResponse:
    return _greeting(request, changes.extension_of(actor_of(request), user_id), f"/users/{user_id}/voicemail")


def _greeting(request: HttpRequest, extension: Extension, back: str) -> HttpResponse:
    """A file sets the greeting, none removes it."""
    given = request.FILES.get("file")
    try:
        if given is None:
            changes.keep_greeting(actor_of(request), extension, b"")
        elif (given.size or 0) > LONGEST_FILE:
            messages.error(request, _("The file is too large."))
        else:
            changes.set_greeting(actor_of(request), extension, given.read())
            messages.success(request, _("The greeting is saved."))
    except Refused as refused:
        messages.error(request, refused.problems[0].message if refused.problems else refused.detail)
    return HttpResponseRedirect(back)


@permitted(Permission.VOICEMAILS_WRITE)
def settings(request: HttpRequest, tenant_id: int) -> HttpResponse:
    actor = actor_of(request)
    tenant = tenant_of(actor, tenant_id)
    form = SettingsForm(request.POST or None, initial=changes.settings_facts(VoicemailSettings.of(tenant.pk)))
    if form.is_valid():
        try:
            changes.change_settings(actor, tenant, **form.cleaned_data)
        except Refused as refused:
            form.explain(refused)
        else:
            messages.success(request, _("The voicemail settings are saved and in force."))
            return HttpResponseRedirect(ALL)
    title = _("Voicemail of %(tenant)s") % {"tenant": tenant.name}
    facts = {"form": form, "title": title, "button": _("Save"), "back": ALL}
    return render(request, "system/form_page.html", facts, status=422 if form.errors else 200)
