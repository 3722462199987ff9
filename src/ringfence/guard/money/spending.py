"""What was spent, and who is suspended, in the ledger: committed together with the journal's checkpoint, so a call that
ended is charged exactly once whatever is killed.
"""

import json
from dataclasses import dataclass
from typing import Any, Final

from ringfence.guard.ledger import Ledger

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS spent (
    owner TEXT NOT NULL, day INTEGER NOT NULL, seconds REAL NOT NULL, money INTEGER NOT NULL, PRIMARY KEY (owner, day)
);
CREATE TABLE IF NOT EXISTS destination (
    owner TEXT NOT NULL, destination TEXT NOT NULL, day INTEGER NOT NULL, PRIMARY KEY (owner, destination)
);
CREATE TABLE IF NOT EXISTS warned (
    owner TEXT NOT NULL, measure TEXT NOT NULL, day INTEGER NOT NULL, PRIMARY KEY (owner, measure, day)
);
CREATE TABLE IF NOT EXISTS suspension (
    owner TEXT PRIMARY KEY, since REAL NOT NULL, measure TEXT NOT NULL, evidence TEXT NOT NULL
);
"""
KEPT_DAYS: Final = 400


@dataclass(frozen=True, slots=True)
class Suspension:
    """Who may make no outside calls since when, and by which measure. `evidence` is what was used, and the limit."""

    owner: str
    since: float
    measure: str
    evidence: dict[str, Any]


class Spending:
    """The tables of the fuse."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        ledger.add_tables(SCHEMA)

    def add(self, owner: str, day: int, seconds: float, money: int) -> None:
        self._ledger.stage(
            "INSERT INTO spent VALUES (?1, ?2, ?3, ?4) ON CONFLICT (owner, day) "
            "DO UPDATE SET seconds = seconds + excluded.seconds, money = money + excluded.money",
            (owner, day, seconds, money),
        )

    def add_destination(self, owner: str, destination: str, day: int) -> None:
        self._ledger.stage("INSERT OR IGNORE INTO destination VALUES (?, ?, ?)", (owner, destination, day))

    def forgive(self, owner: str, day: int) -> None:
        """This day's budget begins anew; the destinations stay known, as those of an earlier day."""
        self._ledger.stage("DELETE FROM spent WHERE owner = ? AND day = ?", (owner, day))
        self._ledger.stage("DELETE FROM warned WHERE owner = ?", (owner,))
        self._ledger.stage("UPDATE destination SET day = day - 1 WHERE owner = ? AND day = ?", (owner, day))

    def warn(self, owner: str, measure: str, day: int) -> None:
        self._ledger.stage("INSERT OR IGNORE INTO warned VALUES (?, ?, ?)", (owner, measure, day))

    def suspend(self, suspension: Suspension) -> None:
        self._ledger.stage(
            "INSERT OR REPLACE INTO suspension VALUES (?, ?, ?, ?)",
            (suspension.owner, suspension.since, suspension.measure, json.dumps(suspension.evidence)),
        )

    def resume(self, owner: str) -> None:
        self._ledger.stage("DELETE FROM suspension WHERE owner = ?", (owner,))

    def forget_before(self, day: int) -> None:
        self._ledger.stage("DELETE FROM spent WHERE day < ?", (day,))
        self._ledger.stage("DELETE FROM warned WHERE day < ?", (day,))

    def spent(self, day: int) -> list[tuple[str, float, int]]:
        rows = self._ledger.rows("SELECT owner, seconds, money FROM spent WHERE day = ?", (day,))
        return [(str(owner), float(seconds), int(money)) for owner, seconds, money in rows]

    def warned(self, day: int) -> set[tuple[str, str, int]]:
        """Who was warned that day of what."""
        rows = self._ledger.rows("SELECT owner, measure, day FROM warned WHERE day = ?", (day,))
        return {(str(owner), str(measure), int(day)) for owner, measure, day in rows}

    def destinations(self) -> list[tuple[str, str, int]]:
        rows = self._ledger.rows("SELECT owner, destination, day FROM destination", ())
        return [(str(owner), str(name), int(day)) for owner, name, day in rows]

    def suspensions(self) -> list[Suspension]:
        rows = self._ledger.rows("SELECT owner, since, measure, evidence FROM suspension ORDER BY since", ())
        return [Suspension(owner, since, measure, json.loads(evidence)) for owner, since, measure, evidence in rows]
