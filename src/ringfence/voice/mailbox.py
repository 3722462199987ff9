"""Listening to messages by phone, after the PIN: hear, repeat, delete, and record a greeting."""

import base64
from dataclasses import dataclass
from typing import Any, Final

from ringfence.audio.g711 import RATE
from ringfence.policy.calls.services import Service
from ringfence.voice.mailroom import Mailroom, MailroomAway, Refused
from ringfence.voice.talk import Talk

TRIES: Final = 3
GREETING_SECONDS: Final = 40
MESSAGE_KEYS: Final = "56740#"
END_KEYS: Final = "40#"


@dataclass(frozen=True, slots=True)
class _Opened:
    ticket: str
    messages: list[dict[str, Any]]


async def visit_mailbox(talk: Talk, mailroom: Mailroom) -> None:
    """*97 opens the own mailbox, *98 any of the tenant; both ask for its PIN."""
    try:
        opened = await _open(talk, mailroom)
        if opened is None:
            await talk.say("vm-goodbye")
        else:
            await _listen(talk, mailroom, opened)
    except (MailroomAway, Refused):
        await talk.say("vm-sorry", "vm-goodbye")


async def _open(talk: Talk, mailroom: Mailroom) -> _Opened | None:
    """Wrong PINs are counted by the mail room, for all calls together."""
    mailbox = talk.facts.get("argument", "")
    for _ in range(TRIES):
        if talk.leg.service == Service.ANY_MAILBOX:
            number = await talk.ask("vm-login", longest=16)
            mailbox = f"{number}@{talk.facts.get('argument', '').partition('@')[2]}"
        pin = await talk.ask("vm-password")
        try:
            answer = await mailroom.ask("open", mailbox=mailbox, pin=pin, caller=talk.facts.get("caller", ""))
        except Refused:
            await talk.say("vm-incorrect")
            continue
        return _Opened(str(answer["ticket"]), list(answer["messages"]))
    return None


async def _listen(talk: Talk, mailroom: Mailroom, opened: _Opened) -> None:
    messages = opened.messages
    fresh = sum(not message["heard"] for message in messages)
    await talk.say("vm-youhave", talk.prompts.count(fresh), "vm-INBOX", "vm-messages")
    at = 0
    while True:
        if at < len(messages):
            await talk.say("vm-message", talk.prompts.count(at + 1))
            await talk.say(await mailroom.audio(opened.ticket, int(messages[at]["id"])))
            key = await talk.choose(MESSAGE_KEYS, "vm-repeat", "vm-delete", "vm-next", "vm-helpexit")
        else:
            key = await talk.choose(END_KEYS, "vm-nomore", "vm-tempgreeting", "vm-helpexit")
        match key:
            case "6":
                at += 1
            case "4":
                at = max(at - 1, 0)
            case "7":
                await mailroom.ask("delete", ticket=opened.ticket, message=int(messages.pop(at)["id"]))
                await talk.say("vm-deleted")
            case "0":
                await _record_greeting(talk, mailroom, opened.ticket)
            case "5":
                continue
            case _:
                await talk.say("vm-goodbye")
                return


async def _record_greeting(talk: Talk, mailroom: Mailroom, ticket: str) -> None:
    """Said after the tone; 1 keeps it, 2 plays it, 3 records it again."""
    while True:
        said = bytearray()
        await talk.say("vm-rec-unv", "beep")
        await talk.hear(said.extend, GREETING_SECONDS)
        if len(said) < RATE:
            await talk.say("vm-tooshort")
            return
        key = "2"
        while key == "2":
            key = await talk.choose("123#", "vm-review")
            if key == "2":
                await talk.say(bytes(said))
        if key == "1":
            await mailroom.ask("greeting", ticket=ticket, audio=base64.b64encode(said).decode())
            await talk.say("vm-msgsaved")
        if key != "3":
            return
