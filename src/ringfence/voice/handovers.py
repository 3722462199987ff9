"""All transfers that the voice process carries out, by the token of the core; and what reaches their dialogs."""

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final

from ringfence.policy.calls.services import Service
from ringfence.voice import sip
from ringfence.voice.dialog import Dialog, dialog_taken_over
from ringfence.voice.endpoint import GIVE_UP, Address, Endpoint, key_of
from ringfence.voice.handover import Handover, Spoken, nothing_known
from ringfence.voice.joining import Join
from ringfence.voice.sip import Message

MOST: Final = 2_000


class Handovers:
    """All that go on, by the token of the core."""

    def __init__(
        self, endpoint: Endpoint, door: Callable[[], Address], folder: Path, spoken: Spoken = nothing_known
    ) -> None:
        self._endpoint, self._door, self._folder = endpoint, door, folder
        self._spoken = spoken
        self._running: dict[str, Handover] = {}
        self._dialogs: dict[str, tuple[Handover, Dialog]] = {}

    def begin(self, told: Mapping[str, Any]) -> None:
        """Raises KeyError, ValueError or TypeError on anything that is no transfer."""
        token = str(told["token"])
        if token not in self._running and len(self._running) < MOST:
            other = told.get("other")
            make = Join if other else Handover
            handover = make(self._endpoint, self._door(), self._folder, told)
            tokens = (token, str(other["token"])) if other else (token,)
            self._running |= dict.fromkeys(tokens, handover)
            self._endpoint.start(self._run(tokens, handover))

    async def _run(self, tokens: tuple[str, ...], handover: Handover) -> None:
        handover.know, handover.spoken = partial(self._know, handover), self._spoken
        handover.know(handover.first)
        try:
            await handover.run()
        finally:
            for token in tokens:
                del self._running[token]
            asyncio.get_running_loop().call_later(GIVE_UP, self._forget, handover)

    def _know(self, handover: Handover, dialog: Dialog) -> None:
        self._dialogs[dialog.key] = (handover, dialog)
        handover.keys.append(dialog.key)

    def _forget(self, handover: Handover) -> None:
        """Not at once: a BYE may still come, of a call whose end the core has told before."""
        for key in handover.keys:
            if key in self._dialogs and self._dialogs[key][0] is handover:
                del self._dialogs[key]

    def left(self, told: Mapping[str, Any]) -> None:
        """The phone hung up. A transfer nobody knows here has failed: the party's call is ended."""
        if running := self._running.get(str(told["token"])):
            running.phone_left(str(told["token"]))
        else:
            self._endpoint.start(self._end(dialog_taken_over(told, self._endpoint.hostport)))

    async def _end(self, dialog: Dialog) -> None:
        await self._endpoint.transaction(dialog.request("BYE"), self._door())

    def over(self, told: Mapping[str, Any]) -> None:
        """The core says that the call with the party is over."""
        if running := self._running.get(str(told["token"])):
            running.call_over(str(told["token"]))

    def asked(self, request: Message, source: Address) -> bool:
        """Whether a request belongs to one of them; then it is answered."""
        found = self._dialogs.get(key_of(request))
        if found is None:
            return self._fetches(request, source)
        handover, dialog = found
        handover.asked(dialog, request, source)
        return True

    def _fetches(self, request: Message, source: Address) -> bool:
        """Whether this is the call of somebody who fetches a parked party."""
        if request.method != "INVITE" or request.tag("to") or not request.target.startswith(f"sip:{Service.FETCH}@"):
            return False
        wanted = request.header("x-ringfence-argument").partition(" ")[0]
        parked = next((one for one in self._running.values() if one.waits_in(wanted)), None)
        if parked is None:
            nothing = sip.response(request, 404, "Not Found", sip.new_token(), [])
            self._endpoint.send(nothing, source)
        else:
            self._endpoint.start(parked.fetch(request, source))
        return True
