"""Two guards tell each other whom they keep out, and the core's whom signalling named: lines of JSON over one
connection, each way by itself.

First everything that is in force, then `{"whole": true}`, then what changes; `{}` while nothing does. The core's host
has the last word: what it lifts is lifted on the SBC's host, and what it refuses to take is given back. The SBC's host
can add bans, and take back those alone. The core's host tells as a whole what its allow entries name of IPv6 /64,
before the bans that spare it and when it changed, and who may send media: every second, and at once when somebody is
new. A connection that is silent is ended, and opened again by the SBC's host.
"""

import asyncio
import json
import logging
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ringfence.guardlink import GuardRefusal, GuardUnreachable, ask

SILENCE: Final = 15.0
"""Seconds; the other end says something every HEARTBEAT."""
HEARTBEAT: Final = 2.0
LONGEST_LINE: Final = 4_096
LONGEST_TEXT: Final = 200
LONGEST_TAKEN: Final = 86_400
"""Seconds that a ban of the SBC's host lasts at the core's, at the most."""
MOST_EVENTS: Final = 500
NAMED: Final = ("begin", "registered", "named", "legs", "end")
SPARED: Final = ("begin", "parts", "end")
ADDED: Final = "ban.added"
LIFTED: Final = "ban.lifted"
NAMED_EVERY: Final = 1.0
NAMED_APART: Final = 0.05
"""Seconds between two lists of who may send media, at the least."""
REGISTERED_ANEW: Final = 3_600.0
"""The other guard knows who is registered for a day after it was told."""
MOST_NAMED: Final = 40
MOST_SPARED: Final = 60
"""So many fit into one line."""
_END_OF_LEDGER: Final = 1 << 62

log = logging.getLogger(__name__)


class ExchangeEnded(Exception):
    """Why this connection is over; another one is opened."""


@dataclass(frozen=True, slots=True)
class Desk:
    """The guard of this host. `name` stands for the other host in the list of bans; `rules`: this one is the core's."""

    guard: Path
    name: str
    rules: bool

    async def ask(self, verb: str, **args: Any) -> Any:
        """Raises GuardRefusal, ExchangeEnded."""
        try:
            return await asyncio.to_thread(ask, self.guard, verb, HEARTBEAT + 5.0, **args)
        except GuardUnreachable as error:
            raise ExchangeEnded(str(error)) from error

    def is_own(self, ban: dict[str, Any]) -> bool:
        """Whether this host decided it, so that the other one is to be told."""
        return ban.get("scope", "sip") == "sip" and ban.get("by") != self.name


