"""The bans in force: one owner for the kernel set, the list for signaling and the ledger, so that the three never
disagree.
"""

import heapq
from collections.abc import Iterable
from typing import Any, Final

from ringfence.guard.clock import Moment
from ringfence.guard.health.alarms import Alarms
from ringfence.guard.kernel.firewall import Firewall, FirewallRefused, Outcome
from ringfence.guard.kernel.shape import Shape, Timed
from ringfence.guard.ledger import BanRecord, Ledger
from ringfence.policy.addresses import Network, key_network
from ringfence.policy.events import Kind
from ringfence.policy.offenders.entry_index import MOST_NARROW
from ringfence.store.bans import BanWriter

SET_FULL: Final = "firewall.set_full"
REFUSED: Final = "firewall.refused"
TOO_MANY_PARTS: Final = "firewall.parts"
NOT_IN_KERNEL: Final = "firewall.not_in_kernel"


class Bans:
    """Bans by key. In the kernel where possible, otherwise refused in signaling; the ledger holds the truth."""

    def __init__(self, firewall: Firewall, signaling: BanWriter, ledger: Ledger, alarms: Alarms, boot_id: str) -> None:
        self._firewall = firewall
        self._to_cut: list[Network] = []
        self._signaling = signaling
        self._ledger = ledger
        self._alarms = alarms
        self._boot_id = boot_id
        self._live: dict[str, BanRecord] = {}
        self._kernel: set[str] = set()
        self._outside: set[str] = set()
        self._expiries: list[tuple[float, str]] = []
        self._evictable: dict[int, list[tuple[float, str]]] = {4: [], 6: []}

    def __len__(self) -> int:
        return len(self._live)

    def __contains__(self, key: str) -> bool:
        return key in self._live

    def get(self, key: str) -> BanRecord | None:
        return self._live.get(key)

    def listing(self) -> list[BanRecord]:
        return list(self._live.values())

    def is_in_kernel(self, key: str) -> bool:
        return key in self._kernel

    def restore(self, records: Iterable[BanRecord], now: Moment) -> None:
        """Takes over the ledger's bans with the time that remains of each; call `install` afterwards. One that ran out
        while no guard ran is told of now.
        """
        for record in records:
            left = record.remaining(now, self._boot_id)
            if left > 0:
                self._remember(record.dated(now, self._boot_id, left))
            else:
                self._note_expired(record, now)

    def install(self, shape: Shape, known: Iterable[Timed], now: Moment) -> None:
        """The whole table with every ban, in one transaction; if the kernel refuses, signaling enforces all of them."""
        bans = [record for record in self._live.values() if record.boot_until > now.boot]
        fitting = _fitting(bans, shape.ban_set_size)
        try:
            self._firewall.install(
                shape, [Timed(key_network(record.key), record.boot_until - now.boot) for record in fitting], known
            )
        except FirewallRefused as error:
            self._alarms.set_off(
                REFUSED, f"nftables refuses the table: {error}. Bans are enforced in signaling.", now.wall
            )
            fitting = []
        else:
            self._alarms.clear(REFUSED, now.wall)
        self._kernel = {record.key for record in fitting} if self._firewall.in_kernel else set()
        self._outside = {record.key for record in bans if record.key not in self._kernel}
        self._evictable = {4: [], 6: []}
        for record in fitting:
            self._evictable[key_network(record.key).version].append((record.boot_until, record.key))
        for heap in self._evictable.values():
            heapq.heapify(heap)
        self._tell_spared(shape.allowed, now)
        self._signaling.replace_all(
            [(record.key, record.boot_until) for record in bans if self._needs_signaling(record)]
        )

    def add(self, record: BanRecord, now: Moment) -> None:
        """Kernel first, so that the next packet dies; the ledger follows in the same tick."""
        placed = self._place(record, now)
        self._remember(record)
        self._enforced(record, in_kernel=placed)
        self._to_cut.append(key_network(record.key))
        self._ledger.note_ban(record)
        self._ledger.note(now.wall, Kind.BAN_ADDED, describe(record))

    def to_cut(self) -> list[Network]:
        """The sources banned since the last call: their connections are to end."""
        networks, self._to_cut = self._to_cut, []
        return networks

    def spare(self, parts: tuple[Network, ...], now: Moment) -> None:
        """Replaces the parts of IPv6 /64 that their bans do not touch. Raises FirewallRefused."""
        self._firewall.allow(parts)
        self._tell_spared(parts, now)

    def _tell_spared(self, parts: tuple[Network, ...], now: Moment) -> None:
        self._signaling.allow(parts)
        if len(parts) < MOST_NARROW:
            self._alarms.clear(TOO_MANY_PARTS, now.wall)
            return
        self._alarms.set_off(
            TOO_MANY_PARTS,
            f"Bans spare only {MOST_NARROW} allow entries for less than a /64 of IPv6. Allow the /64.",
            now.wall,
        )

    def lift(self, key: str, now: Moment, by: str, why: str) -> bool:
        """Ends a ban early. False if there was none."""
        record = self._live.pop(key, None)
        self._release(key)
        if record is None:
            return False
        self._ledger.note_end(key, now.wall, by, why)
        self._ledger.note(now.wall, Kind.BAN_LIFTED, {**ending(record), "by": by, "why": why})
        return True

    def expire(self, now: Moment) -> None:
        """Ends what ran out. The kernel has dropped its elements by itself; freed room goes to those left outside."""
        while self._expiries and self._expiries[0][0] <= now.boot:
            until, key = heapq.heappop(self._expiries)
            record = self._live.get(key)
            if record is None or record.boot_until != until:
                continue
            del self._live[key]
            self._kernel.discard(key)
            self._outside.discard(key)
            self._signaling.remove(key)
            self._note_expired(record, now)
        if self._outside and self._firewall.in_kernel:
            self._bring_in(now)
        self._signaling.sweep(now.boot)

    def _note_expired(self, record: BanRecord, now: Moment) -> None:
        self._ledger.note_end(record.key, now.wall, "", "expired")
        self._ledger.note(now.wall, Kind.BAN_EXPIRED, ending(record))

    def date_anew(self, now: Moment) -> None:
        """The clock on the wall was set."""
        for key, record in self._live.items():
            self._live[key] = record.dated(now, self._boot_id, record.boot_until - now.boot)
        self._ledger.date_bans(self.listing())

    def close(self) -> None:
        """Ends our hold on the list for signaling; what is in it stays in force."""
        self._signaling.close()

    def slow(self, key: str, accounts: Iterable[str], until: float) -> None:
        """These accounts get no password check from this source for a while; `until` is in seconds since boot."""
        self._signaling.slow(key, accounts, until)

    def _place(self, record: BanRecord, now: Moment) -> bool:
        """Puts a ban into the kernel, at the cost of the ban that ends first if the set is full."""
        ban = Timed(key_network(record.key), record.boot_until - now.boot)
        outcome = self._firewall.ban(ban)
        if outcome is Outcome.FULL:
            self._alarms.set_off(
                SET_FULL, "The kernel's ban set is full; the bans that end first are enforced in signaling.", now.wall
            )
            outcome = self._firewall.ban(ban) if self._evict(ban.network.version) else outcome
        if outcome is Outcome.FAILED:
            self._alarms.set_off(
                REFUSED, f"nftables refused the ban of {record.key}; it is enforced in signaling.", now.wall
            )
        return outcome is Outcome.DONE and self._firewall.in_kernel

    def _evict(self, version: int) -> bool:
        heap = self._evictable[version]
        while heap:
            until, key = heapq.heappop(heap)
            record = self._live.get(key)
            if key not in self._kernel or record is None or record.boot_until != until:
                continue
            self._enforced(record, in_kernel=False)
            self._firewall.lift(key_network(key))
            return True
        return False

    def _bring_in(self, now: Moment) -> None:
        """The kernel frees the room of an expired element a little later; so this is tried each time."""
        for key in list(self._outside):
            record = self._live[key]
            if self._firewall.ban(Timed(key_network(key), record.boot_until - now.boot)) is not Outcome.DONE:
                return
            self._enforced(record, in_kernel=True)
        self._alarms.clear(SET_FULL, now.wall)

    def _enforced(self, record: BanRecord, *, in_kernel: bool) -> None:
        """Notes who enforces a ban from now on: the kernel, or signaling."""
        if in_kernel:
            self._outside.discard(record.key)
            self._kernel.add(record.key)
            heapq.heappush(self._evictable[key_network(record.key).version], (record.boot_until, record.key))
        else:
            self._kernel.discard(record.key)
            self._outside.add(record.key)
        if self._needs_signaling(record):
            self._signaling.put(record.key, record.boot_until)
        else:
            self._signaling.remove(record.key)

    def _needs_signaling(self, record: BanRecord) -> bool:
        """Kamailio refuses what the kernel did not take, or does not see come over the link from another host, and what
        came through NAT64: the kernel's set is of IPv4.
        """
        if record.key not in self._kernel or not self._firewall.sees_all:
            return True
        return bool(record.evidence.get("translated"))

    def _release(self, key: str) -> None:
        self._firewall.lift(key_network(key))
        self._kernel.discard(key)
        self._outside.discard(key)
        self._signaling.remove(key)

    def _remember(self, record: BanRecord) -> None:
        self._live[record.key] = record
        heapq.heappush(self._expiries, (record.boot_until, record.key))


def describe(record: BanRecord) -> dict[str, Any]:
    """A ban for people and events."""
    return {
        "address": record.key,
        "scope": record.scope,
        "rule": record.rule,
        "reason": record.reason,
        "by": record.by,
        "since": record.since,
        "until": record.until,
        "evidence": record.evidence,
    }


def ending(record: BanRecord) -> dict[str, Any]:
    """Whose ban ended; the accounts tell the event socket which tenants it concerned."""
    return {
        "address": record.key,
        "scope": record.scope,
        "rule": record.rule,
        "accounts": record.evidence.get("accounts", []),
    }


def _fitting(records: list[BanRecord], size: int) -> list[BanRecord]:
    """What fits into the kernel's sets, the longest-lasting first."""
    chosen: list[BanRecord] = []
    for version in (4, 6):
        family = [record for record in records if key_network(record.key).version == version]
        family.sort(key=lambda record: -record.boot_until)
        chosen += family[:size]
    return chosen
