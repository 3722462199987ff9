"""REST: voicemail messages, mailboxes of users, and what holds for a tenant's mailboxes."""

import base64
from typing import Any, Final

from django.http.response import HttpResponseBase
from ninja import Field, Router, Status

from ringfence.portal import audio
from ringfence.portal.access import needs
from ringfence.portal.actor import Actor, ApiRequest
from ringfence.portal.paging import PageOut, PageQuery, RowId, rows
from ringfence.portal.people.models import Extension
from ringfence.portal.permissions import Permission
from ringfence.portal.problems import NotFound, refuse
from ringfence.portal.schema import In, Out
from ringfence.portal.tenants.api import tenant_of
from ringfence.portal.voicemail import changes
from ringfence.portal.voicemail.models import Mailbox, Message, VoicemailSettings
from ringfence.portal.voicemail.waiting import counts_of

router = Router()

LONGEST_UPLOAD: Final = 1_000_000


class VoicemailOut(Out):
    id: int
    tenant_id: int
    user_id: int
    mailbox: str
    caller: str
    call_id: str
    missed: str
    left_at: str
    seconds: float
    whole: bool
    heard_at: str | None


class VoicemailPage(PageOut):
    items: list[VoicemailOut]


class VoicemailPatch(In):
    heard: bool


class MailboxOut(Out):
    """`pin` itself is never shown, only whether there is one."""

    user_id: int
    tenant_id: int
    mailbox: str
    enabled: bool
    has_pin: bool
    has_greeting: bool
    email: str
    email_audio: bool
    new_messages: int
    old_messages: int


class MailboxPatch(In):
    enabled: bool | None = None
    pin: str | None = Field(None, max_length=32)
    email: str | None = Field(None, max_length=254)
    email_audio: bool | None = None


class GreetingIn(In):
    """A WAV file (16 bit PCM, at most 40 seconds) in Base64."""

    audio: str = Field(max_length=LONGEST_UPLOAD)


class SettingsOut(Out):
    tenant_id: int
    longest_seconds: int
    quota_seconds: int
    retention_days: int
    pin_shortest: int
    pin_no_pattern: bool
    pin_no_own_number: bool


class SettingsPatch(In):
    longest_seconds: int | None = None
    quota_seconds: int | None = None
    retention_days: int | None = None
    pin_shortest: int | None = Field(None, description="6 to 10 digits")
    pin_no_pattern: bool | None = None
    pin_no_own_number: bool | None = None


def message_facts(message: Message) -> dict[str, Any]:
    return {
        "id": message.pk,
        "tenant_id": message.extension.tenant_id,
        "user_id": message.extension.person_id,
        "mailbox": message.extension.aor,
        "caller": message.caller,
        "call_id": message.call_id,
        "missed": message.missed,
        "left_at": message.left_at.isoformat(),
        "seconds": message.seconds,
        "whole": message.whole,
        "heard_at": message.heard_at.isoformat() if message.heard_at else None,
    }


def message_of(actor: Actor, message_id: int) -> Message:
    """The message if the actor may see its mailbox. Raises NotFound."""
    found = Message.objects.visible_to(actor).select_related("extension__tenant").filter(pk=message_id).first()
    if found is None:
        raise NotFound(detail="There is no such message.")
    return found


@router.get("voicemails", response=VoicemailPage)
@needs(Permission.VOICEMAILS_READ)
def list_messages(
    request: ApiRequest,
    page: PageQuery,
    tenant_id: RowId | None = None,
    user_id: RowId | None = None,
    heard: bool | None = None,
) -> dict[str, Any]:
    """Newest first."""
    found = Message.objects.visible_to(request.auth).select_related("extension__tenant")
    if tenant_id is not None:
        found = found.filter(extension__tenant_id=tenant_id)
    if user_id is not None:
        found = found.filter(extension__person_id=user_id)
    if heard is not None:
        found = found.filter(heard_at__isnull=not heard)
    return rows(found, page, message_facts)


@router.get("voicemails/{int:voicemail_id}", response=VoicemailOut)
@needs(Permission.VOICEMAILS_READ)
def show_message(request: ApiRequest, voicemail_id: RowId) -> dict[str, Any]:
    return message_facts(message_of(request.auth, voicemail_id))


