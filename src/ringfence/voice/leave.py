"""Leaving a message: greeting, tone, what the caller says, sealed and handed to the mail room."""

import logging
from typing import Any, Final

from ringfence.policy.calls.services import Missed
from ringfence.voice.mailroom import Mailroom, MailroomAway, Refused
from ringfence.voice.spool import Spool
from ringfence.voice.talk import Talk

log = logging.getLogger(__name__)

LONGEST: Final = 180
"""Seconds of a message while the mail room cannot be asked."""


async def leave_message(talk: Talk, mailroom: Mailroom, spool: Spool) -> None:
    """While the mail room is away the standard greeting is heard and the message waits in the spool."""
    mailbox = talk.facts.get("argument", "")
    try:
        box = await mailroom.ask("mailbox", mailbox=mailbox)
    except Refused:
        await talk.say("vm-nobox", "vm-goodbye")
        return
    except MailroomAway as error:
        log.error("the mail room does not answer: %s", error)
        box = {}
    if box.get("full"):
        await talk.say("vm-mailboxfull", "vm-goodbye")
        return
    await talk.say(*_greeting(talk, mailbox, str(box.get("greeting", ""))))
    await _record(talk, spool, mailbox, int(box.get("longest", LONGEST)))


async def _record(talk: Talk, spool: Spool, mailbox: str, longest: int) -> None:
    facts = talk.facts
    note: dict[str, Any] = {
        "mailbox": mailbox,
        "caller": facts.get("caller", ""),
        "call": facts.get("call", ""),
        "missed": facts.get("missed", ""),
    }
    try:
        parcel = spool.open("voicemail", **note)
    except OSError as error:
        log.error("no message can be kept: %s", error)
        await talk.say("vm-sorry", "vm-goodbye")
        return
    try:
        await talk.say("beep")
        await talk.hear(parcel.write, longest)
    finally:
        kept = parcel.finish()
    await talk.say(_told(kept, parcel.failed), "vm-goodbye")


def _told(kept: bool, failed: bool) -> str:
    """Nobody is told that a message is saved of which the disk took a part."""
    if failed:
        return "vm-sorry"
    return "vm-msgsaved" if kept else "vm-tooshort"


def _greeting(talk: Talk, mailbox: str, own: str) -> tuple[str | bytes, ...]:
    recorded = talk.prompts.own(own) if own else b""
    if recorded:
        return (recorded,)
    state = "vm-isonphone" if talk.facts.get("missed") == Missed.BUSY else "vm-isunavail"
    return ("vm-theperson", talk.prompts.digits(mailbox.partition("@")[0]), state, "vm-intro")
