"""What can be done to mailboxes and messages."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from django.contrib.auth.hashers import check_password, make_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils import timezone

from ringfence.audio.wav import WavRefused, ulaw_from_wav
from ringfence.policy.people.pins import LONGEST, SHORTEST, pin_problems
from ringfence.policy.settings import Problem
from ringfence.portal import audio, places
from ringfence.portal.access import require
from ringfence.portal.actor import Actor
from ringfence.portal.audit.chain import append
from ringfence.portal.change import SECRET_CHANGED, change
from ringfence.portal.people.models import Extension
from ringfence.portal.permissions import Permission
from ringfence.portal.problems import NotFound, Refused, refuse
from ringfence.portal.tenants.models import Tenant
from ringfence.portal.voicemail.models import Mailbox, Message, VoicemailSettings
from ringfence.portal.voicemail.waiting import tell_waiting

PIN_TRIES: Final = 5
PIN_LOCK: Final = timedelta(minutes=15)
GREETING_SECONDS: Final = 40
LIMITS: Final = {
    "longest_seconds": (10, 1800),
    "quota_seconds": (60, 360_000),
    "retention_days": (1, 3650),
    "pin_shortest": (SHORTEST, LONGEST),
}
SWITCHES: Final = ("pin_no_pattern", "pin_no_own_number")


@dataclass(frozen=True, slots=True)
class MailboxWish:
    """What is to be different; None leaves a setting as it is."""

    enabled: bool | None = None
    email: str | None = None
    email_audio: bool | None = None
    pin: str | None = None

    def opens(self, box: Mailbox) -> bool:
        """Whether somebody hears messages by it, or of them, who did not before."""
        leads_elsewhere = bool(self.email) and self.email != box.email
        return bool(self.pin) or leads_elsewhere or bool(self.email_audio and not box.email_audio)


def change_mailbox(actor: Actor, extension: Extension, wish: MailboxWish) -> Mailbox:
    """By the owner or who may change voicemail; the PIN and where messages go by who may hear them, for either leads to
    them. Raises Refused or PermissionMissing.
    """
    _own_or(actor, extension, Permission.VOICEMAILS_WRITE)
    box = Mailbox.of(extension)
    if wish.opens(box):
        _own_or(actor, extension, Permission.VOICEMAILS_READ)
    if problems := _problems(extension, wish):
        raise Refused(problems)
    old = facts(extension, box)
    with change(actor) as draft:
        if wish.enabled is not None:
            extension.calling = {**extension.calling, "voicemail": wish.enabled}
            extension.save(update_fields=["calling"])
            draft.subscriber(extension.aor)
        box.email = box.email if wish.email is None else wish.email.strip()
        box.email_audio = box.email_audio if wish.email_audio is None else wish.email_audio
        if wish.pin is not None:
            box.pin, box.pin_failures, box.locked_until = make_password(wish.pin), 0, None
        box.save()
        new = facts(extension, box) | ({"pin": SECRET_CHANGED} if wish.pin is not None else {})
        draft.record("voicemail.changed", extension.person_id, extension.aor, old, new, extension.tenant_id)
    return box


def _problems(extension: Extension, wish: MailboxWish) -> list[Problem]:
    found = (
        []
        if wish.pin is None
        else pin_problems(wish.pin, (extension.number,), VoicemailSettings.of(extension.tenant_id).pin_rules)
    )
    if wish.email and (problem := _email_problem(wish.email)):
        found.append(problem)
    return found


def _email_problem(email: str) -> Problem | None:
    try:
        validate_email(email.strip())
    except ValidationError:
        return Problem("email", "email.syntax", "This is not an e-mail address.")
    return None


def set_greeting(actor: Actor, extension: Extension, wav: bytes) -> Mailbox:
    """A greeting from an uploaded WAV file. Raises Refused."""
    _own_or(actor, extension, Permission.VOICEMAILS_WRITE)
    try:
        ulaw = ulaw_from_wav(wav, GREETING_SECONDS)
    except WavRefused as error:
        raise refuse("audio", "audio.wav", f"Not taken: {error}.") from error
    return keep_greeting(actor, extension, ulaw)


def keep_greeting(actor: Actor, extension: Extension, ulaw: bytes) -> Mailbox:
    """Empty audio removes the greeting: the standard one is heard again."""
    box = Mailbox.of(extension)
    with change(actor) as draft:
        draft.record(
            "voicemail.greeting", extension.person_id, extension.aor,
            {"greeting": box.has_greeting}, {"greeting": len(ulaw)}, extension.tenant_id,
        )  # fmt: skip
        box.has_greeting = bool(ulaw)
        box.save()
        path = greeting_file(extension)
        transaction.on_commit(lambda: audio.lay_out(path, ulaw) if ulaw else path.unlink(missing_ok=True))
    return box


def greeting_name(extension: Extension) -> str:
    return f"greeting-{extension.pk}"


def greeting_file(extension: Extension) -> Any:
    return places.PATHS.prompts / f"{greeting_name(extension)}.ulaw"


def pin_opens(extension: Extension, pin: str, caller: str) -> bool:
    """Counts wrong PINs over all calls: five in a row lock the mailbox for phones, not for the portal."""
    with transaction.atomic():
        box = Mailbox.objects.select_for_update().filter(extension=extension).first()
        now = timezone.now()
        if box is None or not box.pin or box.is_locked(now):
            return False
        if check_password(pin, box.pin):
            box.pin_failures = 0
            box.save(update_fields=["pin_failures"])
            return True
        box.pin_failures += 1
        if box.pin_failures >= PIN_TRIES:
            box.pin_failures, box.locked_until = 0, now + PIN_LOCK
            actor = Actor(caller[:320], "phone")
            append(actor, "voicemail.locked", str(extension.person_id), extension.aor, tenant_id=extension.tenant_id)
        box.save(update_fields=["pin_failures", "locked_until"])
        return False


def tell_guesser(caller: str, mailbox: str) -> None:
    """Writes down who tried too many PINs, one mailbox after the other perhaps."""
    tenant = Tenant.objects.filter(domain=mailbox.partition("@")[2]).first()
    actor = Actor(caller[:320], "phone")
    append(actor, "voicemail.guessed", "", mailbox[:255], tenant_id=tenant.pk if tenant else None)


def hear(actor: Actor, message: Message, *, mark: bool = True) -> None:
    """Writes down who opened the audio; the message counts as heard."""
    extension = message.extension
    with transaction.atomic():
        if mark and message.heard_at is None:
            message.heard_at = timezone.now()
            message.save(update_fields=["heard_at"])
        append(
            actor,
            "voicemail.heard",
            str(message.pk),
            extension.aor,
            {"caller": {"new": message.caller}},
            extension.tenant_id,
        )
        transaction.on_commit(lambda: tell_waiting(extension))


def mark_heard(actor: Actor, message: Message, heard: bool) -> Message:
    _own_or(actor, message.extension, Permission.VOICEMAILS_WRITE)
    with change(actor) as draft:
        old = {"heard": message.heard_at is not None}
        message.heard_at = (message.heard_at or timezone.now()) if heard else None
        message.save(update_fields=["heard_at"])
        extension = message.extension
        draft.record("voicemail.marked", message.pk, extension.aor, old, {"heard": heard}, extension.tenant_id)
        transaction.on_commit(lambda: tell_waiting(extension))
    return message


def delete_message(actor: Actor, message: Message) -> None:
    """The audio is gone at once."""
    _own_or(actor, message.extension, Permission.VOICEMAILS_WRITE)
    extension, uid = message.extension, message.uid
    with change(actor) as draft:
        old = {"caller": message.caller, "seconds": message.seconds}
        draft.record("voicemail.deleted", message.pk, extension.aor, old=old, tenant_id=extension.tenant_id)
        message.delete()

        def after() -> None:
            audio.delete_files([uid])
            tell_waiting(extension)

        transaction.on_commit(after)


def change_settings(actor: Actor, tenant: Tenant, **wish: int | None) -> VoicemailSettings:
    """Raises Refused, which names the value and its limits."""
    require(actor, Permission.VOICEMAILS_WRITE)
    row = VoicemailSettings.of(tenant.pk)
    if problems := [problem for name, value in wish.items() if (problem := _outside_limits(name, value))]:
        raise Refused(problems)
    with change(actor) as draft:
        old = settings_facts(row)
        for name, value in wish.items():
            setattr(row, name, getattr(row, name) if value is None else value)
        row.save()
        draft.record("voicemail.settings", tenant.pk, tenant.domain, old, settings_facts(row), tenant.pk)
    return row


def _outside_limits(name: str, value: int | None) -> Problem | None:
    if value is None or name in SWITCHES:
        return None
    low, high = LIMITS[name]
    if low <= value <= high:
        return None
    return Problem(name, f"voicemail.{name}", f"{value} is not between {low} and {high}.")


def delete_old() -> int:
    """Messages beyond their tenant's days of retention; how many."""
    found = 0
    for tenant in Tenant.objects.all():
        until = timezone.now() - timedelta(days=VoicemailSettings.of(tenant.pk).retention_days)
        old = Message.objects.filter(extension__tenant=tenant, left_at__lt=until)
        uids = list(old.values_list("uid", flat=True)[:1000])
        if uids:
            Message.objects.filter(uid__in=uids).delete()
            audio.delete_files(uids)
            found += len(uids)
    return found


def facts(extension: Extension, box: Mailbox) -> dict[str, Any]:
    """What the audit log keeps; never the PIN."""
    return {"enabled": bool(extension.calling.get("voicemail")), "email": box.email, "email_audio": box.email_audio}


def settings_facts(row: VoicemailSettings) -> dict[str, Any]:
    return {name: getattr(row, name) for name in (*LIMITS, *SWITCHES)}


def extension_of(actor: Actor, person_id: int) -> Extension:
    """The extension of a user that the actor may see. Raises NotFound."""
    found = Extension.objects.select_related("tenant", "person").filter(person_id=person_id).first()
    if found is None or not (actor.above_tenants or actor.tenant_id == found.tenant_id):
        raise NotFound(detail="There is no such user.")
    return found


def _own_or(actor: Actor, extension: Extension, permission: Permission) -> None:
    if not actor.is_person(extension.person_id):
        require(actor, permission)
