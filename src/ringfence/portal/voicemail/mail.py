"""Tells the owner of a mailbox by e-mail, over the mail server of notices; with the message only if he wants it."""

import logging
import time
from datetime import timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from smtplib import SMTPDataError, SMTPRecipientsRefused
from typing import Final

from django.utils import timezone

from ringfence.audio.g711 import samples_from_ulaw
from ringfence.audio.wav import wav_header
from ringfence.portal import audio
from ringfence.portal.notices import deliver, mail
from ringfence.portal.notices.means import Mail, Means, NotDelivered, wishes_of
from ringfence.portal.notices.models import Destination
from ringfence.portal.problems import NotFound
from ringfence.portal.voicemail.models import Mailbox, Message

log = logging.getLogger(__name__)

AT_ONCE: Final = 20
GIVE_UP: Final = timedelta(days=1)


class Rests:
    """What is not tried again for a while, which grows with each failure; of messages by number, of the server by 0."""

    def __init__(self) -> None:
        self._until: dict[int, tuple[int, float]] = {}

    def begin(self, which: int) -> None:
        failures = self._until.get(which, (0, 0.0))[0] + 1
        self._until[which] = failures, time.monotonic() + deliver.pause_after(failures)

    def end(self, which: int) -> None:
        self._until.pop(which, None)

    def going_on(self) -> set[int]:
        now = time.monotonic()
        gone = now - deliver.LONGEST_PAUSE
        self._until = {which: rest for which, rest in self._until.items() if rest[1] > gone}
        return {which for which, (_, until) in self._until.items() if until > now}

    def clear(self) -> None:
        self._until.clear()


RESTS: Final = Rests()
SERVER: Final = 0


def mail_due() -> int:
    """Sends what is due; how many. Without a mail server, or with one that refuses, messages wait a day at most. One
    that is refused for itself keeps no other waiting.
    """
    Message.objects.filter(mail_due=True, left_at__lt=timezone.now() - GIVE_UP).update(mail_due=False)
    resting = RESTS.going_on()
    if SERVER in resting:
        return 0
    due = Message.objects.filter(mail_due=True).exclude(pk__in=resting)
    waiting = list(due.select_related("extension__tenant").order_by("pk")[:AT_ONCE])
    server = _server() if waiting else None
    if server is None or (server.retry_at is not None and server.retry_at > timezone.now()):
        return 0
    return _send_all(server, waiting)


def _send_all(server: Destination, waiting: list[Message]) -> int:
    for sent, message in enumerate(waiting):
        try:
            _send(server, message)
        except NotDelivered as error:
            log.warning("a voicemail cannot be told by e-mail: %s", error)
            of_this_one = isinstance(error.__cause__, (SMTPRecipientsRefused, SMTPDataError))
            RESTS.begin(message.pk if of_this_one else SERVER)
            return sent
        RESTS.end(SERVER)
        RESTS.end(message.pk)
    return len(waiting)


def _server() -> Destination | None:
    return Destination.objects.filter(means=Means.EMAIL.value, enabled=True).order_by("pk").first()


def _send(server: Destination, message: Message) -> None:
    """Raises NotDelivered."""
    box = Mailbox.of(message.extension)
    wishes = wishes_of(server.means, server.wishes)
    if box.email and isinstance(wishes, Mail):
        mail.hand_over(wishes, deliver.key_of(server), _letter(wishes.sender, box, message), [box.email])
    message.mail_due = False
    message.save(update_fields=["mail_due"])


def _letter(sender: str, box: Mailbox, message: Message) -> EmailMessage:
    letter = EmailMessage()
    letter["From"] = Address("Ringfence", addr_spec=sender)
    letter["To"] = box.email
    letter["Date"] = formatdate()
    letter["Message-ID"] = make_msgid(f"voicemail-{message.pk}", sender.rpartition("@")[2])
    caller = " ".join(message.caller.split())[:100]
    letter["Subject"] = f"Voicemail from {caller}"
    letter["Auto-Submitted"] = "auto-generated"  # RFC 3834
    letter.set_content(
        f"{caller} left a message of {message.seconds:.0f} s for {message.extension.number} on "
        f"{message.left_at:%Y-%m-%d %H:%M} UTC.\nHear it by phone with *97 or in the portal under My Voicemail.\n"
    )
    if box.email_audio:
        _attach(letter, message)
    return letter


def _attach(letter: EmailMessage, message: Message) -> None:
    try:
        samples = samples_from_ulaw(audio.ulaw_of(message.uid))
    except NotFound:
        return
    wav = wav_header(len(samples), 1) + samples
    letter.add_attachment(wav, maintype="audio", subtype="wav", filename=f"voicemail-{message.pk}.wav")
