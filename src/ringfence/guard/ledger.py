"""The ledger: bans with their evidence, events kept for the portal, and how far the journal was read. One SQLite
file, one writer.

What belongs together is committed together: after a kill the journal is read again from the checkpoint and yields the
same rows.
"""

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from itertools import batched
from pathlib import Path
from typing import Any, Final, Self

from ringfence.guard.clock import Moment
from ringfence.journal.reader import Checkpoint
from ringfence.policy.events import LEDGER_EVENTS, Kind
from ringfence.policy.scope import Scope

MAX_EVENTS: Final = LEDGER_EVENTS
MAX_REGISTRATION_EVENTS: Final = 100_000
"""Phones come and go far more often than anything else happens; they must not push it out."""

MOST_LATEST: Final = 50_000
"""More events than a minute has."""

TRIM_EVERY: Final = 1_000
MAX_STAGED: Final = 100_000
"""Rows held while the disk is full; then the oldest go."""

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS ban (
    id INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL, rule TEXT NOT NULL, reason TEXT NOT NULL, by TEXT NOT NULL,
    since REAL NOT NULL, until REAL NOT NULL, boot_id TEXT NOT NULL, boot_until REAL NOT NULL, evidence TEXT NOT NULL,
    ended REAL, ended_by TEXT NOT NULL DEFAULT '', ended_why TEXT NOT NULL DEFAULT '', scope TEXT NOT NULL DEFAULT 'sip'
);
CREATE INDEX IF NOT EXISTS ban_key ON ban (key, since);
CREATE TABLE IF NOT EXISTS event (
    id INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, kind TEXT NOT NULL, body TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS known (key TEXT PRIMARY KEY, until REAL NOT NULL);
CREATE TABLE IF NOT EXISTS checkpoint (
    one INTEGER PRIMARY KEY CHECK (one = 1), segment INTEGER NOT NULL, offset INTEGER NOT NULL,
    late_offset INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS administrator (network TEXT PRIMARY KEY, until REAL NOT NULL);
"""

_LIVE: Final = """
DROP INDEX IF EXISTS ban_live;
CREATE UNIQUE INDEX IF NOT EXISTS ban_live_in_scope ON ban (key, scope) WHERE ended IS NULL;
"""

_READ_AT_START: Final = (
    "SELECT * FROM checkpoint",
    "SELECT * FROM ban WHERE ended IS NULL",
    "SELECT * FROM known",
    "SELECT * FROM administrator",
    "SELECT * FROM sqlite_sequence",
)

MOST_DATED: Final = 10_000
"""In one statement."""

CLOCKS_DIFFER: Final = 10.0
"""Seconds."""

_DATED: Final = (
    "UPDATE ban SET since = dated.since, until = dated.until FROM (SELECT value ->> 0 AS key, value ->> 1 AS scope, "
    "value ->> 2 AS since, value ->> 3 AS until FROM json_each(?)) AS dated "
    "WHERE ban.key = dated.key AND ban.scope = dated.scope AND ban.ended IS NULL"
)
_KNOWN_AGAIN: Final = "INSERT OR REPLACE INTO known SELECT value ->> 0, value ->> 1 FROM json_each(?)"

_SCOPED: Final = "ALTER TABLE ban ADD COLUMN scope TEXT NOT NULL DEFAULT 'sip'"
"""For a ledger from the time when every ban was about SIP."""


@dataclass(frozen=True, slots=True)
class BanRecord:
    """One ban. `until` is Unix time; `boot_until` is the same instant on the clock that no step changes."""

    key: str
    rule: str
    reason: str
    by: str
    since: float
    until: float
    boot_id: str
    boot_until: float
    evidence: dict[str, Any] = field(default_factory=dict)
    scope: Scope = Scope.SIP

    def remaining(self, now: Moment, boot_id: str) -> float:
        """Seconds left, by time since boot where that still means anything. After a reboot never more than it had at
        first: a clock that lost its battery begins in 1970.
        """
        if self.boot_id == boot_id:
            return self.boot_until - now.boot
        return min(self.until - now.wall, self.until - self.since)

    def dated(self, now: Moment, boot_id: str, left: float) -> Self:
        """The same ban, of which so much is left, by the clocks of now. It stays as long as it was meant to be: where
        the clock on the wall was set, its beginning moves as well.
        """
        until = now.wall + left
        moved = until - self.until
        since = self.since + moved if abs(moved) >= CLOCKS_DIFFER else self.since
        return replace(self, since=since, until=until, boot_id=boot_id, boot_until=now.boot + left)


@dataclass(frozen=True, slots=True)
class EndedBan:
    """A ban of the past, for the explanation."""

    rule: str
    since: float
    ended: float
    ended_by: str
    ended_why: str
    scope: str


class Ledger:
    """Stages rows in memory and commits them together with the checkpoint."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
        self.broken = ""
        """Why the ledger that was here had to be set aside; "" if it was whole."""
        try:
            self._open(path)
        except sqlite3.OperationalError:
            raise  # a full disk or a lock says nothing about what is in it
        except sqlite3.DatabaseError as error:
            self._db.close()
            _set_aside(path)
            self.broken = str(error)
            self._open(path)
        self._staged: list[tuple[str, tuple[Any, ...]]] = []
        self._saved = self.checkpoint()
        self._since_trim = TRIM_EVERY
        self.lost = 0

    def _open(self, path: Path) -> None:
        """What a guard reads at its start is read here, so that a broken file shows itself."""
        self._db = sqlite3.connect(path, isolation_level=None, timeout=2.0)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.executescript(_SCHEMA)
        self._know_scopes()
        for query in _READ_AT_START:
            for _ in self._db.execute(query):
                continue

    def checkpoint(self) -> Checkpoint:
        """How far the journal had been read at the last commit."""
        row = self._db.execute("SELECT segment, offset, late_offset FROM checkpoint").fetchone()
        return Checkpoint(*row) if row else Checkpoint()

    @property
    def saved(self) -> Checkpoint:
        """The checkpoint of the last commit: what lies before it is safe here."""
        return self._saved

    @property
    def pending(self) -> bool:
        """Whether rows wait for a commit."""
        return bool(self._staged)

    def note(self, at: float, kind: str, body: dict[str, Any] | bytes) -> None:
        """Stages one event for the portal."""
        text = body.decode() if isinstance(body, bytes) else json.dumps(body, separators=(",", ":"))
        self.stage("INSERT INTO event (at, kind, body) VALUES (?, ?, ?)", (at, kind, text))

    def note_ban(self, ban: BanRecord) -> None:
        """Stages a ban; a live one of the same source ends."""
        self.stage(
            "UPDATE ban SET ended = ?, ended_why = 'renewed' WHERE key = ? AND scope = ? AND ended IS NULL",
            (ban.since, ban.key, ban.scope),
        )
        self.stage(
            "INSERT INTO ban (key, rule, reason, by, since, until, boot_id, boot_until, evidence, scope) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                ban.key,
                ban.rule,
                ban.reason,
                ban.by,
                ban.since,
                ban.until,
                ban.boot_id,
                ban.boot_until,
                json.dumps(ban.evidence),
                ban.scope,
            ),
        )

    def date_bans(self, records: list[BanRecord]) -> None:
        """Stages when these live bans began and end by the clock as it is set now."""
        for some in batched(records, MOST_DATED, strict=False):
            dated = [(record.key, record.scope, record.since, record.until) for record in some]
            self.stage(_DATED, (json.dumps(dated),))

    def note_end(self, key: str, at: float, by: str, why: str, scope: Scope = Scope.SIP) -> None:
        """Stages the end of a ban."""
        self.stage(
            "UPDATE ban SET ended = ?, ended_by = ?, ended_why = ? WHERE key = ? AND scope = ? AND ended IS NULL",
            (at, by, why, key, scope),
        )

    def note_administrator(self, network: str, until: float, now: float) -> None:
        """Stages the protection of an administrator's address until that Unix time; those that ran out go."""
        self.stage("DELETE FROM administrator WHERE until <= ?", (now,))
        self.stage(
            "INSERT INTO administrator VALUES (?1, ?2) "
            "ON CONFLICT (network) DO UPDATE SET until = max(until, excluded.until)",
            (network, until),
        )

    def administrators(self, now: float) -> list[tuple[str, float]]:
        """The protected addresses of administrators, and until when."""
        rows = self._db.execute("SELECT network, until FROM administrator WHERE until > ?", (now,))
        return [(str(network), float(until)) for network, until in rows]

    def note_known(self, key: str, until: float) -> None:
        """Stages a source with an accepted registration; `until` is Unix time."""
        self.stage("INSERT OR REPLACE INTO known (key, until) VALUES (?, ?)", (key, until))

    def date_known(self, sources: list[tuple[str, float]]) -> None:
        """Stages until when these are known by the clock as it is set now."""
        for some in batched(sources, MOST_DATED, strict=False):
            self.stage(_KNOWN_AGAIN, (json.dumps(some),))

    def note_unknown(self, key: str) -> None:
        """Stages that a source is forgotten."""
        self.stage("DELETE FROM known WHERE key = ?", (key,))

    def known_sources(self, now: float) -> list[tuple[str, float]]:
        """Key and end of each known source, the first to end first; those that ran out are removed."""
        self._db.execute("DELETE FROM known WHERE until <= ?", (now,))
        return list(self._db.execute("SELECT key, until FROM known ORDER BY until"))

    def commit(self, checkpoint: Checkpoint) -> None:
        """Makes everything staged durable, with the checkpoint. Raises sqlite3.Error and keeps all of it staged if it
        cannot.
        """
        if not self._staged and checkpoint == self._saved:
            return
        self._db.execute("BEGIN IMMEDIATE")
        try:
            for statement, values in self._staged:
                self._db.execute(statement, values)
            self._trim()
            self._db.execute(
                "INSERT OR REPLACE INTO checkpoint VALUES (1, ?, ?, ?)",
                (checkpoint.segment, checkpoint.offset, checkpoint.late_offset),
            )
            self._db.execute("COMMIT")
        except sqlite3.Error:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise
        self._since_trim += len(self._staged)
        self._staged.clear()
        self._saved = checkpoint

    def live_bans(self) -> list[BanRecord]:
        """All bans that have not ended, including those that ran out meanwhile."""
        rows = self._db.execute(
            "SELECT key, rule, reason, by, since, until, boot_id, boot_until, evidence, scope FROM ban "
            "WHERE ended IS NULL ORDER BY since"
        )
        return [BanRecord(*(*row[:8], json.loads(row[8]), Scope(row[9]))) for row in rows]

    def past_bans(self, key: str, limit: int = 10) -> list[EndedBan]:
        """Earlier bans of a source, newest first."""
        rows = self._db.execute(
            "SELECT rule, since, ended, ended_by, ended_why, scope FROM ban "
            "WHERE key = ? AND ended IS NOT NULL ORDER BY since DESC LIMIT ?",
            (key, limit),
        )
        return [EndedBan(*row) for row in rows]

    def events_since(self, cursor: int, kinds: Iterable[str], limit: int) -> list[dict[str, Any]]:
        """Committed events after a cursor, oldest first. The kinds come from our own table of kinds."""
        wanted = tuple(kinds)
        rows = self._db.execute(
            "SELECT id, at, kind, body FROM event "
            "WHERE id > ?1 AND (?2 = '[]' OR kind IN (SELECT value FROM json_each(?2))) ORDER BY id LIMIT ?3",
            (cursor, json.dumps(wanted), limit),
        )
        return [{**json.loads(body), "id": number, "t": at, "kind": kind} for number, at, kind, body in rows]

    def latest_events(self, kinds: Iterable[str], since: float) -> list[dict[str, Any]]:
        """Committed events of these kinds that happened after `since`, oldest first, among the newest of all."""
        rows = self._db.execute(
            "SELECT at, kind, body FROM event WHERE id > (SELECT max(id) FROM event) - ?1 AND at > ?2 "
            "AND kind IN (SELECT value FROM json_each(?3)) ORDER BY id",
            (MOST_LATEST, since, json.dumps(tuple(kinds))),
        )
        return [{**json.loads(body), "t": at, "kind": kind} for at, kind, body in rows]

    def spared(self, key: str, since: float, limit: int = 3) -> list[dict[str, Any]]:
        """When and why a source over a limit was not banned, newest first."""
        found = [event for event in self.latest_events((Kind.BAN_SPARED,), since) if event.get("address") == key]
        return found[: -limit - 1 : -1]

    def add_tables(self, schema: str) -> None:
        """Tables of somebody who keeps more here; only what does not exist yet is made."""
        self._db.executescript(schema)

    def rows(self, query: str, values: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        """Committed rows."""
        return list(self._db.execute(query, values))

    def last_event(self) -> int:
        """The highest event id ever given."""
        row = self._db.execute("SELECT seq FROM sqlite_sequence WHERE name = 'event'").fetchone()
        return int(row[0]) if row else 0

    def oldest_event(self) -> int:
        """The lowest event id still kept; 0 while there is none."""
        row = self._db.execute("SELECT min(id) FROM event").fetchone()
        return int(row[0] or 0)

    def thinned_to(self) -> int:
        """Registrations up to this event id may be gone, while older events of other kinds are still kept."""
        return max(0, self.last_event() - MAX_REGISTRATION_EVENTS)

    def close(self) -> None:
        self._db.close()

    def _know_scopes(self) -> None:
        columns = {row[1] for row in self._db.execute("PRAGMA table_info(ban)")}
        if "scope" not in columns:
            self._db.execute(_SCOPED)
        self._db.executescript(_LIVE)

    def stage(self, statement: str, values: tuple[Any, ...]) -> None:
        """One statement for the next commit."""
        if len(self._staged) >= MAX_STAGED:
            del self._staged[0]
            self.lost += 1
        self._staged.append((statement, values))

    def _trim(self) -> None:
        if self._since_trim < TRIM_EVERY:
            return
        self._db.execute(
            "DELETE FROM event WHERE kind IN (?, ?) AND id <= (SELECT max(id) FROM event) - ?",
            (Kind.REGISTRATION_SAVED, Kind.REGISTRATION_REMOVED, MAX_REGISTRATION_EVENTS),
        )
        self._db.execute(
            "DELETE FROM event WHERE id <= (SELECT id FROM event ORDER BY id DESC LIMIT 1 OFFSET ?)", (MAX_EVENTS,)
        )
        self._since_trim = 0


def _set_aside(path: Path) -> None:
    """Kept for whoever wants to know; its log goes with it, or it would be played into the new one."""
    for ending in ("", "-wal", "-shm"):
        old = path.with_name(path.name + ending)
        if old.exists():
            old.replace(path.with_name(f"{path.name}.broken{ending}"))
