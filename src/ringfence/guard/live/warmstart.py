"""Gives the core back its registrations and calls: writes the database Kamailio reads at its start, as fresh as the
last event.

Run before every start of the core, whether a guard is running or not. Tables and versions are those of Kamailio 6.0
(db_sqlite/usrloc-create.sql, dialog-create.sql); times in `location` are Julian days, as db_sqlite writes them.
"""

import os
import shutil
import sqlite3
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, Final

from ringfence.guard.live.standing import MALFORMED, Standing, load_newest
from ringfence.hosts.paths import Paths
from ringfence.journal.reader import Event
from ringfence.journal.returning import Returning, returning_of, write_returning
from ringfence.journal.writer import JournalWriter
from ringfence.policy.calls.limits import HELD
from ringfence.policy.calls.parked import Place, place_of
from ringfence.policy.calls.transfer import Replaced
from ringfence.policy.events import Kind

JOURNAL_GROUP: Final = "ringfence-journal"
UNIX_EPOCH_DAYS: Final = 2_440_587.5
DAY_SECONDS: Final = 86_400.0
CONFIRMED: Final = 4
CALLS_GIVEN_UP: Final = 3
"""Failed starts in a row before running calls are left out: Kamailio stops at one row it cannot place."""

NO_CONNECTION: Final = -1

SCHEMA: Final = """
CREATE TABLE version (table_name VARCHAR(32) NOT NULL, table_version INTEGER DEFAULT 0 NOT NULL);
INSERT INTO version VALUES ('location', 9), ('location_attrs', 1), ('dialog', 7), ('dialog_vars', 1), ('htable', 2),
    ('parked', 2);
CREATE TABLE location (
    id INTEGER PRIMARY KEY NOT NULL, ruid VARCHAR(64) UNIQUE NOT NULL,
    username VARCHAR(64) NOT NULL, domain VARCHAR(64),
    contact VARCHAR(512) NOT NULL, received VARCHAR(128), path VARCHAR(512),
    expires TIMESTAMP WITHOUT TIME ZONE NOT NULL,
    q REAL DEFAULT 1.0 NOT NULL, callid VARCHAR(255) NOT NULL, cseq INTEGER NOT NULL,
    last_modified TIMESTAMP WITHOUT TIME ZONE NOT NULL,
    flags INTEGER DEFAULT 0 NOT NULL, cflags INTEGER DEFAULT 0 NOT NULL,
    user_agent VARCHAR(255) DEFAULT '' NOT NULL, socket VARCHAR(64), methods INTEGER, instance VARCHAR(255),
    reg_id INTEGER DEFAULT 0 NOT NULL, server_id INTEGER DEFAULT 0 NOT NULL, connection_id INTEGER DEFAULT 0 NOT NULL,
    keepalive INTEGER DEFAULT 0 NOT NULL, partition INTEGER DEFAULT 0 NOT NULL
);
CREATE TABLE location_attrs (
    id INTEGER PRIMARY KEY NOT NULL, ruid VARCHAR(64) NOT NULL, username VARCHAR(64) NOT NULL, domain VARCHAR(64),
    aname VARCHAR(64) NOT NULL, atype INTEGER NOT NULL, avalue VARCHAR(512) NOT NULL,
    last_modified TIMESTAMP WITHOUT TIME ZONE NOT NULL
);
CREATE TABLE dialog (
    id INTEGER PRIMARY KEY NOT NULL, hash_entry INTEGER NOT NULL, hash_id INTEGER NOT NULL,
    callid VARCHAR(255) NOT NULL,
    from_uri VARCHAR(255) NOT NULL, from_tag VARCHAR(128) NOT NULL,
    to_uri VARCHAR(255) NOT NULL, to_tag VARCHAR(128) NOT NULL,
    caller_cseq VARCHAR(20) NOT NULL, callee_cseq VARCHAR(20) NOT NULL, caller_route_set VARCHAR(512),
    callee_route_set VARCHAR(512), caller_contact VARCHAR(255) NOT NULL, callee_contact VARCHAR(255) NOT NULL,
    caller_sock VARCHAR(64) NOT NULL, callee_sock VARCHAR(64) NOT NULL,
    state INTEGER NOT NULL, start_time INTEGER NOT NULL,
    timeout INTEGER DEFAULT 0 NOT NULL, sflags INTEGER DEFAULT 0 NOT NULL, iflags INTEGER DEFAULT 0 NOT NULL,
    toroute_name VARCHAR(32), req_uri VARCHAR(255) NOT NULL, xdata VARCHAR(512)
);
CREATE TABLE dialog_vars (
    id INTEGER PRIMARY KEY NOT NULL, hash_entry INTEGER NOT NULL, hash_id INTEGER NOT NULL,
    dialog_key VARCHAR(128) NOT NULL, dialog_value VARCHAR(512) NOT NULL
);
CREATE TABLE htable (
    id INTEGER PRIMARY KEY NOT NULL, key_name VARCHAR(256) NOT NULL, key_type INTEGER DEFAULT 0 NOT NULL,
    value_type INTEGER DEFAULT 0 NOT NULL, key_value VARCHAR(512) NOT NULL, expires INTEGER DEFAULT 0 NOT NULL
);
CREATE TABLE parked (
    id INTEGER PRIMARY KEY NOT NULL, key_name VARCHAR(256) NOT NULL, key_type INTEGER DEFAULT 0 NOT NULL,
    value_type INTEGER DEFAULT 0 NOT NULL, key_value VARCHAR(512) NOT NULL, expires INTEGER DEFAULT 0 NOT NULL
);
"""

