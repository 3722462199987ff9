"""The guard at work: what happens on a ring, on a look, on a new policy and on a sweep. No socket and no loop in
here.
"""

import logging
import sqlite3
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Final

from ringfence.guard.adopted import AdoptedPolicy
from ringfence.guard.clock import Moment, moment
from ringfence.guard.clocksteps import ClockSteps
from ringfence.guard.health.alarms import Alarms
from ringfence.guard.health.place import tell_address
from ringfence.guard.health.room import DISK_LOW, QUIET_AFTER
from ringfence.guard.intake import Intake
from ringfence.guard.kernel.firewall import Firewall, FirewallRefused
from ringfence.guard.kernel.shape import Shape
from ringfence.guard.kernel.sipports import SipPorts
from ringfence.guard.ledger import BanRecord, Ledger
from ringfence.guard.live.standing import Standing
from ringfence.guard.money.fuse import Fuse
from ringfence.guard.offenders.bans import NOT_IN_KERNEL, Bans
from ringfence.guard.offenders.doors import Doors
from ringfence.guard.offenders.floods import Floods
from ringfence.guard.offenders.known import Known
from ringfence.guard.offenders.neverblock import ADMINISTRATOR_SECONDS, NeverBlock
from ringfence.hosts.addresses import Surroundings
from ringfence.journal.reader import Checkpoint, JournalReader
from ringfence.policy.addresses import Network, key_network, parse_network
from ringfence.policy.events import Kind
from ringfence.policy.offenders.entry_index import EntryIndex, parts
from ringfence.policy.scope import Scope

CHECKPOINT_EVERY: Final = 1.0
COMMIT_EVERY: Final = 0.05
"""Seconds. Rows that many events add at once share a commit; what a kill loses is read from the journal again."""

REGISTRATION_SWEEP: Final = 10.0
LEDGER_UNWRITABLE: Final = "ledger.unwritable"
JOURNAL_DROPPING: Final = "journal.dropping"
JOURNAL_SPOILED: Final = "journal.spoiled"
TALLIES_SPOILED: Final = "tallies.spoiled"
POLICY_BROKEN: Final = "policy.broken"
FIREWALL_LISTS: Final = "firewall.lists"
SHORT_LIST: Final = 100_000
"""Bytes of address entries, some three thousand, that are loaded without letting anything else happen meanwhile."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything the service works with, built by hand in `daemon.py`."""

    standing: Standing
    policy: AdoptedPolicy
    never_block: NeverBlock
    firewall: Firewall
    bans: Bans
    doors: Doors
    ledger: Ledger
    alarms: Alarms
    intake: Intake
    known: Known
    floods: Floods
    fuse: Fuse
    reader: JournalReader
    ports: SipPorts
    boot_id: str
    ban_set_size: int


