"""Joins two calls of one phone: it asked the one party before it transfers the other to it (RFC 5589 section 7).

Both get a new session description in which each hears the other, and the phone's part in both is over.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ringfence.voice import sip, speech
from ringfence.voice.dialog import Dialog, as_party, dialog_taken_over
from ringfence.voice.endpoint import Address, Endpoint
from ringfence.voice.handover import ALLOW, LONGEST_TAKING, NOT_TAKEN, Handover
from ringfence.voice.sip import Message
from ringfence.voice.speech import Speech


class Join(Handover):
    """`first` is the dialog in which the phone transfers, `second` the one with the party it asked."""

    def __init__(self, endpoint: Endpoint, core: Address, folder: Path, told: Mapping[str, Any]) -> None:
        super().__init__(endpoint, core, folder, told)
        self._other: Mapping[str, Any] = told["other"]
        # the core's Record-Route, by which it knows who began the call and by which Call-ID the provider knows it
        route = f"<sip:{core[0]}:{core[1]};lr;ftag={self._other['began']}>"
        self.second = dialog_taken_over({**self._other, "route": route}, endpoint.hostport)
        self._other_left = False

    def call_over(self, token: str) -> None:
        (self.second if token == self._other["token"] else self.first).ended.set()

    def phone_left(self, token: str) -> None:
        if token != self._other["token"]:
            super().phone_left(token)
            return
        self._other_left = True
        self._keep(self._notes[1], self.second.bye_of_successor())

    async def _tie(self) -> bool:
        """Whoever was asked first: if they do not follow, nothing has changed for anybody."""
        self._keep(self._notes[0], self._news(NOT_TAKEN, ends=True, number=self._numbered + 99))
        self.know(self.second)
        self._known = await self._codecs_of(self._told, self.first)
        self._endpoint.start(self._tell_phone((100, "Trying")))
        answer = await self._renew_second()
        if answer is None or answer.status >= 300:
            if self._other_left:
                await self._part(self.second)
            await self._fail(NOT_TAKEN)
            return False
        self._keep(self._notes[1], self.second.bye_of_successor())
        if await self._take(answer):
            return True
        await self._leave_other()
        return False

    async def _renew_second(self) -> Message | None:
        known = await self._codecs_of(self._other, self.second)
        shared = speech.common(known, self._known) or speech.g711(str(self._other["codec"]))
        invite = self.second.invite(speech.write(Speech(*self._heard_at, shared), 2), ALLOW)
        answer = await self._endpoint.ask(invite, self._core, LONGEST_TAKING)
        if answer is not None:
            self._acknowledge(self.second, invite, answer)
        return answer

    async def _say_goodbye(self) -> None:
        self._endpoint.start(self._leave_other())
        await super()._say_goodbye()

    async def _leave_other(self) -> None:
        """The phone's part in the call with whom it asked is over too."""
        if not self._other_left:
            party: Dialog = as_party(self.second, str(self._other["phone"]))
            bye = party.compose("BYE", int(self._other["base"]) + 1, sip.new_branch())
            await self._endpoint.transaction(bye, self._core)