_INSERT_CONTACT: Final = """
INSERT OR IGNORE INTO location (ruid, username, domain, contact, received, path, expires, q, callid, cseq,
    last_modified, flags, cflags, user_agent, socket, methods, instance, reg_id, connection_id)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_INSERT_DIALOG: Final = """
INSERT INTO dialog (hash_entry, hash_id, callid, from_uri, from_tag, to_uri, to_tag, caller_cseq, callee_cseq,
    caller_route_set, callee_route_set, caller_contact, callee_contact, caller_sock, callee_sock, state,
    start_time, timeout, sflags, iflags, req_uri)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_INSERT_COUNT: Final = "INSERT INTO htable (key_name, value_type, key_value) VALUES (?, 1, ?)"
_INSERT_PARKED: Final = "INSERT INTO parked (key_name, key_value) VALUES (?, ?)"
_INSERT_VARIABLE: Final = "INSERT INTO dialog_vars (hash_entry, hash_id, dialog_key, dialog_value) VALUES (?, ?, ?, ?)"


def main() -> None:
    paths = Paths.from_environment()
    standing = load_newest(paths.guard, paths.journal)
    failed = int(os.environ.get("RINGFENCE_FAILED_STARTS", "0"))
    now, with_calls = time.time(), failed < CALLS_GIVEN_UP
    contacts, calls = write(paths.warm_database, standing, now, with_calls=with_calls)
    write_expected(paths.returning, standing, now if with_calls else None)
    lost = tell_lost(paths, standing, now, with_calls=with_calls)
    print(f"warm start: {contacts} contacts, {calls} calls; {lost} calls lost", file=sys.stderr)


def tell_lost(paths: Paths, standing: Standing, now: float, *, with_calls: bool = True) -> int:
    """Ends in the journal what the core cannot take up again: calls that rang, or were not acknowledged yet."""
    ends = standing.calls.give_up(now, confirmed=not with_calls)
    journal = JournalWriter(paths.journal, paths.doorbell)
    for end in ends:
        journal.append(Kind.CALL_ENDED, end, now)
    journal.close()
    return len(ends)


def write(path: Path, standing: Standing, now: float, *, with_calls: bool = True) -> tuple[int, int]:
    """Writes the database anew and swaps it in; returns how many contacts and calls it holds. `now` is Unix time."""
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    with closing(sqlite3.connect(fresh, isolation_level=None)) as db:
        db.execute("PRAGMA journal_mode=OFF")
        db.execute("PRAGMA synchronous=OFF")
        db.executescript(SCHEMA)
        db.execute("BEGIN")
        contacts = db.executemany(_INSERT_CONTACT, _contacts(standing, now)).rowcount
        calls = _write_calls(db, standing, now) if with_calls else 0
        db.execute("COMMIT")
    _share(fresh)
    fresh.replace(path)
    for leftover in ("-journal", "-wal", "-shm"):
        path.with_name(path.name + leftover).unlink(missing_ok=True)
    return max(contacts, 0), calls


