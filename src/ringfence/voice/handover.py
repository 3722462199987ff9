"""Carries out the transfer of a party outside (RFC 3725, RFC 5589): rings whoever it is sent to, then takes the phone's
place in the call with the party. Signalling alone: the media relay ties the two calls together.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from ringfence.policy.calls.services import PARK_CODE
from ringfence.policy.calls.transfer import BEFORE_TOKEN
from ringfence.voice import dialog as dialogs
from ringfence.voice import sip, speech
from ringfence.voice.dialog import Dialog, as_party, dialog_taken_over
from ringfence.voice.endpoint import GIVE_UP, T1, T2, Address, Endpoint
from ringfence.voice.sip import Headers, Message
from ringfence.voice.speech import Codecs, Speech

log = logging.getLogger(__name__)

LONGEST_RINGING: Final = 280.0
"""Seconds; less than the core believes in a handover. It ends each step of ringing itself, long before."""

LONGEST_TAKING: Final = 20.0
GONE: Final = (487, "Request Terminated")
NOT_TAKEN: Final = (503, "Service Unavailable")
FRAGMENT: Final = "message/sipfrag;version=2.0"
ALLOW: Final[Headers] = [("Allow", "INVITE, ACK, CANCEL, BYE, UPDATE, INFO, OPTIONS")]

type Spoken = Callable[[str, str], Awaitable[Codecs]]
"""What the party with this tag speaks in the call of this Call-ID; nothing if that cannot be told."""


async def nothing_known(call_id: str, tag: str) -> Codecs:
    """There is no relay to ask."""
    return ()


class Handover:
    """One transfer: `first` is the dialog with the party outside, `second` the call to whoever it is sent to."""

    def __init__(self, endpoint: Endpoint, core: Address, folder: Path, told: Mapping[str, Any]) -> None:
        self._endpoint, self._core, self._told = endpoint, core, told
        token, hostport = str(told["token"]), endpoint.hostport
        self._notes = (folder / f"handover-{token}-1", folder / f"handover-{token}-2")
        self._heard_at = (str(told["relay"][0]), int(told["relay"][1]))
        self._numbered = int(told["base"])
        self._is_ringing = False
        self._is_parked = told["number"] == PARK_CODE
        self._telling = asyncio.Lock()
        self._invites: list[str] = []
        self.left = False
        self.keys: list[str] = []
        self.know: Callable[[Dialog], None] = lambda dialog: None
        """Tells whoever hears requests that this dialog is one of ours."""
        self.spoken: Spoken = nothing_known
        self._known: Codecs = ()
        self.first = dialog_taken_over(told, hostport)
        number, domain = str(told["number"]), str(told["domain"])
        self.second = Dialog(
            hostport,
            sip.new_token(),
            f"<sip:{told['party']}>;tag={sip.new_token()}",
            f"<sip:{number}@{domain}>",
            f"sip:{number}{BEFORE_TOKEN}{token}@{domain}",
        )

    async def run(self) -> None:
        """Until both calls are over, or the transfer has failed and the phone has its call back."""
        is_done = False
        try:
            if await self._tie():
                self._endpoint.start(self._say_goodbye())
                await self._both()
            is_done = True
        finally:
            for note in self._notes:
                if is_done:
                    note.unlink(missing_ok=True)
                elif note.exists():  # asked to stop: a successor would say this, and does if nobody hears it now
                    self._endpoint.send(note.read_bytes(), self._core)
            for branch in self._invites:
                self._endpoint.acknowledgements.pop(branch, None)

    async def _tie(self) -> bool:
        """Whether the party and whoever it is sent to talk to each other."""
        self._known = await self._codecs_of(self._told, self.first)
        answer = await self._ring()
        return answer is not None and await self._take(answer)

    def call_over(self, token: str) -> None:
        """The core says that the party's call is over."""
        self.first.ended.set()

    def phone_left(self, token: str) -> None:
        """The phone hung up: if this fails now, the party's call is over too."""
        self.left = True
        self._keep(self._notes[0], self.first.bye_of_successor())

    async def _ring(self) -> Message | None:
        """The answer of whoever takes the call; None if nobody does, and then everybody knows."""
        self._keep(self._notes[0], self._news(NOT_TAKEN, ends=True, number=self._numbered + 99))
        invite = self.second.invite(speech.write(Speech(*self._heard_at, self._known), 1), ALLOW)
        self._keep(self._notes[1], self.second.cancel(invite))
        self._endpoint.start(self._tell_phone((100, "Trying")))
        asking = asyncio.ensure_future(self._endpoint.ask(invite, self._core, LONGEST_RINGING, self._rung))
        ending = asyncio.ensure_future(self.first.ended.wait())
        await asyncio.wait((asking, ending), return_when=asyncio.FIRST_COMPLETED)
        ending.cancel()
        if not asking.done():
            await self._endpoint.transaction(self.second.cancel(invite), self._core)
        answer = await asking
        if answer is None:
            await self._endpoint.transaction(self.second.cancel(invite), self._core)
            await self._fail((408, "Request Timeout"))
            return None
        if answer.status < 300:
            self.second.confirm(answer)
            self.know(self.second)
        self._acknowledge(self.second, invite, answer)
        if answer.status >= 300:
            await self._fail((answer.status, answer.start.split(" ", 2)[-1]))
            return None
        self._keep(self._notes[1], self.second.bye_of_successor())
        return answer

    async def _codecs_of(self, call: Mapping[str, Any], dialog: Dialog) -> Codecs:
        """What the party of this dialog speaks; G.711, which everybody does, if the relay does not say."""
        found = await self.spoken(dialog.call_id, sip.tag_in(dialog.theirs))
        return found if speech.is_spoken(found) else speech.g711(str(call["codec"]))

    def _rung(self, status: int) -> None:
        if status >= 180 and not self._is_ringing:
            self._is_ringing = True
            self._endpoint.start(self._tell_phone((180, "Ringing")))

    async def _take(self, answer: Message) -> bool:
        """Takes the phone's place in the dialog with the party."""
        heard = speech.read(answer.body)
        if heard is None or self.first.ended.is_set() or self.second.ended.is_set():
            await self._part(self.second)
            await self._fail(GONE if heard else NOT_TAKEN)
            return False
        self.second.codecs = heard.codecs
        taken = await self._renew_first(heard)
        if taken is None or taken.status >= 300:
            await self._part(self.second)
            await self._fail(NOT_TAKEN)
            return False
        self._keep(self._notes[0], self.first.bye_of_successor())
        if tied := speech.read(taken.body):
            self._follow(heard, tied)
        return True

    async def _renew_first(self, heard: Speech) -> Message | None:
        """Tells the party that it is heard where the relay hears the other call; its answer."""
        self.first.codecs = heard.codecs
        body = speech.write(Speech(self._here(heard), heard.port, heard.codecs), 2)
        invite = self.first.invite(body, ALLOW)
        taken = await self._endpoint.ask(invite, self._core, LONGEST_TAKING)
        if taken is not None:
            self._acknowledge(self.first, invite, taken)
        return taken

    def _here(self, heard: Speech) -> str:
        """The relay's own address for this end of it: what it tells others may be that of an address translator."""
        return self._heard_at[0] if (":" in self._heard_at[0]) == (":" in heard.host) else heard.host

    def _follow(self, heard: Speech, tied: Speech) -> None:
        """What the party took of it: the other one keeps to that."""
        self.first.codecs = tied.codecs
        has_moved = tied.port != self._heard_at[1]
        if has_moved:
            log.warning("the relay moved a call that is tied to another one")
        if has_moved or not speech.are_same(heard.codecs, tied.codecs):
            self._endpoint.start(self._move(tied, needed=has_moved))

    async def _move(self, tied: Speech, *, needed: bool) -> None:
        """The relay hears the party's call at another port than before, or the party speaks less: the other call
        hears of it. `needed`: without that nobody hears anybody.
        """
        body = speech.write(Speech(self._heard_at[0], tied.port, tied.codecs), 2)
        invite = self.second.invite(body, ALLOW)
        moved = await self._endpoint.ask(invite, self._core, LONGEST_TAKING)
        if moved is not None:
            self._acknowledge(self.second, invite, moved)
        if moved is not None and moved.status < 300:
            self.second.codecs = tied.codecs
        elif needed:
            await self._part(self.second)

    async def _both(self) -> None:
        """When one side ends, so does the other."""
        second = None
        while second is not self.second and not self.first.ended.is_set():  # another one, when it was fetched
            second = self.second
            ends = [asyncio.ensure_future(one.ended.wait()) for one in (self.first, second)]
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            for end in ends:
                end.cancel()
        await asyncio.gather(self._part(self.first), self._part(self.second))

    async def _part(self, dialog: Dialog) -> None:
        """Hangs up, unless the other side did."""
        if not dialog.ended.is_set():
            dialog.ended.set()
            await self._endpoint.transaction(dialog.request("BYE"), self._core)

    async def _fail(self, why: tuple[int, str]) -> None:
        """The phone keeps its call. If it hung up meanwhile, there is nobody left for the party to talk to."""
        if self.left:
            await self._part(self.first)
        elif not self.first.ended.is_set():
            await self._tell_phone(why, ends=True)

    # --- what the phone is told, in the name of the party ---

    async def _tell_phone(self, status: tuple[int, str], *, ends: bool = False) -> None:
        """One after the other: a phone refuses what overtook a later one (RFC 3261 section 12.2.2)."""
        async with self._telling:
            if not self.left:
                self._numbered += 1
                await self._endpoint.transaction(self._news(status, ends=ends, number=self._numbered), self._core)

    def _news(self, status: tuple[int, str], *, ends: bool, number: int) -> bytes:
        state = "terminated;reason=noresource" if ends else "active;expires=180"
        content: Headers = [
            ("Event", f"refer;id={self._told['cseq']}"),
            ("Subscription-State", state),
            ("Content-Type", FRAGMENT),
        ]
        return self._as_party("NOTIFY", number, content, f"SIP/2.0 {status[0]} {status[1]}\r\n".encode())

    async def _say_goodbye(self) -> None:
        """The transfer is done, and so is the phone's part in the call."""
        await self._tell_phone((200, "OK"), ends=True)
        if not self.left:
            await self._endpoint.transaction(self._as_party("BYE", self._numbered + 1), self._core)

    def _as_party(self, method: str, number: int, more: Headers | None = None, body: bytes = b"") -> bytes:
        return as_party(self.first, str(self._told["phone"])).compose(method, number, sip.new_branch(), more, body)

    # --- a parked call is fetched ---

    def waits_in(self, call_id: str) -> bool:
        """Whether the party hears the music of this call, and nobody is fetching it."""
        return self._is_parked and self.second.call_id == call_id and not self.first.ended.is_set()

    async def fetch(self, invite: Message, source: Address) -> None:
        """Ties the call of whoever fetches the party to it, in place of the music."""
        fetching, offer = dialogs.dialog_of(invite, self.first.hostport), speech.read(invite.body)
        self._is_parked = False
        self._endpoint.send(sip.response(invite, 100, "Trying", "", []), source)
        self.know(fetching)
        shared = speech.common(offer.codecs, self._known) if offer else ()
        taken = await self._renew_first(replace(offer, codecs=shared)) if offer and shared else None
        tied = speech.read(taken.body) if taken and taken.status < 300 else None
        if offer is None or tied is None:
            self._is_parked = True
            self._endpoint.send(sip.response(invite, *NOT_TAKEN, sip.new_token(), []), source)
            return
        music, self.second = self.second, fetching
        self.first.codecs = fetching.codecs = speech.common(shared, tied.codecs) or shared
        self._heard_at = (self._here(tied), tied.port)
        fetching.body = speech.write(Speech(*self._heard_at, fetching.codecs), 1)
        self._keep(self._notes[1], fetching.bye_of_successor())
        await self._part(music)
        answer = speech.at(offer.answering(fetching.codecs, tied.port), self._heard_at[0])
        await self._answer_until_acknowledged(fetching, invite, speech.write(answer, 1))

    async def _answer_until_acknowledged(self, dialog: Dialog, invite: Message, body: bytes) -> None:
        content: Headers = [("Contact", f"<sip:{dialog.hostport}>"), *ALLOW, ("Content-Type", "application/sdp")]
        raw = sip.response(invite, 200, "OK", sip.tag_in(dialog.ours), content, body)
        wait, waited = T1, 0.0
        while waited < GIVE_UP and not dialog.ended.is_set():
            self._endpoint.send(raw, self._core)
            with suppress(TimeoutError):
                await asyncio.wait_for(dialog.acknowledged.wait(), wait)
                return
            waited, wait = waited + wait, min(2 * wait, T2)
        dialog.ended.set()

    # --- what others ask in one of the two dialogs ---

    def asked(self, dialog: Dialog, request: Message, source: Address) -> None:
        """Holding and refreshing change nothing for the other side: the relay sees to the media."""
        match request.method:
            case "INVITE" | "UPDATE" if request.body:
                self._renew(dialog, request, source)
            case "INVITE":
                self._agree(request, source, dialog.body)
            case "BYE":
                dialog.ended.set()
                self._answer(request, source, (200, "OK"))
            case "INFO":
                self._answer(request, source, (200, "OK"))
                self._pass_on(dialog, request)
            case "UPDATE" | "OPTIONS" | "CANCEL":
                self._answer(request, source, (200, "OK"))
            case "ACK":
                dialog.acknowledged.set()
            case _:
                self._answer(request, source, (405, "Method Not Allowed"))

    def _renew(self, dialog: Dialog, request: Message, source: Address) -> None:
        offer, ours = speech.read(request.body), speech.read(dialog.body)
        spoken = speech.common(offer.codecs, dialog.codecs) if offer else ()
        if offer is None or ours is None or not spoken:
            self._answer(request, source, (488, "Not Acceptable Here"))
            return
        self._agree(request, source, speech.write(speech.at(offer.answering(spoken, ours.port), ours.host), 3))

    def _agree(self, request: Message, source: Address, body: bytes) -> None:
        """With this side of the media: the answer, or the offer where the other side leaves that to us."""
        content: Headers = [("Contact", f"<sip:{self.first.hostport}>"), *ALLOW, ("Content-Type", "application/sdp")]
        self._endpoint.send(sip.response(request, 200, "OK", "", content, body), source)

    def _pass_on(self, dialog: Dialog, request: Message) -> None:
        """A key that somebody presses in a message of its own is for the other side."""
        kind = request.header("content-type")
        if kind.lower().startswith("application/dtmf"):
            other = self.second if dialog is self.first else self.first
            key = other.request("INFO", [("Content-Type", kind)], request.body)
            self._endpoint.start(self._send(key))

    async def _send(self, request: bytes) -> None:
        await self._endpoint.transaction(request, self._core)

    def _answer(self, request: Message, source: Address, status: tuple[int, str]) -> None:
        self._endpoint.send(sip.response(request, *status, "", ALLOW), source)

    def _acknowledge(self, dialog: Dialog, invite: bytes, answer: Message) -> None:
        raw = dialog.acknowledgement(invite, answer)
        branch = sip.parse(invite).branch
        self._endpoint.acknowledgements[branch] = raw
        self._invites.append(branch)
        self._endpoint.send(raw, self._core)

    @staticmethod
    def _keep(note: Path, request: bytes) -> None:
        """What a successor says instead of us, if we are killed."""
        note.write_bytes(request)