class Exchange:
    """One connection."""

    def __init__(self, desk: Desk, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._desk, self._reader, self._writer = desk, reader, writer
        self._seen: set[str] | None = set()
        self._spared: list[str] | None = None

    async def run(self) -> None:
        """Until it breaks. Raises ExchangeEnded."""
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._tell())
                if self._desk.rules:
                    both.create_task(self._name())
                both.create_task(self._hear())
        except ExceptionGroup as errors:
            first = errors.exceptions[0]
            raise ExchangeEnded(str(first) or type(first).__name__) from errors
        finally:
            self._writer.close()

    async def _tell(self) -> None:
        cursor = int((await self._desk.ask("events.since", cursor=_END_OF_LEDGER, limit=1))["last"])
        await self._tell_spared()
        await self._send(_added(ban) for ban in await self._desk.ask("bans.list") if self._desk.is_own(ban))
        await self._send([{"whole": True}])
        while True:
            news = await self._desk.ask(
                "events.since", cursor=cursor, limit=MOST_EVENTS, kinds=[ADDED, LIFTED], wait=HEARTBEAT
            )
            cursor = int(news["cursor"])
            await self._tell_spared()
            await self._send([_line(event) for event in news["events"] if self._desk.is_own(event)] or [{}])

    async def _tell_spared(self) -> None:
        """Before the bans: the other host knows no allow entries, and none of them may cut whom one names."""
        if not self._desk.rules:
            return
        spared = await self._desk.ask("bans.spare")
        if spared != self._spared:
            self._spared = spared
            await self._send({"spare": part} for part in spared_parts(spared))

    async def _name(self) -> None:
        places: dict[str, int] = {}
        anew = 0.0
        while True:
            if time.monotonic() >= anew:
                places, anew = {}, time.monotonic() + REGISTERED_ANEW
            told = await self._desk.ask("media.named", **places, wait=NAMED_EVERY)
            places = {name: told[name] for name in ("after_registered", "after_called")}
            await self._send({"media": part} for part in named_parts(told))
            await asyncio.sleep(NAMED_APART)

    async def _send(self, lines: Iterable[dict[str, Any]]) -> None:
        for line in lines:
            self._writer.write(json.dumps(line).encode() + b"\n")
            async with asyncio.timeout(SILENCE):
                await self._writer.drain()

    async def _hear(self) -> None:
        while True:
            async with asyncio.timeout(SILENCE):
                line = await self._reader.readuntil(b"\n")
            told = json.loads(line)
            if not isinstance(told, dict):
                raise ExchangeEnded("the other host said what is no object")
            await self._take(told)

    async def _take(self, told: dict[str, Any]) -> None:
        if told.get("whole") is True:
            await self._free_others()
        elif isinstance(address := told.get("ban"), str):
            await self._ban(address, told)
        elif isinstance(address := told.get("free"), str):
            await self._free(address)
        elif isinstance(part := told.get("media"), dict) and not self._desk.rules:
            await self._admit(part)
        elif isinstance(part := told.get("spare"), dict) and not self._desk.rules:
            await self._spare(part)

    async def _spare(self, part: dict[str, Any]) -> None:
        try:
            await self._desk.ask("bans.told-spare", **{name: part[name] for name in SPARED if name in part})
        except GuardRefusal as refusal:
            raise ExchangeEnded(str(refusal)) from refusal

    async def _admit(self, part: dict[str, Any]) -> None:
        """The core's host alone says who may send media to the other one."""
        try:
            await self._desk.ask("media.told", **{name: part[name] for name in NAMED if name in part})
        except GuardRefusal as refusal:
            raise ExchangeEnded(str(refusal)) from refusal

    async def _ban(self, address: str, told: dict[str, Any]) -> None:
        """A ban of our own is not replaced: it would be lifted with the other host's."""
        if self._seen is not None:
            self._seen.add(address)
        try:
            present = await self._present(address)
            if present is not None and self._desk.is_own(present):
                return
            await self._desk.ask(
                "bans.add",
                address=address,
                seconds=_seconds(told.get("seconds"), bounded=self._desk.rules),
                rule=_text(told.get("rule")),
                reason=_text(told.get("reason")),
                by=self._desk.name,
            )
        except GuardRefusal as refusal:
            log.info("%s is not kept out here: %s", address[:64], refusal)
            if self._desk.rules:
                await self._send([{"free": address}])

    async def _free(self, address: str) -> None:
        try:
            present = await self._present(address)
            if present is not None and not (self._desk.rules and self._desk.is_own(present)):
                await self._desk.ask("bans.lift", address=address, scope="sip", by=self._desk.name)
        except GuardRefusal as refusal:
            log.info("%s is not let in here: %s", address[:64], refusal)

    async def _free_others(self) -> None:
        """What the other host told before and has in force no more."""
        seen, self._seen = self._seen, None
        if seen is None:
            return
        for ban in await self._desk.ask("bans.list"):
            if ban.get("by") == self._desk.name and ban["address"] not in seen:
                await self._free(ban["address"])

    async def _present(self, address: str) -> dict[str, Any] | None:
        found = (await self._desk.ask("bans.explain", address=address))["ban"]
        return found if isinstance(found, dict) else None


def named_parts(told: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """What fits into a line each, the first and the last one marked."""
    every = [(kind, one) for kind in ("registered", "named", "legs") for one in told[kind]]
    starts = range(0, max(1, len(every)), MOST_NAMED)
    for start in starts:
        part: dict[str, Any] = {"begin": start == 0, "end": start == starts[-1]}
        for kind, one in every[start : start + MOST_NAMED]:
            part.setdefault(kind, []).append(one)
        yield part


def spared_parts(spared: list[str]) -> Iterator[dict[str, Any]]:
    """The same of what bans spare."""
    starts = range(0, max(1, len(spared)), MOST_SPARED)
    for start in starts:
        yield {"begin": start == 0, "parts": spared[start : start + MOST_SPARED], "end": start == starts[-1]}


def _line(event: dict[str, Any]) -> dict[str, Any]:
    return _added(event) if event["kind"] == ADDED else {"free": event["address"]}


def _added(ban: dict[str, Any]) -> dict[str, Any]:
    left = ban.get("seconds_left")
    seconds = ban["until"] - ban["t"] if left is None else left
    return {
        "ban": ban["address"],
        "seconds": max(1, round(seconds)),
        **{name: ban[name] for name in ("rule", "reason")},
    }


def _seconds(told: Any, *, bounded: bool) -> int:
    number = int(told) if isinstance(told, int | float) and not isinstance(told, bool) and told > 0 else 1
    return min(number, LONGEST_TAKEN) if bounded else number


def _text(told: Any) -> str:
    return told[:LONGEST_TEXT] if isinstance(told, str) else ""
