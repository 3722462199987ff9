"""Records calls: which ones the SIP core and the portal say. Trouble here ends a recording, never a call."""

import asyncio
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from ringfence.policy.calls.recording import Why
from ringfence.voice.calls import Call, Calls, call_of
from ringfence.voice.mailroom import Mailroom, MailroomAway, Refused
from ringfence.voice.prompts import Prompts
from ringfence.voice.relay import Relay, RelayRefused
from ringfence.voice.spool import Spool
from ringfence.voice.taping import Tape, Trouble, no_room, taping

log = logging.getLogger(__name__)

MOST_AT_ONCE: Final = 200
ANNOUNCEMENT: Final = "conf-now-recording"
BEEP: Final = "beep"


@dataclass(slots=True)
class Running:
    """A recording that goes on."""

    call: Call
    why: Why
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    over: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(frozen=True, slots=True)
class Desk:
    """Whom a recorder works with."""

    relay: Relay
    spool: Spool
    mailroom: Mailroom
    prompts: Prompts


class Recorder:
    """All recordings of this process."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._calls = Calls()
        self._running: dict[str, Running] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def hear(self, news: Mapping[str, Any]) -> None:
        """What the core or the portal tells. Raises KeyError, ValueError or TypeError on nonsense."""
        match news["about"]:
            case "call":
                call = call_of(news)
                self._calls.begin(call)
                if call.why is not None:
                    self._start(call, call.why)
            case "call-ended":
                self._calls.end(str(news["relay"]))
                self._stop(str(news["relay"]), over=True)
            case "record-key":
                self._pressed(str(news["relay"]), str(news["tag"]), bool(news["on"]))
            case "record":
                self._asked(call_of(news["facts"]), bool(news["on"]), str(news["by"]))

    def key(self, told: Mapping[str, Any]) -> None:
        """A key pressed in a call, as the media relay tells it. Raises KeyError, ValueError or TypeError."""
        relay, tag = str(told["callid"]), str(told["source_tag"])
        if self._calls.code_typed(relay, tag, int(told["event"]), time.monotonic()):
            self._pressed(relay, tag, relay not in self._running)

    def _pressed(self, relay: str, tag: str, on: bool) -> None:
        call = self._calls.get(relay)
        if call is None or not call.may_ask(tag):
            return
        running = self._running.get(relay)
        if on and running is None:
            self._start(call, Why.ON_DEMAND, by=(call.caller, call.callee)[call.tags.index(tag)])
        elif not on and running is not None and running.why is Why.ON_DEMAND:
            self._stop(relay)
        else:
            return
        if not (on and call.announced):
            self._spawn(self._beep(call, tag))

    def _asked(self, call: Call, on: bool, by: str) -> None:
        """The portal has checked who asks; it may end every recording."""
        if on and call.relay not in self._running:
            self._start(call, Why.ON_DEMAND, by)
        elif not on:
            self._stop(call.relay)

    def resume(self, notes: list[dict[str, Any]]) -> None:
        """Goes on where a killed predecessor was recording: a new part, without a second announcement."""
        for note in notes:
            try:
                call = replace(call_of(note), announced=False)
            except (KeyError, ValueError, TypeError):
                continue
            self._calls.begin(call)
            self._start(call, call.why or Why.ON_DEMAND, str(note.get("by", "")))

    async def _beep(self, call: Call, tag: str) -> None:
        try:
            await self._desk.relay.play(call.relay, tag, self._desk.prompts.standard(BEEP))
        except RelayRefused as error:
            log.warning("a beep was not played: %s", error)

    def _stop(self, relay: str, *, over: bool = False) -> None:
        running = self._running.get(relay)
        if running is None:
            return
        if over:
            running.over.set()
        running.stop.set()

    def _start(self, call: Call, why: Why, by: str = "") -> None:
        if call.relay not in self._running:
            running = self._running[call.relay] = Running(replace(call, why=why), why)
            self._spawn(self._record(running, by))

    async def _record(self, running: Running, by: str) -> None:
        call = running.call
        try:
            if len(self._running) > MOST_AT_ONCE:
                raise Trouble(f"More than {MOST_AT_ONCE} recordings at once.")
            if problem := no_room(self._desk.spool):
                raise Trouble(problem)
            await self._tape(running, by)
        except (Trouble, OSError, ValueError) as error:
            log.error("call %s is not recorded: %s", call.name, error)
            await self._tell("recording-trouble", tenant_id=call.tenant_id, call=call.name, why=str(error))
        finally:
            self._running.pop(call.relay, None)

    async def _tape(self, running: Running, by: str) -> None:
        call, desk = running.call, self._desk
        note = {**call.note(), "by": by}
        parcel = desk.spool.open("recording", channels=2, **note)
        try:
            told = await desk.mailroom.ask("recording", uid=parcel.name, note={**note, "started_at": time.time()})
        except Refused as refused:
            parcel.discard()
            log.warning("call %s is not recorded: %s", call.name, refused)
            return
        except MailroomAway as error:
            log.error("the mail room does not answer: %s", error)
            told = {}
        sound = self._sound(str(told.get("announcement", ""))) if call.announced else b""
        try:
            await taping(Tape(call, sound, parcel, running.stop, running.over), desk.relay, lambda: no_room(desk.spool))
        finally:
            if not parcel.finish():
                await self._tell("recording-gone", uid=parcel.name)

    def _sound(self, own: str) -> bytes:
        recorded = self._desk.prompts.own(own) if own else b""
        return recorded or self._desk.prompts.standard(ANNOUNCEMENT)

    async def _tell(self, verb: str, **what: Any) -> None:
        try:
            await self._desk.mailroom.ask(verb, **what)
        except (MailroomAway, Refused) as error:
            log.error("the mail room does not hear of it: %s", error)

    def _spawn(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a recording ended with an error", exc_info=error)

    async def close(self) -> None:
        """What was said so far is handed over whole."""
        for running in self._running.values():
            running.stop.set()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=2.0)
