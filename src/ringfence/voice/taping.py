"""One recording: two parties heard over the media relay, laid side by side and sealed while they speak."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from ringfence.audio.g711 import RATE
from ringfence.hosts.room import room_at
from ringfence.voice.calls import Call
from ringfence.voice.ear import Ear, open_ear
from ringfence.voice.relay import Heard, Relay, RelayRefused
from ringfence.voice.spool import Parcel, Spool
from ringfence.voice.tracks import side_by_side

WRITE_EVERY: Final = 0.2
BEHIND: Final = 0.2
"""Seconds that late packets may take."""

LOOK_EVERY: Final = 3.0
LONGEST: Final = 4 * 3600 + 60
LEAST_FREE: Final = 512 * 1024 * 1024
"""Bytes of disk that recordings leave to everything else."""


class Trouble(Exception):
    """Why there is no recording, in a sentence for an administrator."""


@dataclass(frozen=True, slots=True)
class Tape:
    """What is recorded until `stop`: `sound` is said to both parties first, unless it is empty.

    `over` means that the call has ended, and with it what the relay knew of it.
    """

    call: Call
    sound: bytes
    parcel: Parcel
    stop: asyncio.Event
    over: asyncio.Event


def no_room(spool: Spool) -> str:
    """Why nothing can be kept; "" when there is room."""
    free = room_at(spool.folder).free
    return "" if free >= LEAST_FREE else f"Only {free >> 20} MiB of disk are free."


async def taping(tape: Tape, relay: Relay, room: Callable[[], str]) -> None:
    """Until it is stopped or the call is over. Raises Trouble; what was heard before is in the parcel."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    ears: list[Ear] = []
    heard: list[Heard] = []
    try:
        for tag in tape.call.tags:
            ears.append(await open_ear(loop.time, began))
            heard.append(await relay.hear(tape.call.relay, tag, ears[-1].port))
            ears[-1].source = heard[-1].source
        await _announce(tape, relay)
        await _until_over(tape, ears, relay, room)
    except RelayRefused as error:
        if await relay.knows(tape.call.relay):
            raise Trouble(f"The media relay refuses: {error}.") from error
    finally:
        for one in () if tape.over.is_set() else heard:
            await relay.leave(tape.call.relay, one.tag)
        for ear in ears:
            ear.close()


async def _announce(tape: Tape, relay: Relay) -> None:
    """Raises RelayRefused before a single word is kept: nobody is recorded who should have been told and was not."""
    for tag in tape.call.tags if tape.sound else ():
        await relay.play(tape.call.relay, tag, tape.sound)


async def _until_over(tape: Tape, ears: list[Ear], relay: Relay, room: Callable[[], str]) -> None:
    loop = asyncio.get_running_loop()
    began = looked = loop.time()
    while not tape.stop.is_set() and loop.time() - began < LONGEST:
        with suppress(TimeoutError):
            await asyncio.wait_for(tape.stop.wait(), WRITE_EVERY)
        _write(tape, ears, BEHIND if not tape.stop.is_set() else 0.0)
        if loop.time() - looked >= LOOK_EVERY:
            looked = loop.time()
            if tape.parcel.failed or (problem := room()):
                raise Trouble("The disk is full." if tape.parcel.failed else problem)
            if not await relay.knows(tape.call.relay):
                tape.over.set()
                return


def _write(tape: Tape, ears: list[Ear], behind: float) -> None:
    until = ears[0].place - round(behind * RATE)
    tape.parcel.write(side_by_side(ears[0].track.take(until), ears[1].track.take(until)))
