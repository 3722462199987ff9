"""The guard's process: everything is built by hand here, then one loop rings, looks, sweeps and answers."""

import argparse
import asyncio
import gc
import logging
import signal
import time
from collections.abc import Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Final

from ringfence.corelink import Core
from ringfence.guard.adopted import AdoptedPolicy
from ringfence.guard.clock import boot_id, moment
from ringfence.guard.control import ControlSocket
from ringfence.guard.doorbell import Doorbell
from ringfence.guard.health.alarms import Alarms
from ringfence.guard.health.endings import Endings
from ringfence.guard.health.measures import Measures
from ringfence.guard.health.room import shortage
from ringfence.guard.intake import Intake
from ringfence.guard.kernel.around import around
from ringfence.guard.kernel.choosing import choose_firewall
from ringfence.guard.kernel.firewall import Firewall
from ringfence.guard.kernel.kernelwatch import KernelWatch
from ringfence.guard.kernel.shape import BAN_SET_SIZE
from ringfence.guard.kernel.sipports import SipPorts
from ringfence.guard.lamps.messagedesk import MessageDesk
from ringfence.guard.lamps.notify import Notifier
from ringfence.guard.ledger import Ledger
from ringfence.guard.live.browserdesk import END, END_ALL, BrowserDesk
from ringfence.guard.live.callstart import START, CallStart
from ringfence.guard.live.callwatch import LOOK_EVERY as CALLS_EVERY
from ringfence.guard.live.callwatch import CallWatch
from ringfence.guard.live.leaving import END_CALLS, Leaving
from ringfence.guard.live.parkreturn import ParkReturn
from ringfence.guard.live.recordingdesk import RecordingDesk
from ringfence.guard.live.standing import load_snapshot, write_snapshot
from ringfence.guard.money.fuse import OVER_BUDGET, Fuse, FuseParts
from ringfence.guard.money.fusedesk import LIFT, FuseDesk
from ringfence.guard.offenders.bans import Bans
from ringfence.guard.offenders.crowd import watching
from ringfence.guard.offenders.doors import Doors
from ringfence.guard.offenders.floods import Floods, Witnesses
from ringfence.guard.offenders.known import Known
from ringfence.guard.offenders.neverblock import NeverBlock
from ringfence.guard.offenders.rulings import Record, Rulings
from ringfence.guard.offenders.toldparts import TOLD, ToldParts
from ringfence.guard.relay.media import Relay
from ringfence.guard.relay.mediaports import MediaPorts, of_relays
from ringfence.guard.relay.mediaside import media_side
from ringfence.guard.relay.mediawatch import LOOK_EVERY as MEDIA_EVERY
from ringfence.guard.relay.relayroom import LOOK_EVERY as ROOM_EVERY
from ringfence.guard.relay.relayroom import RelayRoom
from ringfence.guard.service import Parts, Service
from ringfence.guard.verbs import CHANGING, Desk
from ringfence.hosts import ports
from ringfence.hosts.addresses import Address, NetworkUnreadable, time_servers
from ringfence.hosts.paths import Paths
from ringfence.hosts.sbc import read_sbc
from ringfence.journal.durability import Synced, sync
from ringfence.journal.reader import JournalReader, replay
from ringfence.store.bans import BanWriter
from ringfence.store.blocks import BlockWriter
from ringfence.store.relayroom import RelayRoomWriter
from ringfence.store.suspensions import SuspensionWriter

LOOK_EVERY: Final = 0.1
READ_EVERY: Final = 0.2
SWEEP_EVERY: Final = 1.0
HOST_EVERY: Final = 30.0
CLOCKS_EVERY: Final = 3_600.0
SYNC_EVERY: Final = 1.0
CUT_EVERY: Final = 0.5
SETTLE: Final = 0.02
"""Seconds to wait after somebody else's change, so that a script's many changes are answered once."""

LEDGER_BROKEN: Final = "ledger.broken"

log = logging.getLogger(__name__)


