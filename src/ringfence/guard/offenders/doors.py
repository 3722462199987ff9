"""Bans that are not about SIP: kept, dated, listed and ended here, enforced by whoever stands at the door.

The kernel knows nothing of them: it would cut off phones and signed-in administrators behind the same address.
"""

from collections.abc import Iterable

from ringfence.guard.clock import Moment
from ringfence.guard.ledger import BanRecord, Ledger
from ringfence.guard.offenders.bans import describe, ending
from ringfence.policy.events import Kind
from ringfence.policy.scope import Scope

type Door = tuple[str, Scope]


class Doors:
    """Live bans by ban key and scope."""

    def __init__(self, ledger: Ledger, boot_id: str) -> None:
        self._ledger = ledger
        self._boot_id = boot_id
        self._live: dict[Door, BanRecord] = {}

    def get(self, key: str, scope: Scope) -> BanRecord | None:
        return self._live.get((key, scope))

    def listing(self) -> list[BanRecord]:
        return list(self._live.values())

    def restore(self, records: Iterable[BanRecord], now: Moment) -> None:
        """Takes over the ledger's bans with the time that remains of each; what ran out meanwhile is told of now."""
        for record in records:
            left = record.remaining(now, self._boot_id)
            if left > 0:
                self._live[record.key, record.scope] = record.dated(now, self._boot_id, left)
            else:
                self._note_expired(record, now)

    def add(self, record: BanRecord, now: Moment) -> None:
        self._live[record.key, record.scope] = record
        self._ledger.note_ban(record)
        self._ledger.note(now.wall, Kind.BAN_ADDED, describe(record))

    def lift(self, key: str, scope: Scope, now: Moment, by: str, why: str) -> bool:
        """Ends a ban early. False if there was none."""
        record = self._live.pop((key, scope), None)
        if record is None:
            return False
        self._ledger.note_end(key, now.wall, by, why, scope)
        self._ledger.note(now.wall, Kind.BAN_LIFTED, {**ending(record), "by": by, "why": why})
        return True

    def expire(self, now: Moment) -> None:
        """Ends what ran out."""
        for (key, scope), record in list(self._live.items()):
            if record.boot_until <= now.boot:
                del self._live[key, scope]
                self._note_expired(record, now)

    def date_anew(self, now: Moment) -> None:
        """The clock on the wall was set."""
        for door, record in self._live.items():
            self._live[door] = record.dated(now, self._boot_id, record.boot_until - now.boot)
        self._ledger.date_bans(self.listing())

    def _note_expired(self, record: BanRecord, now: Moment) -> None:
        self._ledger.note_end(record.key, now.wall, "", "expired", record.scope)
        self._ledger.note(now.wall, Kind.BAN_EXPIRED, ending(record))