def write_expected(path: Path, standing: Standing, now: float | None) -> None:
    """What phones over UDP will register with when they come back; without a time nothing, as at the first start."""
    write_returning(path, _expected(standing, now) if now is not None else ())
    _share(path)


def _expected(standing: Standing, now: float) -> Iterator[Returning]:
    for event in standing.registrations.events(now):
        with suppress(*MALFORMED):
            if (found := returning_of(event)) is not None and found.until > now:
                yield found


def _contacts(standing: Standing, now: float) -> Iterator[tuple[Any, ...]]:
    for number, event in enumerate(standing.registrations.listing(now)):
        user, _, domain = event["aor"].partition("@")
        for index, contact in enumerate(event["contacts"]):
            try:
                yield (*_identity(contact, f"warm-{number}-{index}"), user, domain, *_binding(contact, event))
            except MALFORMED:
                continue


def _identity(contact: Event, otherwise: str) -> tuple[str]:
    return (contact.get("ruid") or otherwise,)


def _binding(contact: Event, event: Event) -> tuple[Any, ...]:
    return (
        contact["uri"],
        contact.get("received") or None,
        contact.get("path") or None,
        _julian(contact["expires_at"]),
        contact.get("q", 0) / 1000,
        contact.get("call_id") or event.get("call_id", ""),
        contact.get("cseq", 1),
        _julian(event["t"]),
        contact.get("flags", 0),
        contact.get("cflags", 0),
        contact.get("user_agent") or event.get("user_agent", ""),
        contact.get("socket") or event.get("socket") or None,
        contact.get("methods") or None,
        contact.get("instance") or None,
        contact.get("reg_id") or 0,
        NO_CONNECTION,
    )


def _write_calls(db: sqlite3.Connection, standing: Standing, now: float) -> int:
    """Confirmed calls. Their media goes on by itself; with the dialog back, a later BYE finds its call."""
    written = 0
    counts: Counter[str] = Counter()
    for event in standing.calls.restorable():
        try:
            row, variables = _dialog(event, now)
        except MALFORMED:
            continue
        if row is None:
            continue
        db.execute(_INSERT_DIALOG, row)
        db.executemany(_INSERT_VARIABLE, variables)
        if place := _place(event):
            db.execute(_INSERT_PARKED, place)
        counts.update(event["vars"].get(HELD, "").split())
        written += 1
    db.executemany(_INSERT_COUNT, counts.items())
    return written


def _dialog(event: Event, now: float) -> tuple[tuple[Any, ...] | None, list[tuple[Any, ...]]]:
    told = event["dialog"]
    entry, number, start = int(told["h_entry"]), int(told["h_id"]), int(told["start_ts"])
    ends = start + int(told["lifetime"])
    if ends <= now:
        return None, []
    row = (
        entry, number, told["callid"], told["from_uri"], told["from_tag"], told["to_uri"], told["to_tag"],
        told["from_cseq"], told["to_cseq"], told["from_rs"] or None, told["to_rs"] or None,
        told["from_contact"], told["to_contact"], told["from_bindaddr"], told["to_bindaddr"],
        CONFIRMED, start, ends, int(told["sflags"] or 0), 0, told["to_uri"],
    )  # fmt: skip
    return row, [(entry, number, name, value) for name, value in event["vars"].items() if value]


def _place(event: Event) -> Place | None:
    told = event["dialog"]
    return place_of(event["vars"], Replaced(told["callid"], told["from_tag"], told["to_tag"]))


def _julian(unix: float) -> float:
    return unix / DAY_SECONDS + UNIX_EPOCH_DAYS


def _share(path: Path) -> None:
    """The core reads it, and empties its call table after reading."""
    path.chmod(0o660)
    with suppress(LookupError, PermissionError):
        shutil.chown(path, group=JOURNAL_GROUP)


if __name__ == "__main__":
    os.umask(0o007)
    main()
