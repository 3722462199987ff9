"""What the voice process asks over the mail room's socket: one line of JSON each way.

It gets the messages of one mailbox only after its PIN; the key that opens them never leaves the portal.
"""

import base64
import binascii
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from django.db.models import Sum

from ringfence.audio.g711 import RATE
from ringfence.portal import audio
from ringfence.portal.actor import Actor
from ringfence.portal.people.models import Extension
from ringfence.portal.recordings import intake as recordings
from ringfence.portal.voicemail import changes
from ringfence.portal.voicemail.models import Mailbox, Message, VoicemailSettings

TICKET_SECONDS: Final = 1800.0
MOST_WRONG: Final = 10
WRONG_SECONDS: Final = 900.0
"""So many wrong PINs of one caller in so many seconds, at whatever mailboxes; then none of his is right for a while."""

MOST_MESSAGES: Final = 99

type Answer = dict[str, Any]
type Args = dict[str, Any]


class No(Exception):
    """The reason for the voice process, never for a caller."""


@dataclass(frozen=True, slots=True)
class _Ticket:
    extension_id: int
    caller: str
    ends: float


@dataclass(slots=True)
class Mailroom:
    """One for the process; a ticket lasts for one visit."""

    tickets: dict[str, _Ticket] = field(default_factory=dict)
    wrong: dict[str, list[float]] = field(default_factory=dict)
    """When each caller was wrong lately. A right PIN takes nothing back: everybody has a mailbox to open in between."""

    clock: Callable[[], float] = time.monotonic

    def answer(self, question: Args) -> Answer:
        """The answer to one question. What is refused is `{"refused": why}`."""
        verbs: dict[str, Callable[[Args], Answer]] = {
            "mailbox": self._mailbox,
            "open": self._open,
            "audio": self._audio,
            "delete": self._delete,
            "greeting": self._greeting,
            "recording": _recording,
            "recording-gone": _recording_gone,
            "recording-trouble": _recording_trouble,
        }
        try:
            verb = verbs.get(str(question.get("verb")))
            return verb(question) if verb else {"refused": "verb"}
        except No as no:
            return {"refused": str(no)}

    def _mailbox(self, args: Args) -> Answer:
        """What a caller who wants to leave a message must know."""
        extension = _extension(args)
        if not extension.calling.get("voicemail"):
            raise No("mailbox")
        settings = VoicemailSettings.of(extension.tenant_id)
        used = extension.messages.aggregate(used=Sum("seconds"))["used"] or 0.0
        greeting = changes.greeting_name(extension) if Mailbox.of(extension).has_greeting else ""
        return {"greeting": greeting, "longest": settings.longest_seconds, "full": used >= settings.quota_seconds}

    def _open(self, args: Args) -> Answer:
        """A mailbox that does not exist, has no PIN or is locked answers like a wrong PIN, and so does every one to a
        caller who guessed too often.
        """
        self._forget_old()
        caller = str(args.get("caller", ""))[:255]
        if len(self.wrong.get(caller, ())) >= MOST_WRONG:
            raise No("pin")
        extension = self._opened(args, caller)
        ticket = secrets.token_urlsafe(24)
        self.tickets[ticket] = _Ticket(extension.pk, caller, self.clock() + TICKET_SECONDS)
        found = extension.messages.order_by("heard_at", "-left_at")[:MOST_MESSAGES]
        ordered = sorted(found, key=lambda message: message.heard_at is not None)
        return {"ticket": ticket, "messages": [{"id": row.pk, "heard": row.heard_at is not None} for row in ordered]}

    def _opened(self, args: Args, caller: str) -> Extension:
        try:
            extension = _extension(args)
            if not changes.pin_opens(extension, str(args.get("pin", ""))[:32], caller):
                raise No("pin")
        except No:
            times = self.wrong.setdefault(caller, [])
            times.append(self.clock())
            if len(times) == MOST_WRONG:
                changes.tell_guesser(caller, str(args.get("mailbox", "")))
            raise
        return extension

    def _audio(self, args: Args) -> Answer:
        actor, message = self._message(args)
        changes.hear(actor, message)
        return {"audio": base64.b64encode(audio.ulaw_of(message.uid)).decode()}

    def _delete(self, args: Args) -> Answer:
        actor, message = self._message(args)
        changes.delete_message(actor, message)
        return {}

    def _greeting(self, args: Args) -> Answer:
        extension, actor = self._visitor(args)
        try:
            ulaw = base64.b64decode(str(args["audio"]), validate=True)
        except (KeyError, binascii.Error) as error:
            raise No("audio") from error
        if not RATE // 2 <= len(ulaw) <= changes.GREETING_SECONDS * RATE:
            raise No("audio")
        changes.keep_greeting(actor, extension, ulaw)
        return {}

    def _visitor(self, args: Args) -> tuple[Extension, Actor]:
        """Whose PIN was right. The audit log says from which phone."""
        ticket = self.tickets.get(str(args.get("ticket")))
        if ticket is None or ticket.ends < self.clock():
            raise No("ticket")
        extension = Extension.objects.select_related("tenant", "person").filter(pk=ticket.extension_id).first()
        if extension is None:
            raise No("ticket")
        return extension, Actor(ticket.caller, "phone", extension.person_id, extension.tenant_id)

    def _message(self, args: Args) -> tuple[Actor, Message]:
        extension, actor = self._visitor(args)
        number = args.get("message")
        found = (
            extension.messages.select_related("extension__tenant").filter(pk=number)
            if isinstance(number, int)
            else None
        )
        message = found.first() if found is not None else None
        if message is None:
            raise No("message")
        return actor, message

    def _forget_old(self) -> None:
        now = self.clock()
        self.tickets = {name: ticket for name, ticket in self.tickets.items() if ticket.ends >= now}
        lately = ((who, [at for at in times if at > now - WRONG_SECONDS]) for who, times in self.wrong.items())
        self.wrong = {who: times for who, times in lately if times}


def _recording(args: Args) -> Answer:
    """A recording that begins now, or why it may not."""
    try:
        return {"announcement": recordings.begin(str(args["uid"]), dict(args["note"]))}
    except recordings.NotAllowed as refused:
        raise No(str(refused)) from refused
    except (KeyError, TypeError, ValueError) as error:
        raise No("note") from error


def _recording_gone(args: Args) -> Answer:
    recordings.forget(str(args.get("uid")))
    return {}


def _recording_trouble(args: Args) -> Answer:
    recordings.trouble(int(args.get("tenant_id") or 0), str(args.get("call")), str(args.get("why")))
    return {}


def _extension(args: Args) -> Extension:
    number, _, domain = str(args.get("mailbox", "")).partition("@")
    found = Extension.objects.select_related("tenant", "person").filter(
        tenant__domain=domain, number=number, person__is_active=True
    )
    extension = found.first()
    if extension is None:
        raise No("mailbox")
    return extension