class Service:
    """The guard's work, one step at a time."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.snapshot_at = Checkpoint()
        self.started_at = time.time()
        self.commits = 0
        self.spoiled = 0
        self.reasserted = 0
        self._committed_at = 0.0
        self._swept_at = 0.0
        self._dropped = parts.reader.dropped
        self._installed: Shape | None = None
        self._loaded = -1
        self._load: Iterator[None] | None = None
        self._entries_to_cut: EntryIndex | None = None
        self._steps = ClockSteps(parts.bans, parts.doors, parts.known)

    def start(self) -> None:
        """Puts the newest policy and every ban into the kernel."""
        now = moment()
        self.parts.policy.look()
        if not self.parts.firewall.in_kernel:
            self.parts.alarms.set_off(
                NOT_IN_KERNEL, "Bans are enforced by Kamailio only: the guard may not use nftables here.", now.wall
            )
        for network, until in self.parts.ledger.administrators(now.wall):
            left = min(until - now.wall, ADMINISTRATOR_SECONDS)  # the clock may have been set back
            self.parts.never_block.protect_administrator(parse_network(network), now.boot + left)
        records = self.parts.ledger.live_bans()
        self.parts.bans.restore((record for record in records if record.scope is Scope.SIP), now)
        self.parts.doors.restore((record for record in records if record.scope is not Scope.SIP), now)
        self.parts.known.restore(self.parts.ledger.known_sources(now.wall), now)
        self.parts.known.accept(self.parts.standing.registrations.heard(), now)
        self.parts.never_block.adopt_configuration(self.parts.policy.book.protected_addresses)
        self._lift_allowed(now)
        self.install()
        self._load_allowing()
        self.commit()

    def install(self) -> None:
        """The whole table anew, in one transaction; the address entries follow."""
        now = moment()
        shape = self._shape(now)
        self.parts.bans.install(shape, self.parts.known.elements(now), now)
        self._installed = shape
        self._load_entries()

    def reassert(self) -> None:
        """Somebody changed our table: what the ledger says counts."""
        started = time.monotonic()
        self.install()
        self.reasserted += 1
        took = (time.monotonic() - started) * 1e3
        log.warning("nftables table changed by somebody else; restored %d bans in %.0f ms", len(self.parts.bans), took)

    def consume(self) -> bool:
        """Reads the journal and carries out what it asks for. Whether more is waiting."""
        began = time.monotonic()
        batch = self.parts.reader.read(began)
        now = moment()
        spoiled = batch.spoiled + self.parts.intake.take(batch.lines, now)
        if not batch.more:
            self.parts.fuse.tell_judged(began)
        self.parts.known.accept(self.parts.standing.registrations.heard(), now)
        if spoiled:
            self.spoiled += spoiled
            self.parts.alarms.set_off(
                JOURNAL_SPOILED, "The journal holds lines that cannot be read; they were skipped and counted.", now.wall
            )
        self._commit_if_due(now)
        return batch.more

    def _commit_if_due(self, now: Moment) -> None:
        since = now.boot - self._committed_at
        if since >= (COMMIT_EVERY if self.parts.ledger.pending else CHECKPOINT_EVERY):
            self.commit()

    def hear(self, datagrams: list[bytes]) -> None:
        """Takes in what workers tell about challenges."""
        now = moment()
        if self.parts.intake.unanswered.hear(datagrams, now):
            self.parts.alarms.set_off(
                TALLIES_SPOILED, "A worker told something about challenges that the guard cannot use.", now.wall
            )

    def commit(self) -> None:
        """Makes durable what was done so far; a full disk is an alarm, not an end."""
        now = moment()
        self._committed_at = now.boot
        try:
            self.parts.ledger.commit(self.parts.reader.checkpoint)
        except sqlite3.Error as error:
            self.parts.alarms.set_off(
                LEDGER_UNWRITABLE, f"The ledger cannot be written: {error}. Bans stay in force.", now.wall
            )
            return
        self.commits += 1
        self.parts.alarms.clear(LEDGER_UNWRITABLE, now.wall)
        self.parts.reader.release(self.snapshot_at.segment - 1)

    def snapshot(self) -> tuple[Checkpoint, list[bytes]] | None:
        """How far the journal was read, and what stands by then: both of one moment, or a call that ended in between
        would be charged to nobody. None while the ledger cannot be written.
        """
        self.commit()
        saved = self.parts.ledger.saved
        return (saved, self.parts.standing.lines()) if saved == self.parts.reader.checkpoint else None

    def tell_shortage(self, shortage: str) -> None:
        """Raises the alarm of the disk, while something is said of it."""
        if shortage:
            self.parts.alarms.set_off_for(DISK_LOW, shortage, moment(), QUIET_AFTER)

    def obey(self) -> bool:
        """Adopts a new policy if there is one."""
        return self.adopt(changed=self.parts.policy.look())

    def adopt(self, *, changed: bool) -> bool:
        """What follows from a look at the policy: allow entries lift bans, lists and meters change in the kernel."""
        parts = self.parts
        now = moment()
        if parts.policy.broken:
            message = f"The policy store cannot be read: {parts.policy.broken}. The old policy stays."
            parts.alarms.set_off(POLICY_BROKEN, message, now.wall)
            return False
        if not changed:
            return False
        parts.alarms.clear(POLICY_BROKEN, now.wall)
        self._lift_allowed(now)
        if parts.never_block.adopt_configuration(parts.policy.book.protected_addresses):
            self.protect()
        self._refresh_kernel(now)
        self.commit()
        return True

    def give_up(self, call_id: str, why: str) -> None:
        """A call that neither the relay nor the core knows has ended."""
        now = moment()
        for end in self.parts.standing.calls.give_up_one(call_id, now.wall):
            self.parts.ledger.note(now.wall, Kind.CALL_ENDED, {**end, **self.parts.fuse.ended(end), "reason": why})
        self.commit()

    def fuse_calls(self) -> list[str]:
        """Once a second: the calls that a budget ends now."""
        now = moment()
        self.parts.fuse.keep_time(now)
        doomed = self.parts.fuse.tick(now.wall)
        if self.parts.ledger.pending:
            self.commit()
        return doomed

    def guard_rates(self) -> None:
        """Several times a second: who exceeds a packet rate. Commits what waits."""
        self.parts.floods.look(moment())
        if self.parts.ledger.pending:
            self.commit()

    def sweep(self) -> None:
        """Once a second: what ran out, what was dropped."""
        now = moment()
        parts = self.parts
        if self._steps.look(now):
            self._load_entries()  # the kernel counts down what is left of each
        parts.bans.expire(now)
        parts.known.expire(now)
        parts.doors.expire(now)
        parts.intake.unanswered.judge(now)
        parts.alarms.sweep(now)
        if self._installed and self._installed.ports != parts.ports.now():
            self.install()
        if parts.never_block.expire(now.boot) or self._no_more_allowed(now):
            self._refresh_kernel(now)
        if now.boot - self._swept_at >= REGISTRATION_SWEEP:
            self._swept_at = now.boot
            parts.standing.registrations.expire(now.wall)
            parts.standing.watches.expire(now.wall)
            parts.intake.note_news(now)
            for end in parts.standing.calls.expire(now.wall):
                parts.ledger.note(now.wall, Kind.CALL_ENDED, {**end, **parts.fuse.ended(end)})
        self._watch_drops(now)
        self.commit()

    def adopt_host(self, around: Surroundings) -> None:
        """The network looks different now."""
        tell_address(around, self.parts.alarms, moment().wall)
        self.parts.firewall.stand_at(around.links)
        if self.parts.never_block.adopt_host(around):
            self.protect()

    def protect(self) -> None:
        """The never-block set changed: members are freed, the kernel learns of it."""
        now = moment()
        for record in [*self.parts.bans.listing(), *self.parts.doors.listing()]:
            member = self.parts.never_block.covered_by(key_network(record.key))
            if member is not None:
                self._free(record, now, f"it covers {member.name} ({member.network})")
        self._refresh_kernel(now)
        self.commit()

    def _free(self, record: BanRecord, now: Moment, why: str) -> None:
        if record.scope is Scope.SIP:
            self.parts.bans.lift(record.key, now, "guard", why)
        else:
            self.parts.doors.lift(record.key, record.scope, now, "guard", why)

    def _no_more_allowed(self, now: Moment) -> bool:
        """Whether the time of an allow entry is over that bans had to spare."""
        installed = self._installed
        return installed is not None and installed.allowed != self.parts.policy.spared(now.wall)

    def _shape(self, now: Moment) -> Shape:
        policy = self.parts.policy
        members = tuple(member.network for member in self.parts.never_block.members())
        allowed = policy.spared(now.wall)
        return Shape(self.parts.ports.now(), members, policy.book.security, self.parts.ban_set_size, allowed)

    def _refresh_kernel(self, now: Moment) -> None:
        installed = self._installed
        if installed is None:
            return
        shape = self._shape(now)
        try:
            if self._loaded != self.parts.policy.entries_version:
                self._load_entries()
            if shape.never_block != installed.never_block:
                self.parts.firewall.protect(shape.never_block)
            if shape.allowed != installed.allowed:
                self.parts.bans.spare(shape.allowed, now)
            if shape.settings != installed.settings:
                self.parts.firewall.replace_rates(shape)
        except FirewallRefused as error:
            self._refused_lists(error, now)
            return
        if not self.is_loading():
            self.parts.alarms.clear(FIREWALL_LISTS, now.wall)
        self._installed = shape

    def is_loading(self) -> bool:
        """Whether a long list of address entries is on its way into the kernel."""
        return self._load is not None

    def go_on_loading(self) -> None:
        """One step of it. If the kernel refuses, the old entries stay."""
        if self._load is None:
            return
        try:
            next(self._load)
        except StopIteration:
            self._load = None
            self._entries_to_cut = self.parts.policy.addresses
            self.parts.alarms.clear(FIREWALL_LISTS, moment().wall)
        except FirewallRefused as error:
            self._load = None
            self._refused_lists(error, moment())

    def cutting(self) -> Callable[[], None] | None:
        """What ends the connections of whoever was banned or blocked since the last call: work for a thread."""
        networks, entries = self.parts.bans.to_cut(), self._entries_to_cut
        self._entries_to_cut = None
        if not networks and entries is None:
            return None
        spared = tuple(member.network for member in self.parts.never_block.members())
        policy, now = self.parts.policy, moment().wall
        parts = frozenset(part for network in networks for part in policy.spared_within(network, now))
        return partial(_cut, self.parts.firewall, networks, parts, entries, spared)

    def _load_entries(self) -> None:
        """Short lists at once; the daemon goes on with long ones, a step at a time. A load on its way is given up."""
        policy = self.parts.policy
        self._loaded = policy.entries_version
        self._load = self.parts.firewall.load_entries(policy.addresses, moment().wall)
        if len(policy.addresses.lines) <= SHORT_LIST:
            while self.is_loading():
                self.go_on_loading()

    def _load_allowing(self) -> None:
        """A kernel that holds nothing yet learns first whom the entries allow: before anybody is heard."""
        for _ in (b"", *parts(self.parts.policy.addresses.allowing)):
            self.go_on_loading()

    def _refused_lists(self, error: FirewallRefused, now: Moment) -> None:
        self.parts.alarms.set_off(
            FIREWALL_LISTS, f"nftables refuses the address lists: {error}. The old ones stay.", now.wall
        )

    def _lift_allowed(self, now: Moment) -> None:
        table = self.parts.policy.addresses
        for record in self.parts.bans.listing():
            if table.allows_all(key_network(record.key), now.wall):
                self.parts.bans.lift(record.key, now, "policy", "an allow entry covers it")
                self.parts.intake.forget(record.key)
        for door in self.parts.doors.listing():
            if door.scope is Scope.PROVISIONING and table.allows_all(key_network(door.key), now.wall):
                self.parts.doors.lift(door.key, door.scope, now, "policy", "an allow entry covers it")

    def _watch_drops(self, now: Moment) -> None:
        dropped = self.parts.reader.dropped
        if dropped == self._dropped:
            self.parts.alarms.clear(JOURNAL_DROPPING, now.wall)
            return
        self.parts.alarms.set_off(
            JOURNAL_DROPPING, "Events are being lost: the disk is full, or the guard is too far behind.", now.wall
        )
        self._dropped = dropped


def _cut(
    firewall: Firewall,
    networks: list[Network],
    parts: frozenset[Network],
    entries: EntryIndex | None,
    spared: tuple[Network, ...],
) -> None:
    if networks:
        firewall.cut(networks, parts)
    if entries is None:
        return
    now = moment().wall
    firewall.cut_where(
        lambda address: entries.blocks(address, now) and not any(address in network for network in spared)
    )
