"""What stands right now, registrations and calls, and its snapshot: with the journal behind it, it survives any kill.

The snapshot is itself a journal: a first line with the checkpoint it stands for, then the lines that rebuild
everything. It is written again when the journal behind it is twice as long, so it adds at most half to what is
written anyway.
"""

import asyncio
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import orjson

from ringfence.guard.lamps.watches import Watches
from ringfence.guard.live.browsers import Browsers
from ringfence.guard.live.calls import Calls
from ringfence.guard.live.registrations import Registrations
from ringfence.guard.live.trunks import Trunks
from ringfence.journal.layout import SEGMENT_BYTES
from ringfence.journal.reader import Checkpoint, Entry, Event, decode, replay
from ringfence.policy.events import Kind

SNAPSHOT: Final = "standing"
SNAPSHOT_NAME: Final = "standing.jsonl"
LEAST_SEGMENTS: Final = 2
LINES_AT_ONCE: Final = 500
MALFORMED: Final = (KeyError, TypeError, ValueError, AttributeError)
"""What an event with missing or wrong fields raises when it is taken in."""


class Standing:
    """Registrations, calls and trunks, fed from journal lines."""

    def __init__(self) -> None:
        self.registrations = Registrations()
        self.calls = Calls()
        self.watches = Watches()
        self.trunks = Trunks()
        self.browsers = Browsers()

    def take(self, line: bytes, event: Event) -> None:
        """Takes in one event; kinds that change nothing here are ignored."""
        if event["kind"].startswith("call."):
            self.watches.touch(*self.calls.parties_of(event))
        match event["kind"]:
            case Kind.REGISTRATION_SAVED:
                self.registrations.saved(line, event)
            case Kind.REGISTRATION_RENEWED:
                self.registrations.renewed(event)
            case Kind.REGISTRATION_REMOVED | Kind.REGISTRATION_DISPLACED:
                self.registrations.removed(event)
            case Kind.REGISTRATION_BROWSER:
                self.browsers.saw(event)
            case Kind.WATCH_SAVED:
                self.watches.saved(line, event)
            case Kind.CALL_STARTED:
                self.calls.started(line, event)
            case Kind.CALL_FORWARDED:
                self.calls.forwarded(line, event)
            case Kind.CALL_REROUTED:
                self.calls.rerouted(line, event)
            case Kind.CALL_MEDIA_NAMED:
                self.calls.named(line, event)
            case Kind.CALL_ANSWERED:
                self.calls.answered(line, event)
            case Kind.CALL_CONFIRMED:
                self.calls.confirmed(line, event)
            case Kind.CALL_ENDED:
                self.calls.ended(event)
            case Kind.TRUNK_CHANGED | Kind.TRUNK_SEEN:
                self.trunks.seen(line, event)
        if event["kind"].startswith("call."):
            self.watches.touch(*self.calls.parties_of(event))

    def take_all(self, entries: Iterable[Entry]) -> None:
        """Takes in what a running guard took in before; malformed events were reported then."""
        for line, event in entries:
            try:
                self.take(line, event)
            except MALFORMED:
                continue

    def lines(self) -> list[bytes]:
        found = (self.registrations, self.calls, self.watches, self.trunks)
        return [line for part in found for line in part.lines()]

    def outgrown(self, saved: Checkpoint, now: Checkpoint) -> bool:
        """Whether the journal since the last snapshot is long enough to write the next one."""
        return now.segment - saved.segment >= max(LEAST_SEGMENTS, 2 * self.registrations.bytes // SEGMENT_BYTES)


def load_snapshot(folder: Path) -> tuple[Standing, Checkpoint]:
    """The last snapshot and the checkpoint it stands for; empty if there is none."""
    standing = Standing()
    try:
        lines = (folder / SNAPSHOT_NAME).read_bytes().split(b"\n")
    except OSError:
        return standing, Checkpoint()
    header = decode(lines[0])
    if header is None or header[1]["kind"] != SNAPSHOT:
        return standing, Checkpoint()
    first = header[1]
    standing.take_all(entry for line in lines[1:] if (entry := decode(line)) is not None)
    return standing, Checkpoint(int(first["segment"]), int(first["offset"]), int(first["late_offset"]))


def load_newest(guard_folder: Path, journal_folder: Path) -> Standing:
    """Everything up to the last line of the journal, whether a guard is running or not."""
    standing, start = load_snapshot(guard_folder)
    standing.take_all(replay(journal_folder, start))
    return standing


async def write_snapshot(folder: Path, checkpoint: Checkpoint, lines: list[bytes], now: float) -> None:
    """Writes the snapshot in small bites and swaps it in. Raises OSError and keeps the old one if the disk refuses."""
    header = orjson.dumps(
        {
            "t": now,
            "kind": SNAPSHOT,
            "segment": checkpoint.segment,
            "offset": checkpoint.offset,
            "late_offset": checkpoint.late_offset,
        }
    )
    path = folder / SNAPSHOT_NAME
    fresh = path.with_suffix(".new")
    with fresh.open("wb") as stream:
        stream.write(header + b"\n")
        for start in range(0, len(lines), LINES_AT_ONCE):
            stream.write(b"\n".join(lines[start : start + LINES_AT_ONCE]) + b"\n")
            await asyncio.sleep(0)
        stream.flush()
        await asyncio.to_thread(os.fsync, stream.fileno())
    fresh.chmod(0o640)
    fresh.replace(path)