@router.patch("voicemails/{int:voicemail_id}", response=VoicemailOut)
@needs(Permission.VOICEMAILS_WRITE)
def mark_message(request: ApiRequest, voicemail_id: RowId, payload: VoicemailPatch) -> dict[str, Any]:
    message = message_of(request.auth, voicemail_id)
    return message_facts(changes.mark_heard(request.auth, message, payload.heard))


@router.delete("voicemails/{int:voicemail_id}", response={204: None})
@needs(Permission.VOICEMAILS_WRITE)
def delete_message(request: ApiRequest, voicemail_id: RowId) -> Status[Any]:
    changes.delete_message(request.auth, message_of(request.auth, voicemail_id))
    return Status(204, None)


@router.get("voicemails/{int:voicemail_id}/audio")
@needs(Permission.VOICEMAILS_READ)
def message_audio(request: ApiRequest, voicemail_id: RowId) -> HttpResponseBase:
    """A WAV file. The audit log keeps who opened it; only its owner's listening marks the message as heard."""
    message = message_of(request.auth, voicemail_id)
    answer = audio.wav_answer(request, message.uid, message.size, 1, f"voicemail-{message.pk}")
    changes.hear(request.auth, message, mark=request.auth.person_id == message.extension.person_id)
    return answer


def mailbox_facts(extension: Extension) -> dict[str, Any]:
    box, (new, old) = Mailbox.of(extension), counts_of(extension)
    return {
        "user_id": extension.person_id,
        "tenant_id": extension.tenant_id,
        "mailbox": extension.aor,
        "enabled": bool(extension.calling.get("voicemail")),
        "has_pin": bool(box.pin),
        "has_greeting": box.has_greeting,
        "email": box.email,
        "email_audio": box.email_audio,
        "new_messages": new,
        "old_messages": old,
    }


@router.get("users/{int:user_id}/voicemail", response=MailboxOut)
@needs(Permission.VOICEMAILS_READ)
def show_mailbox(request: ApiRequest, user_id: RowId) -> dict[str, Any]:
    return mailbox_facts(changes.extension_of(request.auth, user_id))


@router.patch("users/{int:user_id}/voicemail", response=MailboxOut)
@needs(Permission.VOICEMAILS_WRITE)
def change_mailbox(request: ApiRequest, user_id: RowId, payload: MailboxPatch) -> dict[str, Any]:
    extension = changes.extension_of(request.auth, user_id)
    changes.change_mailbox(request.auth, extension, changes.MailboxWish(**payload.dict()))
    return mailbox_facts(extension)


@router.put("users/{int:user_id}/voicemail/greeting", response={204: None})
@needs(Permission.VOICEMAILS_WRITE)
def set_greeting(request: ApiRequest, user_id: RowId, payload: GreetingIn) -> Status[Any]:
    changes.set_greeting(request.auth, changes.extension_of(request.auth, user_id), decoded(payload.audio))
    return Status(204, None)


@router.delete("users/{int:user_id}/voicemail/greeting", response={204: None})
@needs(Permission.VOICEMAILS_WRITE)
def remove_greeting(request: ApiRequest, user_id: RowId) -> Status[Any]:
    """Callers hear the standard greeting again."""
    changes.keep_greeting(request.auth, changes.extension_of(request.auth, user_id), b"")
    return Status(204, None)


def decoded(text: str) -> bytes:
    """Raises Refused."""
    try:
        return base64.b64decode(text, validate=True)
    except ValueError as error:
        raise refuse("audio", "audio.base64", "The audio is not in Base64.") from error


def settings_facts(row: VoicemailSettings) -> dict[str, Any]:
    return {"tenant_id": row.tenant_id, **changes.settings_facts(row)}


@router.get("tenants/{int:tenant_id}/voicemail", response=SettingsOut)
@needs(Permission.VOICEMAILS_READ)
def show_settings(request: ApiRequest, tenant_id: RowId) -> dict[str, Any]:
    return settings_facts(VoicemailSettings.of(tenant_of(request.auth, tenant_id).pk))


@router.patch("tenants/{int:tenant_id}/voicemail", response=SettingsOut)
@needs(Permission.VOICEMAILS_WRITE)
def change_settings(request: ApiRequest, tenant_id: RowId, payload: SettingsPatch) -> dict[str, Any]:
    """Seconds of one message and of all messages of a mailbox; days until a message is deleted."""
    tenant = tenant_of(request.auth, tenant_id)
    return settings_facts(changes.change_settings(request.auth, tenant, **payload.dict()))