class Daemon:
    """One guard in one event loop."""

    def __init__(self, paths: Paths, service: Service, watch: KernelWatch | None) -> None:
        self._paths = paths
        self._service = service
        self._watch = watch
        core, relay, outer = Core(paths.core_control), Relay(), Relay(ports.SBC_RTPENGINE_CONTROL)
        self._notifier = Notifier(core)
        self._endings = Endings(paths.endings, service.parts.alarms)
        self._media_ports = MediaPorts(service.parts.alarms, of_relays(relay, outer))
        self._calls = CallWatch(service.parts.standing.calls, relay, core, service.give_up, outer)
        is_far = bool(read_sbc(paths.sbc_switch).core)
        self._media = media_side(service.parts, relay, outer, far=is_far)
        self._room = RelayRoom(relay, outer, RelayRoomWriter(paths.suspensions), service.parts.alarms)
        self._desk = Desk(service, self._calls)
        self._leaving = Leaving(service.parts.standing.calls, self._calls)
        starts = CallStart(service.parts.standing.registrations, core, service.parts.policy)
        self._parked = ParkReturn(starts)
        self._control = ControlSocket(
            paths.guard_socket,
            {
                **self._desk.verbs(),
                **starts.verbs(),
                **FuseDesk(service).verbs(),
                **MessageDesk(service.parts.standing.watches).verbs(),
                **RecordingDesk(service).verbs(),
                **BrowserDesk(service, core).verbs(),
                **self._leaving.verbs(),
                **Measures(service.parts.standing, core, relay).verbs(),
                **self._media.verbs(),
                **(ToldParts(service).verbs() if is_far else {}),
            },
            CHANGING | {START, LIFT, END, END_ALL, END_CALLS, TOLD},
            self._read,
        )
        self._bell = Doorbell(paths.doorbell, service.parts.reader, service.hear, self._read)
        self._reading = False
        self._announced = 0
        self._settling = False
        self._time_servers: tuple[Address, ...] = ()
        self._saving: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Until SIGTERM or SIGINT. Bans stay in the kernel afterwards."""
        loop = asyncio.get_running_loop()
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        await self._look_around()
        self._service.start()
        self._bell.hang()
        if self._watch is not None:
            self._watch.learn()
            loop.add_reader(self._watch, self._hear_kernel)
        await self._control.start()
        gc.collect()
        gc.freeze()
        log.info("guard ready")
        rounds = [asyncio.create_task(work) for work in self._rounds()]
        await asyncio.wait([*rounds, asyncio.create_task(stop.wait())], return_when=asyncio.FIRST_COMPLETED)
        for task in rounds:
            task.cancel()
        await self._close()
        for task in rounds:
            if task.done() and not task.cancelled() and task.exception() is not None:
                raise RuntimeError("the guard's loop ended") from task.exception()

    def _rounds(self) -> tuple[Coroutine[None, None, None], ...]:
        return (
            self._looks(),
            self._sweeps(),
            self._looks_around(),
            self._looks_at_clocks(),
            self._syncs(),
            self._loads(),
            self._cuts(),
            self._watches_calls(),
            self._watches_media(),
            self._watches_room(),
            *watching(self._service.parts),
        )

    def _read(self) -> None:
        """Reads what is there; a long backlog is read in bites so that the socket stays answered."""
        if self._reading:
            return
        self._reading = self._service.consume()
        self._media.admit()
        self._announce()
        self._notifier.send_due(self._service.parts.standing, time.time())
        if self._reading:
            asyncio.get_running_loop().call_soon(self._read_on)

    def _announce(self) -> None:
        """Events can be read once they are committed: who waits for them is woken once for all that share a commit."""
        if self._announced != self._service.commits:
            self._announced = self._service.commits
            self._desk.announce()

    def _read_on(self) -> None:
        self._reading = False
        self._read()

    def _hear_kernel(self) -> None:
        if self._watch is None or not self._watch.meddled() or self._settling:
            return
        self._settling = True
        asyncio.get_running_loop().call_later(SETTLE, self._reassert)

    def _reassert(self) -> None:
        self._settling = False
        self._service.reassert()
        if self._watch is not None:
            self._watch.learn()

    async def _looks(self) -> None:
        read_at = 0.0
        while True:
            await asyncio.sleep(LOOK_EVERY)
            if await self._desk.obey():
                self._desk.announce()
            self._service.guard_rates()
            self._announce()
            if time.monotonic() - read_at >= READ_EVERY - LOOK_EVERY / 2:
                read_at = time.monotonic()
                self._read()

    async def _sweeps(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_EVERY)
            self._service.sweep()
            self._endings.look(moment())
            await self._calls.hang_up_all(self._service.fuse_calls(), OVER_BUDGET)
            await self._leaving.look()
            self._desk.announce()
            if self._watch is not None and self._watch.gone():
                self._reassert()
            self._save_if_outgrown()

    async def _cuts(self) -> None:
        """In a thread: with very many connections a look at them takes longer than a ban may."""
        while True:
            await asyncio.sleep(CUT_EVERY)
            work = self._service.cutting()
            if work is None:
                continue
            try:
                await asyncio.to_thread(work)
            except OSError as error:
                log.warning("connections of banned sources not cut: %s", error)

    async def _watches_calls(self) -> None:
        while True:
            await asyncio.sleep(CALLS_EVERY)
            await self._calls.look()
            await self._parked.look(self._service.parts.standing.calls.each(), time.time())

    async def _watches_media(self) -> None:
        while True:
            await asyncio.sleep(MEDIA_EVERY)
            await self._media.look()
            for why, call_ids in self._media.to_end().items():
                await self._calls.hang_up_all(call_ids, why)

    async def _watches_room(self) -> None:
        while True:
            await asyncio.sleep(ROOM_EVERY)
            await self._room.look()

    async def _loads(self) -> None:
        """A long list goes into the kernel in small steps, between everything else."""
        while True:
            await asyncio.sleep(LOOK_EVERY)
            if not self._service.is_loading():
                continue
            if self._watch is not None:
                self._watch.ignore()
            while self._service.is_loading():
                self._service.go_on_loading()
                await asyncio.sleep(0)
            if self._watch is not None:
                self._watch.listen()

    async def _looks_around(self) -> None:
        while True:
            await asyncio.sleep(HOST_EVERY)
            await self._look_around()
            await self._media_ports.look(moment())

    async def _syncs(self) -> None:
        synced: Synced = {}
        while True:
            await asyncio.sleep(SYNC_EVERY)
            synced = await asyncio.to_thread(sync, self._paths.journal, synced)
            self._service.tell_shortage(await asyncio.to_thread(shortage, self._paths.journal))

    async def _look_around(self) -> None:
        try:
            found = await asyncio.to_thread(around, self._paths)
        except NetworkUnreadable as error:
            log.warning("never-block set not refreshed: %s", error)
            return
        self._service.adopt_host(replace(found, time_servers=self._time_servers))

    async def _looks_at_clocks(self) -> None:
        """Apart from the rest of the host, because resolving the names of time servers may take its time."""
        while True:
            found = await asyncio.to_thread(time_servers)
            if found:
                self._time_servers = found
                await self._look_around()
            await asyncio.sleep(CLOCKS_EVERY)

    def _save_if_outgrown(self) -> None:
        parts = self._service.parts
        if self._saving is not None and not self._saving.done():
            return
        if parts.standing.outgrown(self._service.snapshot_at, parts.ledger.saved):
            self._saving = asyncio.create_task(self._save())

    async def _save(self) -> None:
        snapshot = self._service.snapshot()
        if snapshot is None:
            return
        at, lines = snapshot
        try:
            await write_snapshot(self._paths.guard, at, lines, time.time())
        except OSError as error:
            log.warning("snapshot not written: %s", error)
            return
        self._service.snapshot_at = at

    async def _close(self) -> None:
        await self._control.stop()
        self._bell.take_down()
        self._notifier.close()
        self._service.consume()
        self._service.commit()
        if self._saving is not None:
            await self._saving
        await self._save()
        self._service.parts.ledger.close()


def build(paths: Paths, firewall: Firewall, ban_set_size: int = BAN_SET_SIZE) -> Service:
    """The object graph of one guard, with everything that stood when the last one ended."""
    boot = boot_id()
    ledger = Ledger(paths.ledger)
    alarms = Alarms(ledger)
    if ledger.broken:
        message = (
            f"The ledger could not be read ({ledger.broken}) and was begun anew. What the journal still tells is taken "
            "in again; older bans are gone."
        )
        alarms.set_off(LEDGER_BROKEN, message, time.time())
    standing, snapshot_at = load_snapshot(paths.guard)
    policy = AdoptedPolicy(paths.policy)
    policy.look()
    never_block = NeverBlock()
    bans = Bans(firewall, BanWriter(paths.bans), ledger, alarms, boot)
    known = Known(firewall, ledger, are_many_at=standing.registrations.are_many_at)
    record = Record(bans, ledger, alarms, known)
    rulings = Rulings(standing, never_block, record, boot)
    workers = SuspensionWriter(paths.suspensions)
    fuse = Fuse(FuseParts(policy, ledger, standing.calls, workers), time.time())
    intake = Intake(standing, policy, rulings, record, fuse)
    floods = Floods(firewall, Witnesses(policy, rulings, known, bans))
    intake.recall(replay(paths.journal, snapshot_at, ledger.saved))
    fuse.restore(time.time())
    paths.journal.mkdir(mode=0o770, parents=True, exist_ok=True)
    reader = JournalReader(paths.journal, ledger.saved)
    parts = Parts(
        standing,
        policy,
        never_block,
        firewall,
        bans,
        Doors(ledger, boot),
        ledger,
        alarms,
        intake,
        known,
        floods,
        fuse,
        reader,
        SipPorts(paths),
        boot,
        ban_set_size,
    )
    service = Service(parts)
    service.snapshot_at = snapshot_at
    return service


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="ringfence.guard.daemon", description="Bans, live state and the event ledger of Ringfence."
    )
    parser.add_argument(
        "--no-firewall", action="store_true", help="never touch nftables; bans are enforced in signaling"
    )
    parser.add_argument(
        "--ban-set-size", type=int, default=BAN_SET_SIZE, help="how many addresses the kernel's ban set holds"
    )
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="guard %(levelname)s %(message)s")
    paths = Paths.from_environment()
    Path(paths.run).mkdir(parents=True, exist_ok=True)
    passed_by, blocks = bool(read_sbc(paths.sbc_switch).far), BlockWriter(paths.blocks)
    firewall, watch = choose_firewall(not options.no_firewall, blocks, passed_by=passed_by)
    asyncio.run(Daemon(paths, build(paths, firewall, options.ban_set_size), watch).run())


if __name__ == "__main__":
    main()
